"""The WebSockets, and the routes that reach whoever is connected."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlsplit

import flask
from flask import Response, g, request
from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.access import KEY_PROTOCOL, Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.long_connections import (
    DetachedResponse,
    StreamingUnsupported,
    live,
    supports_streaming,
)
from components.http.problems import BadFields, EdgeError, FieldError
from components.http.replies import ReplySchema, json_response
from components.sockets.asyncapi import asyncapi_document
from components.sockets.commands import push
from components.sockets.frames import Envelope, Flat, Form
from components.sockets.sessions import GROUP, Session
from libraries.job_manager import current_owner
from libraries.job_manager.events import send_to_group
from libraries.live import Conversation, handshake_reply, is_handshake
from libraries.settings import get_settings

blueprint = api_blueprint(
    "sockets", __name__, None, "Ask for jobs and follow them on one connection."
)
blueprint.cli_group = None
blueprint.cli.add_command(push)
# What a client offers beside its key, and is answered with.
SUBPROTOCOL = "vector-api"


class UpgradeRequired(EdgeError):
    """Raised when the address of a WebSocket is asked for without the handshake."""

    code = "upgrade-required"
    headers: ClassVar[dict[str, str]] = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
    }


class ForeignOrigin(EdgeError):
    """Raised when a page of an origin that is not allowed opens a WebSocket."""

    code = "forbidden"


class SocketQuerySchema(Schema):
    """What may be said in the address of a WebSocket."""

    token = fields.String(
        load_default="",
        validate=Length(max=1024),
        metadata={"description": "In place of an API key; see a job's `token`."},
    )


class GroupMessageSchema(Schema):
    """A message to a group."""

    message = fields.Dict(
        required=True, metadata={"description": "Any JSON object; the sockets get it as it is."}
    )


class SentSchema(ReplySchema):
    """The reply to a message that was sent."""

    processes = fields.Integer(
        required=True, metadata={"description": "How many web processes had a listening socket."}
    )


@blueprint.route("/ws/background_jobs", access=Access.SOCKET)
@blueprint.arguments(SocketQuerySchema, location="query")
@blueprint.response(
    101, description="The WebSocket is open; `/asyncapi.json` describes what is said on it"
)
@blueprint.problems(403, 426, 503)
def background_jobs(query: dict[str, Any]) -> Response:
    """Open a WebSocket whose messages are envelopes with an action."""
    return open_socket(Envelope())


@blueprint.route("/ws/backgroundjob", access=Access.SOCKET)
@blueprint.arguments(SocketQuerySchema, location="query")
@blueprint.response(
    101, description="The WebSocket is open; `/asyncapi.json` describes what is said on it"
)
@blueprint.problems(403, 426, 503)
def background_job(query: dict[str, Any]) -> Response:
    """Open a WebSocket whose messages are flat, or plain text."""
    return open_socket(Flat())


# A handshake is matched only by rules that say so; the ones above answer whoever comes without.
for _rule, _endpoint in (
    ("/ws/background_jobs", "background_jobs"),
    ("/ws/backgroundjob", "background_job"),
):
    flask.Blueprint.add_url_rule(blueprint, _rule, _endpoint, websocket=True)


@blueprint.route(
    "/groups/<group>/messages",
    access=Access.KEY,
    methods=["POST"],
    parameters=[
        {"in": "path", "name": "group", "schema": {"type": "string", "pattern": f"^{GROUP}$"}}
    ],
)
@blueprint.arguments(GroupMessageSchema, example={"message": {"text": "hello"}})
@blueprint.response(202, SentSchema)
@blueprint.queues()
def send_message(asked: dict[str, Any], group: str) -> Response:
    """Send a message to all sockets that have joined a group.

    `client:<client_id>` reaches one socket; it learns its `client_id` by the action `hello`.
    """
    if not re.fullmatch(GROUP, group):
        raise BadFields(
            [FieldError(("group",), "Must be 1 to 64 letters, digits or any of _.:-")],
            location="path",
        )
    return json_response(
        {"processes": send_to_group(current_owner(), group, asked["message"])}, status_code=202
    )


@blueprint.route("/asyncapi.json", access=Access.OPEN)
@blueprint.response(
    200,
    description="A description (AsyncAPI 3.0)",
    content_type="application/json",
    schema={"type": "object"},
)
def asyncapi() -> Response:
    """Describe what is said on WebSockets and event streams, for machines."""
    return document_response(asyncapi_document(get_settings()))


def open_socket(form: Form) -> Response:
    """Return the response that opens a WebSocket.

    Raises:
        UpgradeRequired: the request is no handshake.
        ForeignOrigin: a page of another origin asks, where keys are set.
        StreamingUnsupported: the server cannot hand connections over.
        HubFull: too many are open.
    """
    if not is_handshake(request.headers.get):
        raise UpgradeRequired("this address is a WebSocket; open it with one")
    settings = get_settings()
    if settings.access.api_keys and not origin_allowed(settings.web.allowed_origins):
        raise ForeignOrigin(
            "pages of this origin may not open WebSockets here; see the setting ALLOWED_ORIGINS"
        )
    if not supports_streaming():
        raise StreamingUnsupported("WebSockets need the web process that `make run` starts")
    here = live()
    here.hub.check_room()
    conversation = Conversation(here.hub, here.handlers, Session(here, g.caller, form, settings))
    return DetachedResponse(
        101,
        handshake_reply(request.headers.get, chosen_protocol()),
        conversation,
        conversation.begin,
    )


def origin_allowed(allowed: tuple[str, ...]) -> bool:
    """Tell whether the page that asks, if it is one, is this server's own or one of the allowed ones."""
    origin = request.headers.get("Origin", "").rstrip("/").lower()
    return not origin or origin in allowed or urlsplit(origin).netloc == request.host.lower()


def chosen_protocol() -> str:
    """Return the subprotocol to answer with: a browser that offered some wants one of them, and not its key back."""
    offered = [
        name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    ]
    return (
        SUBPROTOCOL
        if SUBPROTOCOL in offered
        else next((name for name in offered if KEY_PROTOCOL.fullmatch(name)), "")
    )
