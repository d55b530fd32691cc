"""The field of a pattern that takes a picture: a name of one made by formula, or the file itself as base64."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields

from libraries.errors import InvalidInput, did_you_mean
from libraries.imaging.channels import GREY, Colours, separated
from libraries.imaging.demos import DEMOS, ROWS, demo_colours, demo_image
from libraries.imaging.lending import (
    borrow,
    borrow_colours,
    is_lent_name,
    read_in_colour,
    read_picture,
)
from libraries.imaging.reading import Greys, ImageTooLarge

# A body of JSON may have a megabyte; this leaves room for all the rest of it.
MAX_TEXT_CHARS = 700_000
MAX_NAME_CHARS = 40
# Estimates look at a picture of so many rows.
ROUGH_ROWS = 90


class ImageField(fields.String):
    """A picture. What is loaded is the text as it was given, so that parameters stay JSON; it was decoded to see that it can be.

    The picture itself is fetched with `open_image`.
    """

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
    """Return a field for the picture that a pattern draws; `options` go to the field.

    `only` names the choice without which a pattern does not look at the picture, if there is one.
    """
    names = ", ".join(sorted(DEMOS))
    more = f"It takes `{only}`." if only else "`POST /photos/plot` draws larger ones."
    description = (
        f"The picture: one that is made by formula ({names}), or a PNG, JPEG, WebP, GIF or BMP file as base64 or as a data URL, "
        f"at most {MAX_TEXT_CHARS:,} letters and 4 megapixels, 10 for JPEG. About {ROWS} pixels on the longer side are all that is "
        f"looked at. {more}"
    )
    return ImageField(metadata={"description": description, "maxLength": MAX_TEXT_CHARS}, **options)


def open_image(image: str, rng: np.random.Generator, channel: str = GREY) -> Greys:
    """Return the picture that a loaded `ImageField` names or holds, as greys from 0 for black to 1 for white.

    Args:
        image: what the field loaded.
        rng: varies a picture that is made by formula; one that was sent stays as it is.
        channel: one of `CHANNELS`: grey, or an ink, of which 0 is all and 1 is none.

    Raises:
        InvalidInput, ImageTooLarge: it is no image that can be read.
        InvalidInput: it is white all over.
    """
    if channel != GREY:
        return separated(
            demo_colours(image, rng) if image in DEMOS else _sent_colours(image), channel
        )
    return demo_image(image, rng) if image in DEMOS else _sent(image)


def rough_image(image: str, channel: str = GREY) -> Greys:
    """Return the picture as `open_image` does, but without chance and, if it is made by formula, small: for estimates."""
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
    """Return the picture that was sent: inside `lent_picture` the one of this name, else the one that the text holds."""
    return borrow(text) if is_lent_name(text) else _uploaded(text)


def _sent_colours(text: str) -> Colours:
    """Return the picture that was sent, as `_sent` does, in colour."""
    return borrow_colours(text) if is_lent_name(text) else _uploaded_colours(text)


# The four inks of a picture ask for it one after the other.
@lru_cache(maxsize=2)
def _uploaded_colours(text: str) -> Colours:
    return read_in_colour(_bytes_in(text), at_once=True)


# A request is checked more than once; only a few are under way at a time.
@lru_cache(maxsize=4)
def _uploaded(text: str) -> Greys:
    """Return the image that `text` holds as base64.

    Raises:
        InvalidInput: it is no base64, or what it holds is no image.
        ImageTooLarge, InvalidInput: the image cannot be read.
        InvalidInput: there is nothing to draw in it.
    """
    return read_picture(_bytes_in(text), at_once=True)


def _bytes_in(text: str) -> bytes:
    if len(text) > MAX_TEXT_CHARS:
        raise ImageTooLarge(
            f"an image may have at most {MAX_TEXT_CHARS:,} letters of base64",
            hint="reduce it and send it again",
        )
    found = re.match(
        r"data:[a-z]{1,20}/[a-z0-9.+-]{1,40}(?:;[a-z0-9=.+-]{1,40}){0,4};base64,",
        text[:300],
        re.ASCII | re.IGNORECASE,
    )
    try:
        # Base64 of 76 letters a line, as many programs write it.
        data = base64.b64decode(
            text[found.end() if found else 0 :]
            .translate(str.maketrans("", "", " \t\r\n"))
            .encode("ascii"),
            validate=True,
        )
    except (UnicodeEncodeError, binascii.Error):
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
