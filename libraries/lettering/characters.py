"""Which characters a text may hold, and what of it there is to draw."""

from __future__ import annotations

import re
import unicodedata

from libraries.errors import InvalidInput

MAX_TEXT_CHARS = 10_000
# A letter carries this many marks at most; further ones stand for themselves, and are missing
# glyphs.
MAX_MARKS = 4


class BadText(InvalidInput):
    """Raised when a text holds what no document can carry, or is too long."""

    code = "bad-text"


def check_text(text: str, *, field: str = "text", longest: int = MAX_TEXT_CHARS) -> str:
    r"""Return `text` with line ends written as `\n`, if it has at most `longest` characters and no control characters.

    Raises:
        BadText: it is not text, is longer, or holds control characters, lone surrogates or code
            points that XML 1.0 refuses.
    """
    if not isinstance(text, str):
        raise BadText(f"{field} must be text", field=field)
    if len(text) > longest:
        raise BadText(
            f"{field} has {len(text)} characters; at most {longest} are drawn", field=field
        )
    # Control characters except tab, line feed and carriage return; lone surrogates; the two that XML
    # 1.0 leaves out.
    found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", text)
    if found:
        raise BadText(
            f"{field} holds the character U+{ord(found[0]):04X}, which cannot be drawn or written down",
            field=field,
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def characters(line: str) -> list[str]:
    """Return what there is to draw: letters with their accents, any white space as a plain space, no invisible marks.

    An accent that has no letter of its own with its base stays behind the base, in one string.
    """
    line = line.replace("\t", "    ")
    if line.isascii():
        return list(line)
    found: list[str] = []
    for character in unicodedata.normalize("NFC", line):
        if character.isspace():
            found.append(" ")
        elif (
            found
            and found[-1] != " "
            and unicodedata.combining(character)
            and len(found[-1]) <= MAX_MARKS
        ):
            found[-1] += character
        elif not _is_invisible(character):
            found.append(character)
    return found


def _is_invisible(character: str) -> bool:
    """Tell whether a character shapes its neighbours and has no ink of its own: joiners, variation selectors, directions."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def is_blank(text: str) -> bool:
    """Tell whether `text` has nothing to draw: only spaces and marks without ink of their own."""
    return all(character == " " for line in text.split("\n") for character in characters(line))
