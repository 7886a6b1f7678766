"""Devices that have no lane of their own take a part of each world's miners."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["AXIS", "with_spare_devices"]

AXIS = "spare"  # of the mesh, beside the axis of lanes


def with_spare_devices(f: Callable[[Any], Any], batch: Any, multiple: int = 1) -> Any:
    """Return `f(batch)`, where spare devices have computed a part each; without any, plainly that.

    Args:
        f: takes and returns arrays with one entry per miner; what it returns for one does not depend on the others.
        batch: arrays [n, …].
        multiple: each part has a multiple of this many entries.
    """
    try:
        devices = jax.lax.axis_size(AXIS)
    except NameError:  # nobody shares lanes out: `run` alone, or a program for one lane
        return f(batch)
    if devices == 1:
        return f(batch)
    count = jax.tree.leaves(batch)[0].shape[0]
    each = -(-count // (devices * multiple)) * multiple
    own = jnp.minimum(jax.lax.axis_index(AXIS) * each + jnp.arange(each), count - 1)
    part = f(jax.tree.map(lambda x: x[own], batch))
    return jax.tree.map(lambda x: jax.lax.all_gather(x, AXIS, tiled=True)[:count], part)
