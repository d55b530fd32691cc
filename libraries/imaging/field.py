"""The image field of patterns: the name of a generated image, or an image file as base64."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields

from libraries.errors import InvalidInput, did_you_mean
from libraries.imaging.channels import GREY, separated
from libraries.imaging.demos import DEMOS, ROWS, demo_colours, demo_image
from libraries.imaging.named_images import ImageFile, find_image, is_image_name
from libraries.imaging.reading import Greys

# JSON bodies are limited to a megabyte.
MAX_TEXT_CHARS = 700_000
# Longer texts are not misspelt names.
MAX_NAME_CHARS = 40
DATA_URL = re.compile(
    r"data:[a-z]{1,20}/[a-z0-9.+-]{1,40}(?:;[a-z0-9=.+-]{1,40}){0,4};base64,",
    re.ASCII | re.IGNORECASE,
)


class ImageField(fields.String):
    """An image as text, which is decoded for validation and loaded with `open_image`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in DEMOS:
            try:
                _ = _sent(text).greys
            except InvalidInput as error:
                raise ValidationError(
                    f"{_sentence(str(error))}{f' {_sentence(error.hint)}' if error.hint else ''}"
                ) from None
        return text


def image_field(*, only: str = "", **options: Any) -> ImageField:
    """Return a field for an image, which the pattern requires `only` for one of its choices."""
    names = ", ".join(sorted(DEMOS))
    more = f"Requires `{only}`." if only else "`POST /photos/plot` draws larger images."
    description = (
        f"A generated image ({names}), or a PNG, JPEG, WebP, GIF or BMP file as base64 or as a data URL, at most "
        f"{MAX_TEXT_CHARS:,} characters and 4 megapixels, 10 for JPEG. About {ROWS} pixels on the longer side are used. {more}"
    )
    return ImageField(metadata={"description": description, "maxLength": MAX_TEXT_CHARS}, **options)


def open_image(image: str, rng: np.random.Generator, channel: str = GREY) -> Greys:
    """Return the image of a loaded `ImageField`, from 0 for black to 1 for white.

    `rng` varies generated images. `channel` is one of `CHANNELS`; for inks, 0 is full ink.

    Raises:
        InvalidInput: the image cannot be read or is blank.
    """
    if image in DEMOS:
        return _demo(image, rng, channel, ROWS)
    file = _sent(image)
    return file.greys if channel == GREY else separated(file.colours, channel)


def rough_image(image: str, channel: str = GREY) -> Greys:
    """Return the image of `open_image` without randomness; generated images are small."""
    if image in DEMOS:
        return _rough_demo(image, channel)
    return open_image(image, np.random.default_rng(0), channel)


@lru_cache(maxsize=16)
def _rough_demo(name: str, channel: str) -> Greys:
    return _demo(name, np.random.default_rng(0), channel, rows=90)


def _demo(name: str, rng: np.random.Generator, channel: str, rows: int) -> Greys:
    if channel == GREY:
        return demo_image(name, rng, rows)
    return separated(demo_colours(name, rng, rows), channel)


def _sent(text: str) -> ImageFile:
    return find_image(text) if is_image_name(text) else _uploaded(text)


# A request is validated more than once, and the inks of an image are read one after another.
@lru_cache(maxsize=3)
def _uploaded(text: str) -> ImageFile:
    return ImageFile(_bytes_in(text), synchronous=True)


def _bytes_in(text: str) -> bytes:
    data = image_bytes(text)
    if not data:
        near = did_you_mean(text, DEMOS) if len(text) <= MAX_NAME_CHARS else None
        raise InvalidInput(
            f"must be one of {', '.join(sorted(DEMOS))}, or an image file as base64",
            code="not-an-image",
            hint=near,
        )
    return data


def image_bytes(text: str) -> bytes:
    """Return the file in base64 or in a data URL, nothing if `text` is neither.

    Raises:
        InvalidInput: the text is too long.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidInput(
            f"an image may have at most {MAX_TEXT_CHARS:,} characters of base64",
            hint="send a smaller image",
            code="image-too-large",
        )
    found = DATA_URL.match(text[:300])
    try:
        # Line breaks are valid in base64.
        encoded = text[found.end() if found else 0 :].translate(dict.fromkeys(b" \t\r\n"))
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
