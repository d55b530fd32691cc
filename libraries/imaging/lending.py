"""Pictures lent to patterns: a file is named by a short text in the parameters instead of standing in them as base64."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from libraries.errors import InvalidInput
from libraries.imaging.channels import Colours
from libraries.imaging.reading import Greys, read_colours, read_image


@dataclass(frozen=True)
class _Loan:
    """A lent picture in grey, and its file, for those who ask for the colours."""

    greys: Greys
    data: bytes

    @cached_property
    def colours(self) -> Colours:
        return read_in_colour(self.data)


_lent: ContextVar[Mapping[str, _Loan]] = ContextVar("lent", default={})  # noqa: B039 - never changed, only replaced


@contextlib.contextmanager
def lent_picture(data: bytes) -> Iterator[str]:
    """Give the picture in `data` a name that the parameter `image` of patterns may have inside; yield it.

    The name is `photo:` and the SHA-256 of the file in hex, so that a drawing's recipe tells which
    picture it shows.

    Raises:
        InvalidInput, ImageTooLarge: it is no image that can be read.
        InvalidInput: it is white all over.
    """
    loan = _Loan(read_picture(data), data)
    name = f"photo:{sha256(data).hexdigest()}"
    token = _lent.set({**_lent.get(), name: loan})
    try:
        yield name
    finally:
        _lent.reset(token)


def read_picture(data: bytes, *, at_once: bool = False) -> Greys:
    """Return the picture in `data` as `read_image` does, not to be written to.

    Raises:
        InvalidInput, ImageTooLarge: it is no image that can be read.
        InvalidInput: there is nothing to draw in it.
    """
    greys = read_image(data, at_once=at_once)
    if float(greys.min()) == 1.0:
        raise InvalidInput(
            "the image is white all over; nothing of it would be drawn", code="blank-image"
        )
    greys.setflags(write=False)
    return greys


def read_in_colour(data: bytes, *, at_once: bool = False) -> Colours:
    """Return the picture in `data` as `read_colours` does, not to be written to."""
    colours = read_colours(data, at_once=at_once)
    colours.setflags(write=False)
    return colours


def is_lent_name(text: str) -> bool:
    """Tell whether a text has the form of the name of a lent picture."""
    return re.fullmatch(r"photo:[0-9a-f]{64}", text, re.ASCII) is not None


def borrow(name: str) -> Greys:
    """Return the lent picture of this name.

    Raises:
        InvalidInput: none of this name is lent here.
    """
    return _loan(name).greys


def borrow_colours(name: str) -> Colours:
    """Return the lent picture of this name in colour, as `borrow` does."""
    return _loan(name).colours


def _loan(name: str) -> _Loan:
    try:
        return _lent.get()[name]
    except KeyError:
        raise InvalidInput(
            "this photo is not at hand here",
            code="not-an-image",
            hint="POST /photos/plot draws photos",
        ) from None
