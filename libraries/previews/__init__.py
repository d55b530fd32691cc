"""Raster previews of drawings."""

from libraries.previews.raster import png

__all__ = ["png"]
