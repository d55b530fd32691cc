"""Declarations of WebSocket messages and actions."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from marshmallow import Schema

from components.http.json_schemas import Node
from libraries.json_types import JsonObject
from libraries.loading import LoadError
from libraries.settings import Scope


@dataclass(frozen=True)
class ClientMessage:
    """A decoded client message; replies repeat its `ref`."""

    action: str
    payload: JsonObject = field(default_factory=dict)
    ref: str | float | None = None


@dataclass(frozen=True)
class ServerMessage:
    """A message to a client. Members after `payload` are sent next to it, unless None."""

    name: str
    payload: JsonObject | None = None
    timestamp: str | None = field(default=None, kw_only=True)
    job_id: str | None = field(default=None, kw_only=True)
    seq: str | None = field(default=None, kw_only=True)
    job: JsonObject | None = field(default=None, kw_only=True)
    ref: str | float | None = field(default=None, kw_only=True)

    def extras(self, *, without: tuple[str, ...] = ()) -> JsonObject:
        """Return the members next to the payload, in the order in which they are sent."""
        names = ("timestamp", "job_id", "seq", "job", "ref")
        found = {name: getattr(self, name) for name in names if name not in without}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Documentation of a server message.

    `fields` has a JSON Schema for each member of the payload; an empty one stands for the member in
    `extras` of `asyncapi.toml`. `optional` names members that can be absent. `extras` are members
    next to the payload; those of `required_extras` are always present. Examples have members of
    both. Without fields the payload is null or absent.
    """

    name: str
    summary: str
    tag: str = ""
    description: str = ""
    fields: Mapping[str, Node] = field(default_factory=dict)
    optional: Collection[str] = ()
    has_payload: bool = True
    extras: Sequence[str] = ()
    required_extras: Sequence[str] = ()
    examples: Sequence[Mapping[str, Any]] = ({},)


class TokenAccess(enum.Enum):
    """Permission of callers whose token is limited to one job to run an action."""

    NO = enum.auto()
    SAME_JOB = enum.auto()
    YES = enum.auto()


@dataclass(frozen=True, kw_only=True)
class Action:
    """An action that a client can request.

    `reply` is the frame of `Session.reply`, or None if the answer is a status. `statuses` names the
    possible statuses, and `can_fail` says whether an `error` can follow. `requests` returns the
    requests by payload name if `schema` does not describe them all; it is called with the
    schemas of the AsyncAPI document.
    """

    name: str
    tag: str
    summary: str
    description: str
    schema: type[Schema]
    example: Mapping[str, Any]
    reply: Frame | None
    statuses: tuple[str, ...]
    can_fail: bool
    token: TokenAccess
    scope: Scope
    requests: Callable[[Any], dict[str, Frame]] | None
    # Called with the session and the message; its payload is loaded by `schema`.
    handle: Callable[[Any, ClientMessage], None]

    def request(self, payload: Node) -> Frame:
        """Return the request message; `payload` is the JSON Schema of `schema`."""
        fields: Node = payload["properties"]
        return Frame(
            name=self.name,
            summary=self.summary,
            fields=fields,
            optional=set(fields) - set(payload.get("required", ())),
            has_payload=bool(fields),
            extras=["ref"],
            examples=[{**self.example, "ref": 7}],
        )


Handler = TypeVar("Handler", bound=Callable[..., None])
# Filled by `action` when `components.sockets.actions` is imported.
ACTIONS: dict[str, Action] = {}


def action(
    *,
    tag: str,
    schema: type[Schema] = Schema,
    example: Mapping[str, Any] | None = None,
    reply: Frame | None = None,
    statuses: tuple[str, ...] = (),
    can_fail: bool = True,
    token: TokenAccess = TokenAccess.NO,
    scope: Scope = Scope.DRAW,
    requests: Callable[[Any], dict[str, Frame]] | None = None,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as an action under its name.

    The first line of the docstring is the summary in the AsyncAPI document, the rest the
    description. Raises LoadError for a duplicate name.
    """

    def register(handle: Handler) -> Handler:
        name = handle.__name__
        if name in ACTIONS:
            raise LoadError(f"action {name!r} is registered twice")
        summary, _, description = (inspect.getdoc(handle) or "").partition("\n\n")
        ACTIONS[name] = Action(
            name=name,
            tag=tag,
            summary=summary,
            description=description.replace("\n", " "),
            schema=schema,
            example=example or {},
            reply=replace(reply, tag=tag, extras=["ref"]) if reply else None,
            statuses=statuses,
            can_fail=can_fail,
            token=token,
            scope=scope,
            requests=requests,
            handle=handle,
        )
        return handle

    return register
