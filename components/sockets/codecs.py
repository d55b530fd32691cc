"""Encodings of WebSocket messages: envelopes with an action, and flat objects or plain text."""

from __future__ import annotations

import json
from typing import Any, Protocol

from components.http.strict_json import MalformedJson, lone_surrogates, parse_strictly
from components.sockets.declarations import ACTIONS, ClientMessage, ServerMessage
from libraries.json_types import JsonObject

MAX_REF_CHARS = 200
# Sent after the frames of a reply or an event, only in envelopes.
COMPLETIONS = ("complete", "event_complete")


class BadMessage(Exception):
    """Raised when a message cannot be decoded or accepted; its text is sent to the client."""


class Codec(Protocol):
    """Decodes the messages of clients and encodes those of the server."""

    def decode(self, text: str) -> ClientMessage:
        """Decode a message; raise BadMessage if it does not have the form of this codec."""

    def encode(self, message: ServerMessage) -> str:
        """Encode a message; return an empty string if this codec omits it."""

    def __hash__(self) -> int:
        """Return a hash: encoded frames are cached by codec."""


class EnvelopeCodec:
    """`{"action": ..., "payload": ...}`, with `job_id`, `seq`, `ref` and `job` next to it."""

    def decode(self, text: str) -> ClientMessage:
        found = _object(text)
        if found is None:
            raise BadMessage("a message must be a JSON object with an action and a payload")
        action, payload = found.get("action"), found.get("payload")
        if not isinstance(action, str) or action not in ACTIONS:
            raise BadMessage(f"the action must be one of {', '.join(ACTIONS)}")
        if payload is not None and not isinstance(payload, dict):
            raise BadMessage("the payload must be an object")
        return ClientMessage(action, payload or {}, _ref(found))

    def encode(self, message: ServerMessage) -> str:
        payload = {} if message.name in COMPLETIONS else {"payload": message.payload}
        return _text({"action": message.name, **payload, **message.extras()})


class FlatCodec:
    """`{"type": ...}` or plain text from clients; `{"status": ...}` or `{"type": ...}` to them."""

    def decode(self, text: str) -> ClientMessage:
        """Decode a message; anything but a JSON object is the content of a job."""
        found = _object(text)
        if found is None:
            return ClientMessage("job", {"content": text})
        kind = found.get("type", "default")
        if not isinstance(kind, str):
            raise BadMessage("the type must be a string")
        ref = _ref(found)
        if kind in ACTIONS and kind != "job" and "content" not in found:
            payload = {name: found[name] for name in found if name not in ("type", "ref")}
            return ClientMessage(kind, payload, ref)
        return ClientMessage("job", {"type": kind, "content": found.get("content", "")}, ref)

    def encode(self, message: ServerMessage) -> str:
        if message.name in COMPLETIONS:
            return ""
        payload = message.payload or {}
        if message.name != "job_status":
            extras, ref = message.extras(without=("seq", "ref")), _given(ref=message.ref)
            return _text({"type": message.name, **extras, **payload, **ref})
        if payload["status"] != "result":
            return _text({**payload, **message.extras(without=("seq",))})
        extras = message.extras(without=("job_id", "seq", "ref"))
        return _text({"type": "job_result", "message": payload["message"], **extras})


def _object(text: str) -> JsonObject | None:
    """Return the JSON object in `text`, or None if it is anything else."""
    try:
        found = parse_strictly(text.encode("utf-8", "surrogatepass"))
    except MalformedJson:
        return None
    if not isinstance(found, dict):
        return None
    if next(lone_surrogates(found), None) is not None:
        raise BadMessage("a string contains a lone surrogate")
    return found


def _ref(found: JsonObject) -> str | float | None:
    ref = found.get("ref")
    if ref is None or (isinstance(ref, int | float) and not isinstance(ref, bool)):
        return ref
    if isinstance(ref, str) and len(ref) <= MAX_REF_CHARS:
        return ref
    raise BadMessage(f"ref must be a number or a string of at most {MAX_REF_CHARS} characters")


def _given(**members: Any) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _text(frame: JsonObject) -> str:
    return json.dumps(frame, ensure_ascii=False)
