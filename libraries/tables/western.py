"""Whether text without a mark is Windows-1252 for sure.

Every byte string is text in some single-byte encoding, so a guess is only made where the letters speak for themselves: they are
those of one Western European language, stand where letters stand, and would make no sense in Windows-1250.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_RUN_CHARS = 2
LANGUAGES = tuple(
    frozenset(letters + letters.upper().replace("SS", ""))
    for letters in (
        "äöüß",
        "éèêëàâçîïôûùœæ",
        "áéíóúüñ",
        "àèéìíòóùú",
        "áâãàçéêíóôõú",
        "åäöæøé",
        "ëïéèüöáó",
    )
)
# What the same bytes would be in Windows-1250: Polish, Czech, Slovak, Hungarian, Croatian, Romanian.
CENTRAL = tuple(
    frozenset(letters + letters.upper().replace("SS", ""))
    for letters in (
        "ąćęłńóśźż",
        "áčďéěíňóřšťúůýž",
        "áäčďéíľňóôšťúýž",
        "áéíóöőúüű",
        "čćžšđ",
        "ăâîşţ",
    )
)
ALONE = frozenset("àéóåöÀÉÅÖ")
SYMBOLS = frozenset("€£§°²³µ·\u2013—…«»©®™¿¡ºª½¼¾\xd7±\xa0\u2019")


def surely_western(blocks: Iterable[bytes]) -> bool:
    """Tell whether the text that `blocks` are together is Windows-1252 and nothing else that is usual."""
    letters: set[str] = set()
    for block in blocks:
        try:
            text = block.decode("cp1252")
        except UnicodeDecodeError:
            return False
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text) or not all(
            _stands_well(text, run.start(), run.end(), letters)
            for run in re.finditer(r"[^\x00-\x7f]+", text)
        ):
            return False
    return _one_language(letters)


def _stands_well(text: str, start: int, end: int, letters: set[str]) -> bool:
    run, before, after = text[start:end], text[max(start - 1, 0) : start], text[end : end + 1]
    if not set(run) - SYMBOLS:
        # A symbol between two letters is a letter of another encoding.
        return run == "\u2019" or not (before.isalpha() and after.isalpha())
    if set(run) & SYMBOLS or len(run) > MAX_RUN_CHARS:
        return False
    letters.update(run)
    return before.isalpha() or after.isalpha() or run in ALONE


def _one_language(letters: set[str]) -> bool:
    if not any(letters <= language for language in LANGUAGES):
        return False
    bytes_of_them = "".join(sorted(letters)).encode("cp1252")
    otherwise = set(bytes_of_them.decode("cp1250", "replace"))
    return otherwise == letters or not any(otherwise <= language for language in CENTRAL)
