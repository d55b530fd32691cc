"""Previews: a drawing as a picture, with the widths and colours of its pens on its paper."""

from libraries.previews.raster import png

__all__ = ["png"]
