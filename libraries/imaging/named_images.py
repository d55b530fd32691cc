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
class ImageFile:
    """An image file, decoded on access to read-only arrays; see `read_image` for errors."""

    data: bytes
    synchronous: bool = False

    @cached_property
    def greys(self) -> Greys:
        """Return the image in grey.

        Raises:
            InvalidInput: the image cannot be read or is blank.
        """
        greys = read_image(self.data, synchronous=self.synchronous)
        if float(greys.min()) == 1.0:
            raise InvalidInput("the image is blank: all pixels are white", code="blank-image")
        greys.setflags(write=False)
        return greys

    @cached_property
    def colours(self) -> Colours:
        colours = read_colours(self.data, synchronous=self.synchronous)
        colours.setflags(write=False)
        return colours


_images: ContextVar[Mapping[str, ImageFile]] = ContextVar("images", default={})  # noqa: B039 - replaced, never changed


@contextlib.contextmanager
def named_image(data: bytes) -> Iterator[str]:
    """Make the image in `data` available under the yielded name, for the parameter `image`.

    The name is `photo:` and the SHA-256 of the file in hex, so that recipes identify the image.

    Raises:
        InvalidInput: the image cannot be read or is blank.
    """
    image = ImageFile(data)
    _ = image.greys  # decoded here to raise errors
    name = f"photo:{sha256(data).hexdigest()}"
    token = _images.set({**_images.get(), name: image})
    try:
        yield name
    finally:
        _images.reset(token)


def is_image_name(text: str) -> bool:
    return re.fullmatch(r"photo:[0-9a-f]{64}", text, re.ASCII) is not None


def find_image(name: str) -> ImageFile:
    """Return the named image.

    Raises:
        InvalidInput: no image of that name is available.
    """
    try:
        return _images.get()[name]
    except KeyError:
        raise InvalidInput(
            "the photo is not available here",
            code="not-an-image",
            hint="draw photos with POST /photos/plot",
        ) from None
