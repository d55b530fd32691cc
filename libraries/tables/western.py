"""Detection of Windows-1252 text.

Every byte string is text in some single-byte encoding. Windows-1252 is only detected if the letters
belong to one Western European language, are inside words, and are not plausible in Windows-1250.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_RUN_CHARS = 2


def _alphabets(*alphabets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(letters + letters.upper().replace("SS", "")) for letters in alphabets)


WESTERN = _alphabets(
    "äöüß", "éèêëàâçîïôûùœæ", "áéíóúüñ", "àèéìíòóùú", "áâãàçéêíóôõú", "åäöæøé", "ëïéèüöáó"
)
# Polish, Czech, Slovak, Hungarian, Croatian and Romanian, which use Windows-1250.
CENTRAL = _alphabets(
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíľňóôšťúýž", "áéíóöőúüű", "čćžšđ", "ăâîşţ"
)
# Letters that are words by themselves.
ONE_LETTER_WORDS = frozenset("àéóåöÀÉÅÖ")
SYMBOLS = frozenset("€£§°²³µ·\u2013—…«»©®™¿¡ºª½¼¾\xd7±\xa0\u2019")


def is_windows_1252(blocks: Iterable[bytes]) -> bool:
    """Return whether the joined `blocks` are Windows-1252 beyond doubt."""
    letters: set[str] = set()
    for block in blocks:
        try:
            text = block.decode("cp1252")
        except UnicodeDecodeError:
            return False
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text) or not all(
            _is_plausible(text, run.start(), run.end(), letters)
            for run in re.finditer(r"[^\x00-\x7f]+", text)
        ):
            return False
    return _one_language(letters)


def _is_plausible(text: str, start: int, end: int, letters: set[str]) -> bool:
    run, before, after = text[start:end], text[max(start - 1, 0) : start], text[end : end + 1]
    if not set(run) - SYMBOLS:
        # A symbol between two letters is a letter of another encoding.
        return run == "\u2019" or not (before.isalpha() and after.isalpha())
    if set(run) & SYMBOLS or len(run) > MAX_RUN_CHARS:
        return False
    letters.update(run)
    return before.isalpha() or after.isalpha() or run in ONE_LETTER_WORDS


def _one_language(letters: set[str]) -> bool:
    if not any(letters <= language for language in WESTERN):
        return False
    encoded = "".join(sorted(letters)).encode("cp1252")
    central = set(encoded.decode("cp1250", "replace"))
    return central == letters or not any(central <= language for language in CENTRAL)
