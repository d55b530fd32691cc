"""Actions on WebSockets of keys with scopes, and of keys that expire meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components.http.access import Caller
from components.sockets.codecs import EnvelopeCodec
from components.sockets.declarations import ACTIONS
from components.sockets.sessions import Session
from libraries.settings import SocketSettings


class Frames:
    """The conversation of a session, as far as the session uses it."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, frame: Any) -> None:
        self.sent.append(frame)


def answers(
    caller: Caller,
    action: str,
    payload: dict[str, Any] | None = None,
    count: Callable[[], object] = lambda: True,
) -> str:
    """Return what a session sends in reply to an action."""
    settings = SocketSettings.current()
    session = Session(None, caller, EnvelopeCodec(), settings, count)  # type: ignore[arg-type]
    frames = Frames()
    session.on_open(frames)  # type: ignore[arg-type]
    frames.sent.clear()
    session.on_message(frames, json.dumps({"action": action, "payload": payload or {}}))  # type: ignore[arg-type]
    return str(frames.sent)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("action", ["job", "cancel"])
def test_a_key_that_only_reads_submits_and_cancels_nothing(action: str) -> None:
    payload = {"job": {"type": "default", "content": "hello"}, "cancel": {"job_id": "x"}}[action]
    found = answers(Caller("ann", frozenset({"read"})), action, payload)
    assert "this needs an API key with the scope draw" in found


@pytest.mark.usefixtures("settings")
def test_every_action_that_changes_something_needs_the_scope_draw() -> None:
    assert {name for name, one in ACTIONS.items() if one.scope == "read"} == {
        "subscribe", "unsubscribe", "join", "leave",
    }  # fmt: skip


@pytest.mark.usefixtures("settings")
def test_a_key_that_expires_on_an_open_connection_is_refused() -> None:
    assert "has expired" in answers(Caller("ann", expires_at=time.time() - 1), "ping")
    assert "has expired" not in answers(Caller("ann", expires_at=time.time() + 60), "ping")


@pytest.mark.usefixtures("settings")
def test_a_token_still_allows_nothing_but_its_job() -> None:
    caller = Caller("ann", frozenset({"job:one"}))
    assert "only allows following its job" in answers(caller, "subscribe", {"job_id": "two"})
    assert "only allows following its job" in answers(caller, "join", {"group": "studio"})


@pytest.mark.usefixtures("settings")
def test_an_action_beyond_the_limit_of_requests_is_refused() -> None:
    left: Iterator[object] = iter([{}, None])
    caller = Caller("ann")
    assert "pong" in answers(caller, "ping", count=lambda: next(left))
    found = answers(caller, "ping", count=lambda: next(left))
    assert "the limit of requests a minute" in found
    assert "pong" not in found
