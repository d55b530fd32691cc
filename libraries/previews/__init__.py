"""Raster previews of drawings."""

from libraries.previews.raster import png
from libraries.previews.slots import RenderCache, render_slot, rendering_for

__all__ = ["RenderCache", "png", "render_slot", "rendering_for"]
