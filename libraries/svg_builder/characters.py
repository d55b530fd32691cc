"""Which characters text in a document may hold."""

from __future__ import annotations

import re
from typing import ClassVar

from libraries.errors import InvalidInput

LONGEST_TEXT = 10_000
# Control characters except tab, line feed and carriage return; lone surrogates; the two that XML 1.0 leaves out.
REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class BadText(InvalidInput):
    """Raised when a text holds what no document can carry, or is too long."""

    code: ClassVar[str] = "bad-text"


def check_text(text: str, *, field: str = "text", longest: int = LONGEST_TEXT) -> str:
    r"""Return `text` with line ends written as `\n`, if it has at most `longest` characters and no control characters.

    Raises:
        BadText: it is not text, is longer, or holds control characters, lone surrogates or code points that XML 1.0 refuses.
    """
    if not isinstance(text, str):
        raise BadText(f"{field} must be text", field=field)
    if len(text) > longest:
        raise BadText(f"{field} has {len(text)} characters; at most {longest} are drawn", field=field)
    found = REFUSED.search(text)
    if found:
        raise BadText(f"{field} holds the character U+{ord(found[0]):04X}, which cannot be drawn or written down", field=field)
    return text.replace("\r\n", "\n").replace("\r", "\n")
