"""Raster previews of drawings."""

from libraries.previews.raster import MAX_SIDE_PX, MIN_WIDTH_PX, png, rgba
from libraries.previews.slots import RenderCache, render_slot, rendering_for

__all__ = [
    "MAX_SIDE_PX",
    "MIN_WIDTH_PX",
    "RenderCache",
    "png",
    "render_slot",
    "rendering_for",
    "rgba",
]
