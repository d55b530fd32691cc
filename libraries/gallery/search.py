"""Search conditions, pages and cursors of the gallery."""

from __future__ import annotations

import base64
import binascii
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libraries.errors import InvalidInput
from libraries.gallery.databases import Transaction
from libraries.gallery.drawings import ID, Drawing, plain_color

MAX_TERMS, MAX_TERM_CHARS, MAX_TEXT_CHARS = 16, 64, 1000
# Tolerance when sizes are compared.
SAME_SIZE_MM = 0.5


@dataclass(frozen=True, kw_only=True)
class GalleryQuery:
    """Search criteria; None matches everything. Sides are in mm, times in Unix seconds.

    `size` is a width and a height in either orientation. A drawing must have all of `tags`.
    """

    text: str | None = None
    pattern: str | None = None
    tags: Sequence[str] = ()
    color: str | None = None
    seed: int | None = None
    size: tuple[float, float] | None = None
    min_width: float | None = None
    max_width: float | None = None
    min_height: float | None = None
    max_height: float | None = None
    since: float | None = None
    until: float | None = None
    kept: bool | None = None


@dataclass(frozen=True)
class Page:
    """Drawings, newest first, and the cursor of the next page or None."""

    items: list[Drawing]
    next_cursor: str | None


def search_terms(text: str) -> list[str]:
    """Return the words of a text, without accents and case, truncated to 64 characters."""
    folded = "".join(
        one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)
    ).casefold()
    return [word[:MAX_TERM_CHARS] for word in re.findall(r"\w+", folded.replace("_", " "))]


def conditions(transaction: Transaction, wanted: GalleryQuery) -> tuple[list[str], list[Any]]:
    """Return SQL conditions with `?` for the rows of the index, and their values."""
    bounds = (
        ("width >= ?", wanted.min_width), ("width <= ?", wanted.max_width), ("height >= ?", wanted.min_height),
        ("height <= ?", wanted.max_height), ("made_at >= ?", wanted.since), ("made_at < ?", wanted.until),
        ("seed = ?", wanted.seed), ("pinned = ?", None if wanted.kept is None else int(wanted.kept)),
    )  # fmt: skip
    found: list[tuple[str, list[Any]]] = [
        (sql, [value]) for sql, value in bounds if value is not None
    ]
    found += [_tagged(kind, value) for kind, value in _tags(wanted)]
    if wanted.size is not None:
        found.append(_sized(*wanted.size))
    if wanted.text is not None and wanted.text.strip():
        words = search_terms(wanted.text[:MAX_TEXT_CHARS])[:MAX_TERMS]
        sql, *values = transaction.match_words(words) if words else ("1 = 0",)
        found.append((sql, values))
    return [sql for sql, _ in found], [value for _, values in found for value in values]


def _tags(wanted: GalleryQuery) -> list[tuple[str, str]]:
    tags = [("tag", tag) for tag in wanted.tags]
    color = [] if wanted.color is None else [("color", plain_color(wanted.color))]
    return tags + color + ([] if wanted.pattern is None else [("pattern", wanted.pattern)])


def _tagged(kind: str, value: str) -> tuple[str, list[Any]]:
    sql = "EXISTS (SELECT 1 FROM drawing_tag AS tag WHERE tag.build = drawing.build AND tag.id = drawing.id AND kind = ? AND value = ?)"
    return sql, [kind, value]


def _sized(width: float, height: float) -> tuple[str, list[Any]]:
    fits = "(abs(width - ?) <= ? AND abs(height - ?) <= ?)"
    both = [width, SAME_SIZE_MM, height, SAME_SIZE_MM, height, SAME_SIZE_MM, width, SAME_SIZE_MM]
    return f"({fits} OR {fits})", both


def write_cursor(drawing: Drawing) -> str:
    """Return the cursor of the page after a drawing."""
    return (
        base64.urlsafe_b64encode(f"{drawing.made_at!r} {drawing.id}".encode()).decode().rstrip("=")
    )


def read_cursor(cursor: str) -> tuple[float, str]:
    """Return creation time and id of the last drawing of the previous page; raise InvalidInput if the cursor is invalid."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        made_at, _, drawing = text.partition(" ")
        moment = float(made_at)
    except (ValueError, binascii.Error):
        moment, drawing = math.nan, ""
    if not math.isfinite(moment) or not ID.fullmatch(drawing):
        raise InvalidInput(
            "not a cursor of a page of the gallery", field="cursor", code="bad-cursor"
        )
    return moment, drawing
