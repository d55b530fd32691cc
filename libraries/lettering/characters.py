"""Validation of text, and its splitting into drawable characters."""

from __future__ import annotations

import re
import unicodedata

from libraries.characters import Characters
from libraries.errors import InvalidInput
from libraries.json_types import described

MAX_TEXT_CHARS = 10_000
# Maximum number of marks on a letter; further ones become missing glyphs.
MAX_MARKS = 4


@described(pattern=f"^[^{Characters.NOT_IN_XML}]*$")
def check_text(text: str, *, field: str = "text", longest: int = MAX_TEXT_CHARS) -> str:
    r"""Return `text` with `\n` as line ends, after checking its length and characters.

    Raises:
        InvalidInput: `text` is not a string, has more than `longest` characters, or contains
            control characters, lone surrogates or code points that XML 1.0 excludes.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{field} must be text", field=field, code="bad-text")
    problem = ""
    if len(text) > longest:
        problem = f"{field} has {len(text)} characters; at most {longest} are allowed"
    elif found := re.search(f"[{Characters.NOT_IN_XML}{Characters.SURROGATES}]", text):
        problem = f"{field} contains the unsupported character U+{ord(found[0]):04X}"
    if problem:
        raise InvalidInput(problem, field=field, code="bad-text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def characters(line: str) -> list[str]:
    """Split a line into letters with their accents, spaces for any white space, and signs.

    A letter and an accent without a precomposed character stay together in one string. Invisible
    characters are dropped.
    """
    line = line.replace("\t", "    ")
    if line.isascii():
        return list(line)
    found: list[str] = []
    for character in unicodedata.normalize("NFC", line):
        if character.isspace():
            found.append(" ")
        elif unicodedata.combining(character) and _takes_mark(found):
            found[-1] += character
        elif not _is_invisible(character):
            found.append(character)
    return found


def _takes_mark(found: list[str]) -> bool:
    return bool(found) and found[-1] != " " and len(found[-1]) <= MAX_MARKS


def _is_invisible(character: str) -> bool:
    """Return whether a character is a joiner, direction mark or variation selector."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def is_blank(text: str) -> bool:
    """Return whether `text` has only white space and invisible characters."""
    return all(character == " " for line in text.split("\n") for character in characters(line))


# Some texts of this form have only invisible characters.
@described(pattern=r"^[^X]*[^X\s][^X]*$".replace("X", Characters.NOT_IN_XML))
def check_visible(text: str, *, field: str = "text") -> str:
    """Return `text` as `check_text`; raise InvalidInput if it is blank, too."""
    checked = check_text(text, field=field)
    if is_blank(checked):
        raise InvalidInput("Must contain visible characters.", field=field, code="bad-text")
    return checked
