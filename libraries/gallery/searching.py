"""Searching the gallery: what may be asked for, and the page that answers it."""

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
# Two sizes are the same on paper when no ruler tells them apart.
SAME_SIZE = 0.5
WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which drawings are wanted. Sides are mm, times are Unix seconds; what is None does not matter.

    `size` is a page of this width and height, lying or standing. Of `tags` a drawing must have all.
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
    """Some drawings, the newest first, and the cursor of the next page, None at the end."""

    items: list[Drawing]
    next_cursor: str | None


def words_of(text: str) -> list[str]:
    """Return the words of a text in the form in which they are searched: without accents and capitals, 64 characters at most."""
    folded = "".join(
        one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)
    ).casefold()
    return [word[:MAX_TERM_CHARS] for word in WORD.findall(folded.replace("_", " "))]


def conditions(transaction: Transaction, wanted: Wanted) -> tuple[list[str], list[Any]]:
    """Return what a row of the index must fulfil, as conditions in SQL with `?`, and the values for these."""
    bounds = (
        ("width >= ?", wanted.min_width), ("width <= ?", wanted.max_width), ("height >= ?", wanted.min_height),
        ("height <= ?", wanted.max_height), ("made_at >= ?", wanted.since), ("made_at < ?", wanted.until),
        ("seed = ?", wanted.seed), ("kept = ?", None if wanted.kept is None else int(wanted.kept)),
    )  # fmt: skip
    found: list[tuple[str, list[Any]]] = [
        (sql, [value]) for sql, value in bounds if value is not None
    ]
    found += [_marked(kind, value) for kind, value in _marks(wanted)]
    if wanted.size is not None:
        found.append(_sized(*wanted.size))
    if wanted.text is not None and wanted.text.strip():
        words = words_of(wanted.text[:MAX_TEXT_CHARS])[:MAX_TERMS]
        sql, *values = transaction.spoken(words) if words else ("1 = 0",)
        found.append((sql, values))
    return [sql for sql, _ in found], [value for _, values in found for value in values]


def _marks(wanted: Wanted) -> list[tuple[str, str]]:
    tags = [("tag", tag) for tag in wanted.tags]
    color = [] if wanted.color is None else [("color", plain_color(wanted.color))]
    return tags + color + ([] if wanted.pattern is None else [("pattern", wanted.pattern)])


def _marked(kind: str, value: str) -> tuple[str, list[Any]]:
    sql = "EXISTS (SELECT 1 FROM mark WHERE mark.build = drawing.build AND mark.id = drawing.id AND kind = ? AND value = ?)"
    return sql, [kind, value]


def _sized(width: float, height: float) -> tuple[str, list[Any]]:
    fits = "(abs(width - ?) <= ? AND abs(height - ?) <= ?)"
    return f"({fits} OR {fits})", [
        width,
        SAME_SIZE,
        height,
        SAME_SIZE,
        height,
        SAME_SIZE,
        width,
        SAME_SIZE,
    ]


def write_cursor(drawing: Drawing) -> str:
    """Return the cursor of the page that goes on behind a drawing."""
    return (
        base64.urlsafe_b64encode(f"{drawing.made_at!r} {drawing.id}".encode()).decode().rstrip("=")
    )


def read_cursor(cursor: str) -> tuple[float, str]:
    """Return when the drawing was made that a page ended with, and its id.

    Raises:
        InvalidInput: no page gave this cursor.
    """
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        made_at, _, drawing = text.partition(" ")
        moment = float(made_at)
    except (ValueError, binascii.Error):
        moment, drawing = math.nan, ""
    if not math.isfinite(moment) or not ID.fullmatch(drawing):
        raise InvalidInput(
            "this cursor is not one that a page of the gallery gave",
            field="cursor",
            code="bad-cursor",
        )
    return moment, drawing
