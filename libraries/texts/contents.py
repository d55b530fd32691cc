"""Validation of the texts of clients, programs and models."""

from __future__ import annotations

import re

from libraries.characters import Characters
from libraries.errors import InvalidInput
from libraries.imaging import MAX_TEXT_CHARS, check_image, image_bytes
from libraries.json_types import described

MAX_CONTENT_CHARS = 10_000
EMPTY_MESSAGE = "❌ Empty message not allowed"
INVALID = re.compile(f"[{Characters.CONTROLS}{Characters.SURROGATES}]")


def max_chars(kind: str = "") -> int:
    """Return the maximum length of the content of a type."""
    return MAX_TEXT_CHARS if kind == "image" else MAX_CONTENT_CHARS


@described(
    pattern=rf"^[^{Characters.CONTROLS}]*[^{Characters.CONTROLS}\s][^{Characters.CONTROLS}]*$"
)
def check_content(content: object, kind: str = "") -> str:
    """Return `content` if it is a non-blank text of at most `max_chars` characters without control characters.

    Tabs and line ends are allowed. The content of the type `image` must be an image.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(content, str):
        problem = "content must be a string"
    elif len(content) > max_chars(kind):
        problem = f"content has {len(content)} characters; the limit is {max_chars(kind)}"
    elif found := INVALID.search(content):
        problem = f"content contains the invalid character U+{ord(found[0]):04X}"
    elif not content.strip():
        raise InvalidInput(EMPTY_MESSAGE, field="content", code="empty-content")
    else:
        if kind == "image":
            check_image(file_of(content))
        return content
    raise InvalidInput(problem, field="content", code="bad-content")


def file_of(content: str) -> bytes:
    """Return the image file in a content; raise InvalidInput if it is not base64."""
    data = image_bytes(content)
    if not data:
        raise InvalidInput(
            "content is not base64; send a PNG, JPEG, WebP, GIF or BMP file as base64 or as a data URL",
            field="content",
            code="not-an-image",
        )
    return data


def printable(text: str, *, longest: int) -> str:
    """Return the output of a program or a model as a valid text of at most `longest` characters.

    Invalid characters become U+FFFD; a truncated text ends with `…`.
    """
    clean = INVALID.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"
