"""Colours by lightness and chroma, in which equal steps look equal."""

import jax
import jax.numpy as jnp

__all__ = ["from_lightness_and_chroma"]


def from_lightness_and_chroma(lightness: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
    """Return red, green and blue [..., 3] in [0, 1] of Oklab colours.

    (l, m, s) = (M (L, a, b))³;  linear colours = N (l, m, s), cut to [0, 1];  displayed = their square root.

    Args:
        lightness: [...] L, 0 black to 1 white.
        a: [...] green to red, about -0.3 to 0.3.
        b: [...] blue to yellow, about -0.3 to 0.3.

    Colours that no screen can show are cut. Source: B. Ottosson, "A perceptual color space for image processing"
    (2020). Here a square root stands for the curve of sRGB: a power costs as much as all the rest of a picture.
    """
    l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s
    green = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s
    blue = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
    return jnp.sqrt(jnp.clip(jnp.stack([red, green, blue], axis=-1), 0, 1))
