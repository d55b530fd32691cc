"""Images that pattern parameters refer to by a short name instead of base64."""

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
class _NamedImage:
    """An image in grey, and its file for the colours."""

    greys: Greys
    data: bytes

    @cached_property
    def colours(self) -> Colours:
        return read_in_colour(self.data)


_images: ContextVar[Mapping[str, _NamedImage]] = ContextVar("images", default={})  # noqa: B039 - replaced, never changed


@contextlib.contextmanager
def named_image(data: bytes) -> Iterator[str]:
    """Make the image in `data` available under the yielded name, for the parameter `image`.

    The name is `photo:` and the SHA-256 of the file in hex, so that recipes identify the image.

    Raises:
        InvalidInput: the image cannot be read or is blank.
    """
    image = _NamedImage(read_picture(data), data)
    name = f"photo:{sha256(data).hexdigest()}"
    token = _images.set({**_images.get(), name: image})
    try:
        yield name
    finally:
        _images.reset(token)


def read_picture(data: bytes, *, synchronous: bool = False) -> Greys:
    """Return the image in `data` as a read-only array; see `read_image`.

    Raises:
        InvalidInput: the image cannot be read or is blank.
    """
    greys = read_image(data, synchronous=synchronous)
    if float(greys.min()) == 1.0:
        raise InvalidInput("the image is blank: all of its pixels are white", code="blank-image")
    greys.setflags(write=False)
    return greys


def read_in_colour(data: bytes, *, synchronous: bool = False) -> Colours:
    """Return the image in `data` as a read-only array; see `read_colours`."""
    colours = read_colours(data, synchronous=synchronous)
    colours.setflags(write=False)
    return colours


def is_image_name(text: str) -> bool:
    return re.fullmatch(r"photo:[0-9a-f]{64}", text, re.ASCII) is not None


def named_greys(name: str) -> Greys:
    """Return the named image in grey.

    Raises:
        InvalidInput: no image of that name is available.
    """
    return _named(name).greys


def named_colours(name: str) -> Colours:
    """Return the named image in colour; see `named_greys`."""
    return _named(name).colours


def _named(name: str) -> _NamedImage:
    try:
        return _images.get()[name]
    except KeyError:
        raise InvalidInput(
            "the photo is not available here",
            code="not-an-image",
            hint="draw photos with POST /photos/plot",
        ) from None
