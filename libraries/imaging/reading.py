"""Bounded reading of images: what a stranger sent becomes a small array of greys, or an error that says what is wrong."""

from __future__ import annotations

import io

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

# The formats by the name that Pillow knows them by, with the bytes that their files begin with.
SIGNATURES = {
    PngImagePlugin.PngImageFile.format: b"\x89PNG\r\n\x1a\n",
    JpegImagePlugin.JpegImageFile.format: b"\xff\xd8",
    WebPImagePlugin.WebPImageFile.format: b"RIFF",
    GifImagePlugin.GifImageFile.format: b"GIF8",
    BmpImagePlugin.BmpImageFile.format: b"BM",
}
JPEGS = (
    "JPEG",
    "MPO",
)  # a photo of a phone holds further pictures behind the first, and is called MPO then
MAX_IMAGE_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
# JPEG is decoded at an eighth of its size where that is enough; all other formats are decoded whole
# before they can be reduced.
MAX_WHOLE_PIXELS = 16_000_000
# A progressive JPEG is gone through once for each of its scans, of which a small file can hold
# thousands.
MAX_SCANNED_PIXELS = 12 * MAX_PIXELS
# Patterns look at no more detail: a pixel of this is a quarter of a millimetre on A4.
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

# Pillow's own guard speaks when a file is opened; above this limit with a warning, above twice the
# limit with an error.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class ImageTooLarge(InvalidInput):
    """Raised when decoding an image would take more memory or time than one image may."""

    code = "image-too-large"


def read_image(data: bytes, *, longest: int = WORKING_SIDE, at_once: bool = False) -> Greys:
    """Return the image in `data` as greys: shape (rows, columns), from 0 for black to 1 for white.

    PNG, JPEG, WebP, GIF and BMP are told by their content. Of an animation the first frame is
    taken. What is transparent becomes white, as the paper is; a camera's note of how it was held is
    obeyed. Colours become the luma of ITU-R BT.601.

    Args:
        data: a whole file.
        longest: pixels that the longer side keeps at most; larger images are reduced.
        at_once: whether a client waits for it; then the limits are a quarter of the usual ones.

    Raises:
        InvalidInput: the bytes are none of these formats.
        ImageTooLarge: the header promises more than 40 megapixels, or 16 for a format that cannot
            be decoded at a reduced size.
        InvalidInput: the file is cut off or broken.
    """
    return _read(data, "L", longest, at_once)


def read_colours(
    data: bytes, *, longest: int = WORKING_SIDE, at_once: bool = False
) -> NDArray[np.float32]:
    """Return the image in `data` in colour: shape (rows, columns, 3), red, green and blue from 0 to 1.

    All else is as `read_image` has it: formats, limits and errors.
    """
    return _read(data, "RGB", longest, at_once)


def _read(data: bytes, mode: str, longest: int, at_once: bool) -> NDArray[np.float32]:
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageTooLarge(
            f"an image may have at most {MAX_IMAGE_BYTES // 10**6} MB", field="image"
        )
    try:
        with opened(data) as image:
            check_size(image, data, at_once=at_once)
            return _levels(_upright(_decoded(image, mode, longest)))
    except InvalidInput:
        raise
    except (
        Exception
    ):  # decoders meet broken files with errors of every type; all of them mean the same
        raise InvalidInput(
            "the image is cut off or damaged",
            code="image-damaged",
            field="image",
            hint="save it anew and send it again",
        ) from None


def opened(data: bytes, *, most: int = MAX_PIXELS) -> Image.Image:
    """Return the image in `data` with its header read and nothing decoded.

    Args:
        data: a whole file.
        most: the limit in pixels that the caller goes on to check, which is told where the decoder
            itself finds far too many.

    Raises:
        InvalidInput: the bytes are none of the formats that are read.
        ImageTooLarge: the header promises more than 40 megapixels.
        UnidentifiedImageError: the bytes begin like an image and go on like none.
    """
    try:
        return Image.open(io.BytesIO(data), formats=list(SIGNATURES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(most) from None
    except UnidentifiedImageError:
        if data.startswith(tuple(SIGNATURES.values())):
            raise
        raise InvalidInput(
            "this is not an image; PNG, JPEG, WebP, GIF and BMP are read",
            code="not-an-image",
            field="image",
        ) from None


def check_size(
    image: Image.Image, data: bytes, *, most: int | None = None, at_once: bool = False
) -> None:
    """Refuse an opened image of more than `most` pixels, or whose scans would take too long to decode.

    Without `most` the limit is 40 megapixels for JPEG and 16 for the others; `at_once` makes it a
    quarter of that.

    Raises:
        ImageTooLarge: it is refused.
    """
    # While a client waits for the answer, an image may have this part of all that, so that it is read
    # in a tenth of a second.
    pixels, part = image.width * image.height, 4 if at_once else 1
    limit = (most or (MAX_PIXELS if image.format in JPEGS else MAX_WHOLE_PIXELS)) // part
    if pixels > limit:
        raise _too_many_pixels(limit)
    # Inside of a scan the byte 0xff is always followed by something else.
    if image.format in JPEGS and pixels * data.count(b"\xff\xda") > MAX_SCANNED_PIXELS // part:
        raise ImageTooLarge(
            "the image has too many scans to be decoded",
            field="image",
            hint="save it as a plain JPEG",
        )


def _too_many_pixels(limit: int) -> InvalidInput:
    return ImageTooLarge(
        f"an image may have at most {limit // 10**6} megapixels",
        field="image",
        hint=f"reduce it; {WORKING_SIDE} pixels on the longer side are all that is looked at",
    )


def _decoded(image: Image.Image, mode: str, longest: int) -> Image.Image:
    """Return the image in `mode`, grey or in colour, and on white, its longer side `longest` at most."""
    scale = min(1.0, longest / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Twice the size is decoded, so that the last reduction still averages.
    image.draft(mode, (2 * size[0], 2 * size[1]))
    image.load()
    notes = image.getexif()
    opaque = _on_white(eight_bits(image), mode, size)
    opaque.info["held"] = notes.get(ORIENTATION)
    return opaque


def eight_bits(image: Image.Image) -> Image.Image:
    """Return a decoded image in one of the modes L, RGB and RGBA."""
    if image.mode.startswith("I"):
        # 16 bits a pixel; Pillow keeps some of them in 32.
        return Image.fromarray((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode == "L" else image.convert("L" if image.mode == "1" else "RGB")


def _on_white(image: Image.Image, mode: str, size: tuple[int, int]) -> Image.Image:
    """Return the image reduced to `size`, in `mode`; what is transparent lets white paper through."""
    small = (
        image
        if image.size == size
        else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
    )
    if small.mode != "RGBA":
        return small.convert(mode)
    paper = Image.new("RGBA", small.size, "white")
    paper.alpha_composite(small)
    return paper.convert(mode)


def _upright(image: Image.Image) -> Image.Image:
    how = TRANSPOSED.get(image.info["held"])
    return image if how is None else image.transpose(how)


def _levels(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, dtype=np.float32) / np.float32(255)
