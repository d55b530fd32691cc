"""The route `GET /key`, which says whose API key a request has."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, g
from marshmallow import fields

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import ReplySchema, json_response
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.representation import utc
from libraries.json_types import JsonObject

blueprint = api_blueprint("key", __name__, None, "The API key of a request.")


class KeySchema(ReplySchema):
    """An API key, without the key itself."""

    owner = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Owner of the jobs of this key; null if the service has no keys."},
    )
    scopes = fields.List(
        fields.String(), required=True, metadata={"description": "What the key permits."}
    )
    expires_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When it stops working; null if it does not expire."},
    )


@blueprint.route("/key", access=Access.KEY)
@blueprint.response(200, KeySchema)
def show_key() -> Response:
    """Return whose API key the request has.

    Pages use it to check a key that was entered, and to show its owner.
    """
    caller = g.caller
    body: JsonObject = {
        "owner": None if caller.name == ANONYMOUS else caller.name,
        "scopes": sorted(caller.scopes),
        "expires_at": utc(datetime.fromtimestamp(caller.expires_at, UTC))
        if caller.expires_at
        else None,
    }
    return json_response(body)
