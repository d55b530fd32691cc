"""Image files as small arrays, with limits for untrusted input."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from libraries.errors import InvalidInput

Greys = NDArray[np.float32]

# Signatures by Pillow's names of the formats.
SIGNATURES = {
    PngImagePlugin.PngImageFile.format: b"\x89PNG\r\n\x1a\n",
    JpegImagePlugin.JpegImageFile.format: b"\xff\xd8",
    WebPImagePlugin.WebPImageFile.format: b"RIFF",
    GifImagePlugin.GifImageFile.format: b"GIF8",
    BmpImagePlugin.BmpImageFile.format: b"BM",
}
# MPO files are JPEGs with further images, as phones write them.
JPEGS = ("JPEG", "MPO")
MAX_IMAGE_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
# Formats other than JPEG cannot be decoded at a reduced size.
MAX_WHOLE_PIXELS = 16_000_000
# Each scan of a progressive JPEG is decoded separately, and small files can contain thousands.
MAX_SCANNED_PIXELS = 12 * MAX_PIXELS
# A pixel is a quarter of a millimetre on A4.
WORKING_SIDE = 900

ORIENTATION = 0x0112
TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow warns above this limit, and raises an error above twice the limit.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_image(data: bytes, *, longest: int = WORKING_SIDE, synchronous: bool = False) -> Greys:
    """Return the image in `data` as greys: shape (rows, columns), from 0 for black to 1 for white.

    `longest` is the maximum longer side in pixels. If a client waits for a `synchronous` result,
    the limits are a quarter. Of animations the first frame is used. Transparent pixels become
    white, and the EXIF orientation is applied. Greys are the luma of ITU-R BT.601.

    Raises:
        InvalidInput: the format is not supported, the image is damaged, or it has more than 40
            megapixels (16 if it cannot be decoded at a reduced size).
    """
    return _read(data, "L", longest, synchronous)


def read_colours(
    data: bytes, *, longest: int = WORKING_SIDE, synchronous: bool = False
) -> NDArray[np.float32]:
    """Return an image as `read_image` does, in RGB: shape (rows, columns, 3)."""
    return _read(data, "RGB", longest, synchronous)


class ImageFacts(NamedTuple):
    """The format of an image file, its size in pixels, and its mean color, such as `#8c7a66`."""

    format: str
    width: int
    height: int
    mean_color: str


def image_facts(data: bytes) -> ImageFacts:
    """Describe an image file; raises as `read_image`."""
    with decoding_errors("image"), opened(data) as image:
        name, width, height = image.format or "", image.width, image.height
    means = read_colours(data, longest=64).mean(axis=(0, 1))
    color = "".join(f"{round(255 * float(one)):02x}" for one in means)
    return ImageFacts(name, width, height, f"#{color}")


def check_image(data: bytes) -> None:
    """Check format and size of an image file without decoding it; raises as `read_image`."""
    with decoding_errors("image"), opened(data) as image:
        check_size(image, data)


def _read(data: bytes, mode: str, longest: int, synchronous: bool) -> NDArray[np.float32]:
    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidInput(
            f"an image may have at most {MAX_IMAGE_BYTES // 10**6} MB",
            field="image",
            code="image-too-large",
        )
    with decoding_errors("image"), opened(data) as image:
        check_size(image, data, synchronous=synchronous)
        upright = _decoded(image, mode, longest)
        return np.asarray(upright, dtype=np.float32) / np.float32(255)


@contextlib.contextmanager
def decoding_errors(field: str) -> Iterator[None]:
    """Raise `InvalidInput` for all errors of decoders."""
    try:
        yield
    except InvalidInput:
        raise
    except Exception:  # decoders raise errors of all types for damaged files
        raise InvalidInput(
            "the image is truncated or damaged",
            code="image-damaged",
            field=field,
            hint="save it again with an image editor",
        ) from None


def opened(data: bytes, *, most: int = MAX_PIXELS) -> Image.Image:
    """Return the image in `data` without decoding it; `most` is only used in the error.

    Raises:
        InvalidInput: the format is not supported, or the image has more than 40 megapixels.
        UnidentifiedImageError: the header is invalid.
    """
    try:
        return Image.open(io.BytesIO(data), formats=list(SIGNATURES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(most) from None
    except UnidentifiedImageError:
        if data.startswith(tuple(SIGNATURES.values())):
            raise
        raise InvalidInput(
            "not a supported image; send PNG, JPEG, WebP, GIF or BMP",
            code="not-an-image",
            field="image",
        ) from None


def check_size(
    image: Image.Image, data: bytes, *, most: int | None = None, synchronous: bool = False
) -> None:
    """Reject an image of more than `most` pixels, or with too many JPEG scans.

    The default limit is 40 megapixels for JPEG and 16 for others; a quarter if `synchronous`.
    """
    # A quarter of the limit takes a tenth of a second.
    pixels, part = image.width * image.height, 4 if synchronous else 1
    limit = (most or (MAX_PIXELS if image.format in JPEGS else MAX_WHOLE_PIXELS)) // part
    if pixels > limit:
        raise _too_many_pixels(limit)
    # Inside scans, 0xff is never followed by this marker.
    if image.format in JPEGS and pixels * data.count(b"\xff\xda") > MAX_SCANNED_PIXELS // part:
        raise InvalidInput(
            "the image has too many scans to be decoded",
            field="image",
            hint="save it as a plain JPEG",
            code="image-too-large",
        )


def _too_many_pixels(limit: int) -> InvalidInput:
    return InvalidInput(
        f"an image may have at most {limit // 10**6} megapixels",
        field="image",
        hint=f"reduce it; {WORKING_SIDE} pixels on the longer side are enough",
        code="image-too-large",
    )


def _decoded(image: Image.Image, mode: str, longest: int) -> Image.Image:
    """Return the image on white, in `mode`, reduced to a longer side of `longest` pixels."""
    size = reduced_size(image, longest)
    # Decode at twice the size, so that resizing averages pixels.
    image.draft(mode, (2 * size[0], 2 * size[1]))
    image.load()
    transposition = TRANSPOSED.get(image.getexif().get(ORIENTATION) or 1)
    small = resized(eight_bits(image), size, Image.Resampling.BILINEAR)
    if small.mode == "RGBA":
        paper = Image.new("RGBA", small.size, "white")
        paper.alpha_composite(small)
        small = paper
    opaque = small.convert(mode)
    return opaque if transposition is None else opaque.transpose(transposition)


def reduced_size(image: Image.Image, longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def resized(image: Image.Image, size: tuple[int, int], resampling: Image.Resampling) -> Image.Image:
    return image if size == image.size else image.resize(size, resampling, reducing_gap=3.0)


def eight_bits(image: Image.Image) -> Image.Image:
    """Return a decoded image in one of the modes L, RGB and RGBA."""
    if image.mode.startswith("I"):
        # 16 bits per pixel, which Pillow may store in 32.
        return Image.fromarray((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode == "L" else image.convert("L" if image.mode == "1" else "RGB")
