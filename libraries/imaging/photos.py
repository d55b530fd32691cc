"""Clean photos: what a stranger sent is decoded and encoded anew, so that nothing is left of the file but what it shows.

A file can be two things at once, carry a place in its notes, or hide bytes behind the picture. None
of that survives here.
"""

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
    eight_bits,
    opened,
)

MAX_PHOTO_PIXELS = 25_000_000
# The longest side that JPEG can have in Pillow's encoder.
MAX_JPEG_SIDE = 65500
# A profile of colours has some kilobytes; those of printing presses have up to four megabytes.
MAX_PROFILE_BYTES = 4_000_000
COLOURED = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}


@dataclass(frozen=True)
class Picture:
    """An encoded picture: its bytes, its sides in pixels, and the end of its name, `.jpg` or `.png`."""

    data: bytes
    width: int
    height: int
    suffix: str


@dataclass(frozen=True)
class Photo:
    """A photo and its small versions, the larger one first."""

    full: Picture
    thumbnails: tuple[Picture, ...]


def clean_photo(data: bytes) -> Photo:
    """Return the photo in `data`, upright, in sRGB, without notes, together with versions of 800 and 200 pixels.

    PNG, JPEG, WebP, GIF and BMP are told by their content. Of an animation the first frame is
    taken. What is transparent, or came without loss and has at most 16 megapixels, becomes PNG; all
    else becomes JPEG. Small versions are no larger than the photo.

    Args:
        data: a whole file.

    Raises:
        InvalidInput: the bytes are none of these formats.
        ImageTooLarge: the header promises more than 25 megapixels, or the file would take too long
            to decode.
        InvalidInput: the file is cut off or broken.
    """
    try:
        with opened(data, most=MAX_PHOTO_PIXELS) as image:
            check_size(image, data, most=MAX_PHOTO_PIXELS)
            form = image.format or ""
            upright = _decoded(image)
            kind = _kind(upright, form)
            # The longer sides of the small versions, in pixels.
            return Photo(
                _encoded(upright, kind),
                tuple(_encoded(_reduced(upright, side), kind) for side in (800, 200)),
            )
    except InvalidInput:
        raise
    except (
        Exception
    ):  # decoders meet broken files with errors of every type; all of them mean the same
        raise InvalidInput(
            "the image is cut off or damaged",
            code="image-damaged",
            field="file",
            hint="save it anew and send it again",
        ) from None


def check_promise(head: bytes) -> None:
    """Refuse a photo whose first bytes already promise more than 25 megapixels; what they do not tell is found by `clean_photo`.

    Raises:
        ImageTooLarge: it is refused.
    """
    try:
        image = opened(head, most=MAX_PHOTO_PIXELS)
    except InvalidInput as error:
        if error.code == "image-too-large":
            raise
        return
    except (
        Exception
    ):  # its size stands further on, or it is broken, which the whole of it will show
        return
    check_size(image, head, most=MAX_PHOTO_PIXELS)


def _decoded(image: Image.Image) -> Image.Image:
    """Return the first frame in one of the modes L, RGB and RGBA, as the camera was held, and nothing else of the file."""
    image.load()
    held = TRANSPOSED.get(image.getexif().get(ORIENTATION) or 1)
    plain = eight_bits(_in_srgb(image))
    upright = plain if held is None else plain.transpose(held)
    if upright.mode == "RGBA" and upright.getchannel("A").getextrema() == (255, 255):
        upright = upright.convert("RGB")
    clean = upright.copy()
    # Encoders write comments and profiles that they find here.
    clean.info = {}
    return clean


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return the image with its colours as screens show them; a profile that cannot be read is ignored."""
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
    scale = min(1.0, longest / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return (
        image
        if size == image.size
        else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    )


def _encoded(image: Image.Image, kind: str) -> Picture:
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return Picture(out.getvalue(), image.width, image.height, {"JPEG": ".jpg", "PNG": ".png"}[kind])
