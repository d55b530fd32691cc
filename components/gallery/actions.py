"""Queries and changes of the gallery."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from components.http.replies import json_response
from libraries.errors import Unavailable
from libraries.gallery import Drawing, GalleryQuery, find_drawing, gallery
from libraries.gallery.arrivals import process_pending
from libraries.gallery.search import SAME_SIZE_MM
from libraries.job_manager import current_owner
from libraries.job_manager.representation import utc
from libraries.json_types import JsonObject
from libraries.sheets.papers import PAPERS, page_size

# Preferred if several papers have the same size.
FAMILIES = ("ISO A", "ISO B")


def list_response(query: Mapping[str, Any]) -> Response:
    """Return a page of the caller's drawings for a loaded `GalleryQuerySchema`."""
    refresh_index()
    page = gallery().search(
        current_owner(), query_of(query), limit=query["limit"], cursor=query["cursor"]
    )
    response = json_response(
        {"items": [drawing_body(one) for one in page.items], "next_cursor": page.next_cursor}
    )
    if page.next_cursor is not None:
        kept = [(name, text) for name, text in request.args.items(multi=True) if name != "cursor"]
        onward = urlencode([*kept, ("cursor", page.next_cursor)])
        response.headers["Link"] = f'</gallery?{onward}>; rel="next"'
    return response


def query_of(query: Mapping[str, Any]) -> GalleryQuery:
    """Convert a loaded `GalleryQuerySchema` to a query of the index."""
    times = {name: query[name].timestamp() for name in ("since", "until") if query[name]}
    return GalleryQuery(
        text=query["q"],
        tags=query["tag"],
        size=page_size(query["paper"]) if query["paper"] is not None else None,
        **{
            name: query[name]
            for name in (
                "min_width",
                "max_width",
                "min_height",
                "max_height",
                "pattern",
                "color",
                "seed",
                "kept",
            )
        },
        **times,
    )


def visible_drawing(drawing_id: str) -> Drawing:
    """Return a drawing of the caller; raise NotFound if the caller has none with this id."""
    refresh_index()
    return find_drawing(current_owner(), drawing_id)


def marks_body() -> JsonObject:
    """Return the patterns, tags and colours of the caller's drawings with their frequencies."""
    refresh_index()
    kinds = {"patterns": "pattern", "tags": "tag", "colors": "color"}
    return {
        name: [
            {"value": value, "drawings": count}
            for value, count in gallery().counts(current_owner(), kind, most=100)
        ]
        for name, kind in kinds.items()
    }


def drawing_body(drawing: Drawing) -> JsonObject:
    """Return a drawing as a `DrawingSchema`."""
    here = f"/gallery/{drawing.id}"
    links = {
        "self": here,
        "drawing": f"{here}/drawing.svg",
        "thumbnail": f"{here}/thumbnail.png",
    }
    if drawing.job_id:
        links["job"] = f"/jobs/{drawing.job_id}"
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
    """Return the name of the paper of this size in mm, in either orientation; None if unknown."""
    short, long = sorted((width, height))
    same = [
        (paper.family not in FAMILIES, len(name), name)
        for name, paper in PAPERS.items()
        if max(abs(paper.width - short), abs(paper.height - long)) <= SAME_SIZE_MM
    ]
    return min(same)[2] if same else None


def refresh_index() -> None:
    """Index recently finished drawings; if that fails, the outdated index is used."""
    with suppress(Unavailable):
        process_pending()
