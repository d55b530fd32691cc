"""Search criteria, facets, pages and cursors of the gallery."""

from __future__ import annotations

import base64
import binascii
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from libraries.errors import InvalidInput
from libraries.gallery.drawings import ID, Drawing, plain_color

MAX_TERMS, MAX_TERM_CHARS, MAX_TEXT_CHARS = 16, 64, 1000
# The facet of all drawings of an owner.
ALL = ("all", "")
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


def facets_of(drawing: Drawing) -> set[tuple[str, str]]:
    """Return kinds and values of the facets of a drawing."""
    values = {"pattern": drawing.patterns, "tag": drawing.tags, "color": drawing.colors}
    found = {(kind, value) for kind, some in values.items() for value in some}
    if drawing.seed is not None:
        found.add(("seed", _seed_value(drawing.seed)))
    return found | {ALL, ("kept", str(int(drawing.kept)))}


def wanted_facets(wanted: GalleryQuery) -> set[tuple[str, str]]:
    """Return kinds and values of the facets that a drawing must have; at least one."""
    color = None if wanted.color is None else plain_color(wanted.color)
    seed = None if wanted.seed is None else _seed_value(wanted.seed)
    kept = None if wanted.kept is None else int(wanted.kept)
    values = {"pattern": wanted.pattern, "color": color, "seed": seed, "kept": kept}
    found = {(kind, str(value)) for kind, value in values.items() if value is not None}
    return (found | {("tag", tag) for tag in wanted.tags}) or {ALL}


def _seed_value(seed: int) -> str:
    # A foreign file may have a seed with thousands of digits, which an index cannot store.
    return str(seed)[:MAX_TERM_CHARS]


def wanted_words(wanted: GalleryQuery) -> list[str] | None:
    """Return the words that a drawing must contain; None for any, an empty list if the text contains no words."""
    if wanted.text is None or not wanted.text.strip():
        return None
    return search_terms(wanted.text[:MAX_TEXT_CHARS])[:MAX_TERMS]


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
