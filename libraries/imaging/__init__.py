"""Pictures: reading what was sent within bounds, tones for ink, stipples, and tours through them."""

from libraries.imaging.field import BlankImage, image_field, open_image, rough_image
from libraries.imaging.reading import ImageDamaged, ImageTooLarge, NotAnImage, read_image
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import CONTAIN, COVER, Box, Tones, place
from libraries.imaging.tours import closed_tour

__all__ = [
    "CONTAIN",
    "COVER",
    "BlankImage",
    "Box",
    "ImageDamaged",
    "ImageTooLarge",
    "NotAnImage",
    "Tones",
    "closed_tour",
    "image_field",
    "open_image",
    "place",
    "read_image",
    "rough_image",
    "stipple",
]
