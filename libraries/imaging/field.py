"""The image field of patterns: the name of a generated image, or an image file as base64."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields

from libraries.errors import InvalidInput, did_you_mean
from libraries.imaging.channels import GREY, Colours, separated
from libraries.imaging.demos import DEMOS, ROWS, demo_colours, demo_image
from libraries.imaging.named_images import (
    is_image_name,
    named_colours,
    named_greys,
    read_in_colour,
    read_picture,
)
from libraries.imaging.reading import Greys

# JSON bodies are limited to a megabyte.
MAX_TEXT_CHARS = 700_000
# Longer texts are not misspelt names.
MAX_NAME_CHARS = 40
# Size of generated images for estimates.
ROUGH_ROWS = 90


class ImageField(fields.String):
    """An image as text, which is decoded for validation and loaded with `open_image`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in DEMOS:
            try:
                _sent(text)
            except InvalidInput as error:
                raise ValidationError(
                    f"{_sentence(str(error))}{f' {_sentence(error.hint)}' if error.hint else ''}"
                ) from None
        return text


def image_field(*, only: str = "", **options: Any) -> ImageField:
    """Return a field for the image of a pattern; `options` are passed to the field.

    `only` is the choice that a pattern requires to use the image, if any.
    """
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
    if channel != GREY:
        return separated(
            demo_colours(image, rng) if image in DEMOS else _sent_colours(image), channel
        )
    return demo_image(image, rng) if image in DEMOS else _sent(image)


def rough_image(image: str, channel: str = GREY) -> Greys:
    """Return the image of `open_image` without randomness; generated images are small."""
    if channel != GREY:
        return separated(_rough_colours(image) if image in DEMOS else _sent_colours(image), channel)
    return _rough_demo(image) if image in DEMOS else _sent(image)


@lru_cache(maxsize=len(DEMOS))
def _rough_demo(name: str) -> Greys:
    return demo_image(name, np.random.default_rng(0), ROUGH_ROWS)


@lru_cache(maxsize=len(DEMOS))
def _rough_colours(name: str) -> Colours:
    return demo_colours(name, np.random.default_rng(0), ROUGH_ROWS)


def _sent(text: str) -> Greys:
    return named_greys(text) if is_image_name(text) else _uploaded(text)


def _sent_colours(text: str) -> Colours:
    return named_colours(text) if is_image_name(text) else _uploaded_colours(text)


# The four inks of an image are read one after another.
@lru_cache(maxsize=2)
def _uploaded_colours(text: str) -> Colours:
    return read_in_colour(_bytes_in(text), synchronous=True)


# A request is validated more than once.
@lru_cache(maxsize=4)
def _uploaded(text: str) -> Greys:
    return read_picture(_bytes_in(text), synchronous=True)


def _bytes_in(text: str) -> bytes:
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidInput(
            f"an image may have at most {MAX_TEXT_CHARS:,} characters of base64",
            hint="send a smaller image",
            code="image-too-large",
        )
    found = re.match(
        r"data:[a-z]{1,20}/[a-z0-9.+-]{1,40}(?:;[a-z0-9=.+-]{1,40}){0,4};base64,",
        text[:300],
        re.ASCII | re.IGNORECASE,
    )
    try:
        # Line breaks are valid in base64.
        encoded = text[found.end() if found else 0 :].translate(dict.fromkeys(b" \t\r\n"))
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        data = b""
    if not data:
        near = did_you_mean(text, DEMOS) if len(text) <= MAX_NAME_CHARS else None
        raise InvalidInput(
            f"must be one of {', '.join(sorted(DEMOS))}, or an image file as base64",
            code="not-an-image",
            hint=near,
        )
    return data


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
