"""What the routes of the gallery do and answer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from components.http.replies import json_response
from libraries.errors import Unavailable
from libraries.gallery import (
    Drawing,
    GalleryQuery,
    find_drawing,
    gallery,
    keep_drawing,
    label_drawing,
    remove_drawing,
)
from libraries.gallery.arrivals import process_pending
from libraries.gallery.searching import SAME_SIZE_MM
from libraries.job_manager import current_owner
from libraries.job_manager.representation import utc
from libraries.json_types import JsonObject
from libraries.sheets.papers import PAPERS, page_size

BOUNDS = ("min_width", "max_width", "min_height", "max_height", "pattern", "color", "seed", "kept")
# The papers that most people mean come first, where several have one size.
FAMILIES = ("ISO A", "ISO B")


def list_response(query: Mapping[str, Any]) -> Response:
    """Return the page of the caller's drawings that a `GalleryQuerySchema` asks for, with a link to the next one if there is one.

    Raises:
        InvalidInput: no page gave this cursor.
        Unavailable: the index cannot be read.
    """
    refresh_index()
    page = gallery().search(
        current_owner(), wanted_of(query), limit=query["limit"], cursor=query["cursor"]
    )
    response = json_response(
        {"items": [drawing_body(one) for one in page.items], "next_cursor": page.next_cursor}
    )
    if page.next_cursor is not None:
        onward = urlencode(
            [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
        )
        response.headers["Link"] = (
            f'</gallery?{onward}{"&" if onward else ""}cursor={page.next_cursor}>; rel="next"'
        )
    return response


def wanted_of(query: Mapping[str, Any]) -> GalleryQuery:
    """Return which drawings a `GalleryQuerySchema` asks for."""
    moments = {
        name: query[name].timestamp() for name in ("since", "until") if query[name] is not None
    }
    return GalleryQuery(
        text=query["q"],
        tags=query["tag"],
        size=page_size(query["paper"]) if query["paper"] is not None else None,
        **{name: query[name] for name in BOUNDS},
        **moments,
    )


def shown_drawing(drawing_id: str) -> Drawing:
    """Return a drawing of the caller's by its id.

    Raises:
        NotFound: there is none.
    """
    refresh_index()
    return find_drawing(current_owner(), drawing_id)


def label(drawing_id: str, asked: Mapping[str, Any]) -> Drawing:
    """Give a drawing of the caller's the title and the tags that a `LabelSchema` has.

    Raises:
        NotFound: there is none.
    """
    shown_drawing(drawing_id)
    return label_drawing(
        current_owner(), drawing_id, title=asked.get("title"), tags=asked.get("tags")
    )


def keep(drawing_id: str) -> Drawing:
    """Keep a drawing of the caller's for good.

    Raises:
        NotFound: there is none.
    """
    shown_drawing(drawing_id)
    return keep_drawing(current_owner(), drawing_id)


def remove(drawing_id: str) -> None:
    """Remove a drawing of the caller's.

    Raises:
        NotFound: there is none.
    """
    shown_drawing(drawing_id)
    remove_drawing(current_owner(), drawing_id)


def marks_body() -> JsonObject:
    """Return the patterns, tags and colours of the caller's drawings, and how many drawings have each."""
    refresh_index()
    kinds = {"patterns": "pattern", "tags": "tag", "colors": "color"}
    found = {
        name: gallery().counts(current_owner(), kind, most=100) for name, kind in kinds.items()
    }
    return {
        name: [{"value": value, "drawings": count} for value, count in counts]
        for name, counts in found.items()
    }


def drawing_body(drawing: Drawing) -> JsonObject:
    """Return what is said of a drawing."""
    own = f"/gallery/{drawing.id}"
    links = {"self": own, "drawing": f"{own}/drawing.svg"} | (
        {"job": f"/jobs/{drawing.job_id}"} if drawing.job_id else {}
    )
    return {
        "id": drawing.id,
        "title": drawing.title,
        "text": drawing.words,
        "patterns": drawing.patterns,
        "colors": drawing.colors,
        "tags": drawing.tags,
        "width": drawing.width,
        "height": drawing.height,
        "paper": paper_of(drawing.width, drawing.height),
        "seed": drawing.seed,
        "size": drawing.size,
        "kept": drawing.kept,
        "made_at": utc(datetime.fromtimestamp(drawing.made_at, UTC)),
        "job_id": drawing.job_id or None,
        "links": links,
    }


def paper_of(width: float, height: float) -> str | None:
    """Return the name of the paper of this size, lying or standing, None if there is none."""
    short, long = sorted((width, height))
    same = [
        paper
        for _, paper in PAPERS.items()
        if max(abs(paper.width - short), abs(paper.height - long)) <= SAME_SIZE_MM
    ]
    order = sorted(
        same, key=lambda paper: (paper.family not in FAMILIES, len(paper.name), paper.name)
    )
    return order[0].name if order else None


def refresh_index() -> None:
    """Let the caller see what has just finished. An index that lags behind is better than no answer."""
    with suppress(Unavailable):
        process_pending()
