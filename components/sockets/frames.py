"""The two forms of what is said on a WebSocket: an envelope with an action, and the flat form that takes plain text as well.

What happens is the same for both; a form turns what came into an `Asked`, and what is to be told into a frame.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from components.http.strict_json import MalformedJson, lone_surrogates, parse_strictly

# What a client may ask for besides a job.
ACTIONS = ("ping", "job", "subscribe", "unsubscribe", "cancel", "join", "leave", "hello")
LONGEST_REF = 200


class BadMessage(Exception):
    """Raised when a message is not in the form of its socket; the text is for the client."""


@dataclass(frozen=True)
class Asked:
    """What a client asked for: the action, its payload, and the client's own word for the message, which replies repeat."""

    action: str
    payload: dict[str, Any] = field(default_factory=dict)
    ref: Any = None


class Form(Protocol):
    """How messages are written on one kind of socket."""

    def read(self, text: str) -> Asked:
        """Return what a message asks for.

        Raises:
            BadMessage: it is in no form that is known.
        """

    def status(self, status: str, message: str, **extra: Any) -> str:
        """Return the frame for `connected`, `queuing`, `queued`, `result`, `error`, `canceled` and so on."""

    def progress(self, job_id: str, event_id: str, said: dict[str, Any]) -> str:
        """Return the frame for the progress of a job."""

    def tell(self, action: str, payload: dict[str, Any] | None, ref: Any = None) -> str:
        """Return the frame for any other reply."""

    def complete(self, *, event: bool) -> str:
        """Return the frame that says that all frames of a reply, or of an event, were sent; '' for none."""


class Envelope:
    """`{"action": ..., "payload": ...}`; beside the payload stand `job_id`, `seq`, `ref` and `job` where they belong."""

    def read(self, text: str) -> Asked:
        """Return what a message asks for."""
        said = _object(text)
        if said is None:
            raise BadMessage("send a JSON object with an action and a payload")
        action, payload = said.get("action"), said.get("payload")
        if action not in ACTIONS:
            raise BadMessage(f"the action must be one of {', '.join(ACTIONS)}")
        if payload is not None and not isinstance(payload, dict):
            raise BadMessage("the payload must be an object")
        return Asked(action, payload or {}, _ref(said))

    def status(self, status: str, message: str, *, ref: Any = None, **extra: Any) -> str:
        """Return a `job_status` frame; a queued job's id stands in the payload, all else beside it."""
        payload = {"status": status, "message": message}
        if status == "queued":
            payload["job_id"] = extra.pop("job_id")
        return _text({"action": "job_status", "payload": payload, **_given(extra | {"ref": ref})})

    def progress(self, job_id: str, event_id: str, said: dict[str, Any]) -> str:
        """Return a `job_progress` frame."""
        return _text({"action": "job_progress", "payload": said, "job_id": job_id, "seq": event_id})

    def tell(self, action: str, payload: dict[str, Any] | None, ref: Any = None) -> str:
        """Return a frame with any action."""
        return _text({"action": action, "payload": payload, **_given({"ref": ref})})

    def complete(self, *, event: bool) -> str:
        """Return the frame that ends a reply or an event."""
        return _text({"action": "event_complete" if event else "complete"})


class Flat:
    """`{"type": ..., "content": ...}` or plain text in; `{"status": ...}` and `{"type": "job_result", ...}` out."""

    def read(self, text: str) -> Asked:
        """Return what a message asks for; what is no JSON object is the content of a default job."""
        said = _object(text)
        if said is None:
            return Asked("job", {"type": "default", "content": text})
        kind = said.get("type", "default")
        if not isinstance(kind, str):
            raise BadMessage("the type must be a text")
        if kind in ACTIONS and kind != "job" and "content" not in said:
            return Asked(
                kind,
                {name: value for name, value in said.items() if name not in ("type", "ref")},
                _ref(said),
            )
        return Asked("job", {"type": kind, "content": said.get("content", "")}, _ref(said))

    def status(self, status: str, message: str, *, ref: Any = None, **extra: Any) -> str:
        """Return a `status` frame, or for a result the frame that carries it."""
        if status == "result":
            said = {name: value for name, value in extra.items() if name not in ("job_id", "seq")}
            return _text({"type": "job_result", "message": message, **_given(said)})
        extra.pop("seq", None)
        return _text({"status": status, "message": message, **_given(extra | {"ref": ref})})

    def progress(self, job_id: str, event_id: str, said: dict[str, Any]) -> str:
        """Return a `job_progress` frame."""
        return _text({"type": "job_progress", "job_id": job_id, **said})

    def tell(self, action: str, payload: dict[str, Any] | None, ref: Any = None) -> str:
        """Return a frame with any type."""
        return _text({"type": action, **(payload or {}), **_given({"ref": ref})})

    def complete(self, *, event: bool) -> str:
        """Return nothing: this form has no such frame."""
        return ""


def _object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that a message is, None for anything else."""
    try:
        found = parse_strictly(text.encode("utf-8", "surrogatepass"))
    except MalformedJson:
        return None
    if not isinstance(found, dict):
        return None
    if next(lone_surrogates(found), None) is not None:
        raise BadMessage("a text holds half of a surrogate pair, which is not a character")
    return found


def _ref(said: dict[str, Any]) -> Any:
    ref = said.get("ref")
    number = isinstance(ref, int | float) and not isinstance(ref, bool)
    if ref is not None and not (number or (isinstance(ref, str) and len(ref) <= LONGEST_REF)):
        raise BadMessage(f"ref must be a number or a text of up to {LONGEST_REF} characters")
    return ref


def _given(extra: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extra.items() if value is not None}


def _text(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False)
