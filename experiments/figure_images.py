"""Write figures as PNG and SVG through a headless Chromium, where there is one."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import plotly.graph_objects as go

from experiments.plots_style import WIDTH

__all__ = ["write_images"]

logger = logging.getLogger("subnetlab")
SCALES = {"png": 2, "svg": 1}  # pixels per layout pixel: sharp in print and on dense screens
SECONDS_PER_IMAGE = 60


def write_images(figures: Mapping[str, go.Figure], folder: Path) -> bool:
    """Write `<name>.png` and `<name>.svg` for every figure, in one browser session.

    Args:
        figures: file name without ending to figure.
        folder: made if missing.

    Returns:
        Whether the images were written. Without Kaleido or a Chromium one warning is logged per process, and that is
        all.
    """
    try:
        import kaleido
    except ImportError:
        _warn("figures/ not written: the package kaleido is missing; pip install 'subnetlab[images]'")
        return False
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        {
            "fig": figure, "path": str(folder / f"{name}.{ending}"),
            "opts": {"format": ending, "width": WIDTH, "height": figure.layout.height, "scale": SCALES[ending]},
        }
        for name, figure in figures.items()
        for ending in SCALES
    ]  # fmt: skip
    try:
        # MathJax would be fetched from the network, and no figure has formulas.
        kaleido.write_fig_from_object_sync(jobs, kopts={"n": 1, "mathjax": False, "timeout": SECONDS_PER_IMAGE})
    except Exception as error:  # images are an extra: whatever the browser does, the report goes on
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        _warn(f"figures/ not complete: no image could be made with Chromium ({reason}); the report has all figures")
        return False
    return True


@cache
def _warn(message: str) -> None:
    logger.warning(message)
