"""Sanitized photos: decoded and encoded again, without metadata or appended data."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageCms

from libraries.errors import InvalidInput
from libraries.imaging.reading import (
    JPEGS,
    MAX_WHOLE_PIXELS,
    ORIENTATION,
    TRANSPOSED,
    check_size,
    decoding_errors,
    eight_bits,
    opened,
    reduced_size,
    resized,
)

MAX_PHOTO_PIXELS = 25_000_000
# Limit of Pillow's JPEG encoder.
MAX_JPEG_SIDE = 65500
# Profiles of printing presses have up to four megabytes.
MAX_PROFILE_BYTES = 4_000_000
COLOURED = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}


@dataclass(frozen=True)
class Picture:
    """An encoded image: its bytes, its size in pixels, and its file name suffix."""

    data: bytes
    width: int
    height: int
    suffix: str


@dataclass(frozen=True)
class Photo:
    """A photo and its thumbnails, the larger one first."""

    full: Picture
    thumbnails: tuple[Picture, ...]


def clean_photo(data: bytes) -> Photo:
    """Return the photo in `data`, upright, in sRGB, without metadata, with two thumbnails.

    The longer sides of the thumbnails are 800 and 200 pixels. Photos with transparency, and
    lossless ones of at most 16 megapixels, become PNG, others JPEG. For errors see `read_image`.
    """
    with decoding_errors("file"), opened(data, most=MAX_PHOTO_PIXELS) as image:
        check_size(image, data, most=MAX_PHOTO_PIXELS)
        form = image.format or ""
        upright = _decoded(image)
        kind = _kind(upright, form)
        return Photo(
            _encoded(upright, kind),
            tuple(_encoded(_reduced(upright, side), kind) for side in (800, 200)),
        )


def check_header(head: bytes) -> None:
    """Reject a photo whose first bytes declare more than 25 megapixels."""
    try:
        image = opened(head, most=MAX_PHOTO_PIXELS)
    except InvalidInput as error:
        if error.code == "image-too-large":
            raise
        return
    except Exception:  # the header may be incomplete
        return
    check_size(image, head, most=MAX_PHOTO_PIXELS)


def _decoded(image: Image.Image) -> Image.Image:
    """Return the first frame, upright, in mode L, RGB or RGBA, without metadata."""
    image.load()
    held = TRANSPOSED.get(image.getexif().get(ORIENTATION) or 1)
    plain = eight_bits(_in_srgb(image))
    upright = plain if held is None else plain.transpose(held)
    if upright.mode == "RGBA" and upright.getchannel("A").getextrema() == (255, 255):
        upright = upright.convert("RGB")
    clean = upright.copy()
    # Encoders would write the comments and profiles in it.
    clean.info = {}
    return clean


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert the colours to sRGB; unreadable profiles are ignored."""
    profile = image.info.get("icc_profile")
    if not profile or len(profile) > MAX_PROFILE_BYTES or image.mode not in COLOURED:
        return image
    try:
        own, screen = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        changed = ImageCms.profileToProfile(image, own, screen, outputMode=COLOURED[image.mode])
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return changed or image


def _kind(image: Image.Image, form: str) -> str:
    exact = form not in (*JPEGS, "WEBP") and image.width * image.height <= MAX_WHOLE_PIXELS
    return "PNG" if image.mode == "RGBA" or exact or max(image.size) > MAX_JPEG_SIDE else "JPEG"


def _reduced(image: Image.Image, longest: int) -> Image.Image:
    return resized(image, reduced_size(image, longest), Image.Resampling.LANCZOS)


def _encoded(image: Image.Image, kind: str) -> Picture:
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return Picture(out.getvalue(), image.width, image.height, {"JPEG": ".jpg", "PNG": ".png"}[kind])
