"""Framed sheets, drawn during the request; their SVG may be at a URL."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from flask import Response, g
from marshmallow import fields

from components.http.exports import JSON_TYPE, encoded
from components.http.formats import accepted_type, drawing_types
from components.http.pages import FILE_HEADERS
from components.http.problems import FieldError
from components.http.replies import ReplySchema, ignored_field, json_response, with_ignored
from libraries.errors import InvalidInput, Unavailable, did_you_mean
from libraries.outbound import fetch
from libraries.previews import render_slot
from libraries.settings import UploadSettings
from libraries.sheets.framed import FramedSheet

# A slow server must not hold all threads of the process.
_fetches = threading.BoundedSemaphore(4)


class RenderedSchema(ReplySchema):
    """A drawn sheet."""

    status = fields.String(
        required=True, metadata={"description": "`success`.", "example": "success"}
    )
    svg_string = fields.String(required=True, metadata={"description": "The sheet as SVG."})
    skipped = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "Parts of the SVG that a pen cannot draw, by kind; if any."},
    )
    ignored = ignored_field()


def sheet_response(sheet: FramedSheet) -> Response:
    """Return a sheet as JSON, or as the drawing that the client prefers.

    Raises InvalidInput and Unavailable as `fetch`, and Unavailable (`renderers-busy`).
    """
    media_type = accepted_type([JSON_TYPE, *drawing_types()])
    try:
        drawing_bytes = fetched(sheet.schematic_url) if sheet.schematic_url else None
        with render_slot(2.0) as is_free:
            if not is_free:
                raise busy()
            drawing = sheet.draw(drawing_bytes)
            data = b"" if media_type == JSON_TYPE else encoded(drawing, media_type)
    except InvalidInput as error:
        if error.field not in sheet.declared():
            error.field = "schematic_url"
        raise
    if media_type != JSON_TYPE:
        response = Response(data, content_type=media_type, headers=FILE_HEADERS)
    else:
        skipped = {"skipped": drawing.dropped} if drawing.dropped else {}
        response = json_response(
            {"status": "success", "svg_string": drawing.to_string(), **skipped}
        )
    response.vary.add("Accept")
    return with_ignored(response, ignored_members(g.get("json_body") or {}))


def ignored_members(given: Iterable[str]) -> list[FieldError]:
    known = FramedSheet.schema()().fields
    return [
        FieldError((name,), "Unknown field, ignored.", did_you_mean(name[:100], known))
        for name in given
        if name not in known
    ]


def fetched(url: str) -> bytes:
    if not _fetches.acquire(timeout=2.0):
        raise busy()
    try:
        private = UploadSettings.current().fetch_private
        return fetch(url, most=FramedSheet.MAX_BYTES, private=private, patience=5.0)
    finally:
        _fetches.release()


def busy() -> Unavailable:
    return Unavailable(
        "other sheets are being drawn; retry later", code="renderers-busy", retry_after=2
    )
