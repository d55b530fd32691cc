"""Previews: a drawing as a picture of pixels, with the widths and colours of its pens on its paper."""

from libraries.previews.drawings import DrawingTooLarge, PreviewsBusy, preview
from libraries.previews.raster import BadPreview, png

__all__ = ["BadPreview", "DrawingTooLarge", "PreviewsBusy", "png", "preview"]
