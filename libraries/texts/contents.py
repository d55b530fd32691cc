"""What a text job takes: which texts are let in, and what is made of those that programs send back."""

from __future__ import annotations

import re

from libraries.errors import InvalidInput

LONGEST_CONTENT = 10_000
EMPTY_MESSAGE = "❌ Empty message not allowed"
# Control characters except tab, line feed and carriage return; lone surrogates, which UTF-8 cannot carry.
REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class BadContent(InvalidInput):
    """Raised when a text is too long or holds characters that are no text."""

    code = "bad-content"


class EmptyContent(InvalidInput):
    """Raised when a text is empty, or nothing but white space."""

    code = "empty-content"


def check_content(content: object) -> str:
    """Return `content` as it is, if it is a text of 1 to 10,000 characters with no control characters.

    Tabs and line ends may be in it.

    Raises:
        EmptyContent: there is nothing in it but white space.
        BadContent: it is no text, is longer, or holds control characters or lone surrogates.
    """
    if not isinstance(content, str):
        raise BadContent("content must be text", field="content")
    if len(content) > LONGEST_CONTENT:
        raise BadContent(
            f"content has {len(content)} characters; at most {LONGEST_CONTENT} are allowed",
            field="content",
        )
    found = REFUSED.search(content)
    if found:
        raise BadContent(
            f"content holds the character U+{ord(found[0]):04X}, which is not part of a text",
            field="content",
        )
    if not content.strip():
        raise EmptyContent(EMPTY_MESSAGE, field="content")
    return content


def printable(text: str, *, longest: int) -> str:
    """Return what a program or a model wrote as a text that may be stored and shown.

    What `check_content` would refuse becomes U+FFFD; more than `longest` characters are cut off, with `…` at the end.
    """
    clean = REFUSED.sub(REPLACEMENT, text)
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"
