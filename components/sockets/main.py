"""Routes of WebSockets, group messages and the AsyncAPI document."""

from __future__ import annotations

import re

import flask
from flask import Response, g, json, request
from marshmallow import Schema, fields

from components.http.access import KEY_PROTOCOL, Access
from components.http.api import api_blueprint, document_text
from components.http.conditional import json_text_response
from components.http.long_connections import (
    DetachedResponse,
    live,
    supports_streaming,
)
from components.http.pages import base_address
from components.http.parameters import documented
from components.http.problems import BadFields, EdgeError, FieldError, with_members
from components.http.replies import ReplySchema, json_response
from components.sockets.actions import GROUP
from components.sockets.asyncapi import asyncapi_document
from components.sockets.codecs import Codec, EnvelopeCodec, FlatCodec
from components.sockets.commands import push
from components.sockets.sessions import Session
from libraries.errors import Unavailable
from libraries.job_manager import current_owner
from libraries.job_manager.events import send_to_group
from libraries.json_types import JsonObject
from libraries.live import (
    CloseCode,
    Conversation,
    close_frame,
    handshake_reply,
    is_handshake,
)
from libraries.settings import AccessSettings, SocketSettings

blueprint = api_blueprint("sockets", __name__, None, "Submit and follow jobs on one connection.")
blueprint.cli_group = None
blueprint.cli.add_command(push)
OPENED = "The WebSocket is open; `/asyncapi.json` describes its messages"
ENVELOPE, FLAT = EnvelopeCodec(), FlatCodec()


class SocketQuerySchema(Schema):
    """Query parameters of a WebSocket address."""

    token = fields.String(
        load_default="",
        metadata={"description": "Token instead of an API key; see `POST /jobs/<job_id>/token`."},
    )


class GroupMessageSchema(Schema):
    """A message to a group."""

    message = fields.Dict(
        required=True, metadata={"description": "Any JSON object; it is sent unchanged."}
    )


class SentSchema(ReplySchema):
    """The response to a message that was sent."""

    processes = fields.Integer(
        required=True,
        metadata={"description": "Number of web processes with a socket in the group."},
    )


@blueprint.route("/ws/background_jobs", access=Access.SOCKET)
@blueprint.arguments(SocketQuerySchema, location="query")
@blueprint.response(101, description=OPENED)
@blueprint.problems(403, 426, 503)
def background_jobs(query: JsonObject) -> Response:
    """Open a WebSocket whose messages are objects with `action` and `payload`."""
    return open_socket(ENVELOPE)


@blueprint.route("/ws/backgroundjob", access=Access.SOCKET)
@blueprint.arguments(SocketQuerySchema, location="query")
@blueprint.response(101, description=OPENED)
@blueprint.problems(403, 426, 503)
def background_job(query: JsonObject) -> Response:
    """Open a WebSocket whose messages are flat objects or plain text."""
    return open_socket(FLAT)


# Werkzeug matches handshakes only with `websocket=True`; the rules above answer other requests.
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
def send_message(body: JsonObject, group: str) -> Response:
    """Send a message to all sockets in a group.

    `client:<client_id>` reaches one socket, which gets its `client_id` from the action `hello`.
    """
    if not re.fullmatch(GROUP, group):
        raise BadFields(
            [FieldError(("group",), "Must be 1 to 64 letters, digits or any of _.:-")],
            location="path",
        )
    processes = send_to_group(current_owner(), group, body["message"])
    return json_response({"processes": processes}, status_code=202)


@blueprint.route("/asyncapi.json", access=Access.OPEN)
@blueprint.response(
    200,
    description="AsyncAPI 3.0 document",
    content_type="application/json",
    schema={"type": "object"},
    headers=documented("ETag"),
)
def asyncapi() -> Response:
    """Return the AsyncAPI document of WebSockets and event streams."""
    keyed = bool(AccessSettings.current().api_keys)
    text = document_text(
        "asyncapi",
        lambda: json.dumps(asyncapi_document(keyed=keyed)),
        keyed,
        base_address(),
    )
    return json_text_response(text)


def open_socket(codec: Codec) -> Response:
    """Return the response that opens a WebSocket; raises EdgeError and Unavailable."""
    if not is_handshake(request.headers.get):
        text = "this address accepts only WebSocket connections"
        raise EdgeError(
            text,
            code="upgrade-required",
            headers={
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
            },
        )
    if not supports_streaming():
        text = "this server does not support WebSockets; start it with `make run`"
        raise with_members(Unavailable(text, code="not-supported-here"), retry_after=60)
    connections = live()
    connections.check_room()
    session = Session(connections, g.caller, codec, SocketSettings.current(), g.admit_again)
    conversation = Conversation(connections.hub, connections.handlers, session)
    headers = handshake_reply(request.headers.get, chosen_protocol())
    expiry = close_frame(CloseCode.POLICY_VIOLATION, "the API key has expired")
    return DetachedResponse(101, headers, conversation, conversation.begin, expiry=expiry)


def chosen_protocol() -> str:
    """Return the accepted subprotocol, or ""; a key only if nothing else is offered."""
    header = request.headers.get("Sec-WebSocket-Protocol", "")
    offered = [name.strip() for name in header.split(",")]
    if "vector-api" in offered:
        return "vector-api"
    # Browsers reject a handshake that accepts none of the subprotocols they offered.
    return next((name for name in offered if KEY_PROTOCOL.fullmatch(name)), "")
