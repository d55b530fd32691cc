"""Pictures: reading what was sent within bounds, tones for ink, stipples, and tours through them."""

from libraries.imaging.field import image_field, open_image, rough_image
from libraries.imaging.lending import lent_picture
from libraries.imaging.photos import Photo, Picture, check_promise, clean_photo
from libraries.imaging.reading import MAX_IMAGE_BYTES, read_image
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import CONTAIN, COVER, Box, Tones, place

__all__ = [
    "CONTAIN",
    "COVER",
    "MAX_IMAGE_BYTES",
    "Box",
    "Photo",
    "Picture",
    "Tones",
    "check_promise",
    "clean_photo",
    "image_field",
    "lent_picture",
    "open_image",
    "place",
    "read_image",
    "rough_image",
    "stipple",
]
