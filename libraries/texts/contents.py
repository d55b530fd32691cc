"""Validation of the texts of clients, programs and models."""

from __future__ import annotations

import re

from libraries.errors import InvalidInput

MAX_CONTENT_CHARS = 10_000
EMPTY_MESSAGE = "❌ Empty message not allowed"
# Control characters except tab, line feed and carriage return; lone surrogates, which UTF-8 cannot
# encode.
INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def check_content(content: object) -> str:
    """Return `content` if it is a non-blank text of at most 10,000 characters without control characters.

    Tabs and line ends are allowed.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(content, str):
        problem = "content must be a string"
    elif len(content) > MAX_CONTENT_CHARS:
        problem = f"content has {len(content)} characters; the limit is {MAX_CONTENT_CHARS}"
    elif found := INVALID.search(content):
        problem = f"content contains the invalid character U+{ord(found[0]):04X}"
    elif not content.strip():
        raise InvalidInput(EMPTY_MESSAGE, field="content", code="empty-content")
    else:
        return content
    raise InvalidInput(problem, field="content", code="bad-content")


def printable(text: str, *, longest: int) -> str:
    """Return the output of a program or a model as a valid text of at most `longest` characters.

    Invalid characters become U+FFFD; a truncated text ends with `…`.
    """
    clean = INVALID.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"
