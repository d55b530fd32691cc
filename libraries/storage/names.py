"""File names that are safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from libraries.errors import InvalidInput

MAX_NAME_CHARS = 100
MAX_NAME_DEPTH = 8
SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}", re.ASCII)
# Device names of Windows, with and without an extension.
DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.ASCII)


def check_name(name: str, *, field: str | None = None) -> str:
    """Return `name` if it is a safe relative path such as `postcards/john.svg`, or raise InvalidInput.

    It has at most 8 segments, joined by `/`. A segment is 1 to 100 of A-Z, a-z, digits, dot, space,
    underscore and hyphen, begins with a letter or a digit, does not end with a dot or a space, and is
    not a device name of Windows.
    """
    segments = name.split("/") if isinstance(name, str) else []
    if not 1 <= len(segments) <= MAX_NAME_DEPTH:
        raise InvalidInput(
            "expected a file name with at most 7 folders", field=field, code="bad-file-name"
        )
    for segment in segments:
        if not SEGMENT.fullmatch(segment) or segment[-1] in ". " or DEVICE.fullmatch(segment):
            raise InvalidInput(
                f"{name[:MAX_NAME_CHARS]!r} is not a safe file name: use letters A-Z, digits, '.', '_', '-' and spaces, "
                f"begin with a letter or a digit, at most {MAX_NAME_CHARS} characters",
                field=field,
                code="bad-file-name",
            )
    return name


def filename_part(text: str, *, longest: int = 40) -> str:
    """Return `text` if it is a safe file name, else a readable form with eight hex digits of its hash."""
    if (
        SEGMENT.fullmatch(text)
        and len(text) <= longest
        and text[-1] not in ". "
        and not DEVICE.fullmatch(text)
    ):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:longest].strip("-")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
