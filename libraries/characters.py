"""Classes of characters, for regular expressions in Python and in JSON Schema."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Characters(StrEnum):
    """Contents of a class of a regular expression, without brackets."""

    # Control characters except tab, line feed and carriage return.
    CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    # Controls and line ends.
    NOT_IN_LINE = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
    # All controls, spaces except the usual one, direction marks, joiners and others without a shape.
    INVISIBLE = (
        r"\x00-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
        r"\ufeff\ufff9-\ufffb"
    )
    # Controls, and the code points that XML 1.0 excludes, except for surrogates.
    NOT_IN_XML = rf"{CONTROLS}\ufffe\uffff"
    # UTF-8 cannot encode them, so that JSON documents cannot describe them. In Python only.
    SURROGATES = r"\ud800-\udfff"


def plain_name(text: str, allowed: str, most: int) -> str:
    """Return at most `most` characters of `text` in ASCII; those not in the class `allowed` are `_`.

    Accents are dropped. Names in files of other languages cannot contain commands then.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(f"[^{allowed}]", "_", plain.strip())[:most].strip()
