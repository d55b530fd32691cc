"""What a text job takes: which texts are let in, and what is made of those that programs send back."""

from __future__ import annotations

import re

from libraries.errors import InvalidInput

MAX_CONTENT_CHARS = 10_000
EMPTY_MESSAGE = "❌ Empty message not allowed"
# Control characters except tab, line feed and carriage return; lone surrogates, which UTF-8 cannot carry.
REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def check_content(content: object) -> str:
    """Return `content` as it is, if it is a text of 1 to 10,000 characters with no control characters.

    Tabs and line ends may be in it.

    Raises:
        InvalidInput: there is nothing in it but white space.
        InvalidInput: it is no text, is longer, or holds control characters or lone surrogates.
    """
    if not isinstance(content, str):
        raise InvalidInput("content must be text", field="content", code="bad-content")
    if len(content) > MAX_CONTENT_CHARS:
        raise InvalidInput(
            f"content has {len(content)} characters; at most {MAX_CONTENT_CHARS} are allowed",
            field="content",
            code="bad-content",
        )
    found = REFUSED.search(content)
    if found:
        raise InvalidInput(
            f"content holds the character U+{ord(found[0]):04X}, which is not part of a text",
            field="content",
            code="bad-content",
        )
    if not content.strip():
        raise InvalidInput(EMPTY_MESSAGE, field="content", code="empty-content")
    return content


def printable(text: str, *, longest: int) -> str:
    """Return what a program or a model wrote as a text that may be stored and shown.

    What `check_content` would refuse becomes U+FFFD; more than `longest` characters are cut off, with `…` at the end.
    """
    clean = REFUSED.sub("\N{REPLACEMENT CHARACTER}", text)
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"
