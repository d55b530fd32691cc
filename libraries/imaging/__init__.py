"""Image reading, tones and stipples."""

from libraries.imaging.field import (
    MAX_TEXT_CHARS,
    image_bytes,
    image_field,
    open_image,
    rough_image,
)
from libraries.imaging.named_images import named_image
from libraries.imaging.photos import Photo, Picture, check_header, clean_photo
from libraries.imaging.reading import MAX_IMAGE_BYTES, check_image, image_facts, read_image
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box, Tones, place

__all__ = [
    "MAX_IMAGE_BYTES",
    "MAX_TEXT_CHARS",
    "Box",
    "Photo",
    "Picture",
    "Tones",
    "check_header",
    "check_image",
    "clean_photo",
    "image_bytes",
    "image_facts",
    "image_field",
    "named_image",
    "open_image",
    "place",
    "read_image",
    "rough_image",
    "stipple",
]
