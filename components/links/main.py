"""The route that makes signed links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, g
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range
from werkzeug.exceptions import HTTPException

from components.http.access import EXTENSION, Access
from components.http.api import api_blueprint
from components.http.replies import ReplySchema, json_response
from components.http.tokens import MAX_LINK_S, make_token
from libraries.errors import InvalidInput
from libraries.fields import WholeNumber
from libraries.gallery import find_drawing
from libraries.job_manager import current_owner, fetch_batch, find_job
from libraries.job_manager.representation import utc
from libraries.settings import Scope

blueprint = api_blueprint("links", __name__, "/links", "Make addresses that open without a key.")

# Looks up what a path is about, by the name of its parameter.
LOOKUPS: dict[str, Callable[[str], object]] = {
    "job_id": find_job,
    "batch_id": fetch_batch,
    "drawing_id": lambda drawing_id: find_drawing(current_owner(), drawing_id),
}


class LinkRequestSchema(Schema):
    """A request for a link."""

    path = fields.String(
        required=True,
        validate=Length(1, 1000),
        metadata={
            "description": "The path of a result, artifact, preview, log, event stream, job, archive, gallery drawing or "
            "`/draw` address.",
            "example": "/jobs/0b6f3a/preview.png",
        },
    )
    expires_in = WholeNumber(
        load_default=24 * 3600,
        validate=Range(1, MAX_LINK_S),
        metadata={
            "description": "Seconds until it stops working, 30 days at most.",
            "example": 3600,
        },
    )


class LinkSchema(ReplySchema):
    """A link."""

    url = fields.String(
        required=True,
        metadata={"description": "The path with the token. Query parameters may be added."},
    )
    token = fields.String(required=True)
    expires_at = fields.String(required=True, metadata={"description": "When it stops working."})


@blueprint.route("", access=Access.KEY, scope=Scope.READ, methods=["POST"])
@blueprint.arguments(LinkRequestSchema)
@blueprint.response(201, LinkSchema)
@blueprint.problems(404)
@blueprint.queues()
def create_link(options: dict[str, Any]) -> Response:
    """Make a link that opens one path without a key.

    It works in `<img>`, `<a download>` and `EventSource`, also on pages of other origins, and opens nothing but this path. It
    stops working when it expires, when the job, batch or drawing is deleted, and when the operator changes `LINK_SECRET`.
    """
    path = options["path"]
    check_linkable(path)
    token, expires_at = make_token(g.caller.name, path, options["expires_in"])
    body = {
        "url": f"{path}?token={token}",
        "token": token,
        "expires_at": utc(datetime.fromtimestamp(expires_at, UTC)),
    }
    return json_response(body, status_code=201)


def check_linkable(path: str) -> None:
    """Check that a link can open `path`, and that the caller can see what it is about.

    Raises:
        InvalidInput: no route that takes tokens has this path.
        NotFound: the job, batch or drawing is not found, or belongs to another owner.
    """
    try:
        endpoint, values = current_app.url_map.bind("localhost").match(path, "GET")
    except HTTPException:
        endpoint, values = "", {}
    if current_app.extensions[EXTENSION].get(endpoint) is not Access.TOKEN:
        raise InvalidInput(
            "a link can open the path of a job's result, artifact, preview, log or events, of a "
            "batch's archive, of a drawing of the gallery, or of a pattern at /draw; this is none of "
            "them",
            code="not-linkable",
        )
    for name, lookup in LOOKUPS.items():
        if name in values:
            lookup(values[name])
