"""The order of the frames of a reply and of events, in the forms of chanx and of fast-channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from components.http.access import Caller
from components.sockets.codecs import EnvelopeCodec
from components.sockets.sessions import Session
from libraries.job_manager import JobEvent
from libraries.settings import SocketSettings
from tests.live.service import Installation, Socket, Web, status_of

SOCKETS, JOBS, UNANSWERED = 5, 100, 20


@pytest.fixture
def immediate() -> Iterator[Web]:
    """A web process that runs each job before it replies: an event is as early as it can be."""
    started = Installation(IMMEDIATE="1", SEND_COMPLETION="1")
    yield started.start_web().wait_until_ready()
    started.close()


def envelopes(client: Socket) -> list[str]:
    """Submit jobs, many before their replies; return what arrives, as `name ref-or-job`."""
    refs: dict[str, int] = {}
    seen: list[str] = []
    sent = ended = completed = 0
    while ended < JOBS or completed < JOBS:
        while sent < JOBS and sent - ended < UNANSWERED:
            payload = {"type": "default", "content": f"text {sent}"}
            client.send({"action": "job", "payload": payload, "ref": sent})
            sent += 1
        frame = client.receive()
        name = status_of(frame) or frame["action"]
        if name == "queued":
            refs[frame["payload"]["job_id"]] = frame["ref"]
        if name == "result":
            number = refs[frame["job_id"]]
            assert frame["payload"]["message"] == f"✅ Processed: TEXT {number}"
            seen.append(f"result {number}")
        else:
            seen.append(f"{name} {frame['ref']}" if "ref" in frame else name)
        ended, completed = ended + (name == "event_complete"), completed + (name == "complete")
    return seen


def flat_objects(client: Socket) -> list[str]:
    """Submit plain texts one by one; return the statuses and types that arrive."""
    seen = []
    for number in range(JOBS):
        client.send(f"text {number}")
        frames = [client.receive() for _ in range(3)]
        assert frames[2]["message"] == f"✅ Processed: TEXT {number}"
        seen += [frame.get("status") or frame["type"] for frame in frames]
    return seen


def test_the_frames_of_a_thousand_replies_and_events_are_in_order(immediate: Web) -> None:
    def talk(path: str, conversation: Callable[[Socket], list[str]], _: int) -> list[str]:
        with immediate.socket(path) as client:
            return conversation(client)

    one = partial(talk, "/ws/background_jobs", envelopes)
    other = partial(talk, "/ws/backgroundjob", flat_objects)
    with ThreadPoolExecutor(2 * SOCKETS) as pool:
        chanx, flat = pool.map(one, range(SOCKETS)), pool.map(other, range(SOCKETS))
    for seen in flat:
        assert seen == ["queuing", "queued", "job_result"] * JOBS
    for seen in chanx:
        # Each job is a reply and then an event, and nothing comes between their frames.
        replies = [index for index, name in enumerate(seen) if name.startswith("queuing")]
        for number, index in enumerate(replies):
            assert seen[index : index + 3] == [f"queuing {number}", f"queued {number}", "complete"]
            event = seen.index(f"result {number}")
            assert index + 3 <= event
            assert seen[event + 1] == "event_complete"
        assert len(seen) == 5 * JOBS


class Frames:
    """The conversation of a session, as far as the session uses it."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        self.sent.append(text)


def test_events_that_arrive_during_a_reply_are_sent_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also those of other jobs; those of a job that the reply unsubscribes are not sent."""
    settings: Any = SocketSettings(socket_cooldown=0, send_completion=True)
    session = Session(None, Caller("ann"), EnvelopeCodec(), settings)  # type: ignore[arg-type]
    frames = Frames()
    session.on_open(frames)  # type: ignore[arg-type]
    followers: Any = {name: object() for name in ("kept", "dropped")}
    session._jobs.update(followers)
    log = JobEvent("1-1", "log", {"message": "line"})

    def reply(text: str) -> None:
        for name in followers:
            session._on_job_event(name, log)
        del session._jobs["dropped"]
        session.send_status("queued", text)

    monkeypatch.setattr(session, "_answer", reply)
    session.on_message(frames, "hello")  # type: ignore[arg-type]
    assert ["queued" in frames.sent[1], *frames.sent[2:]] == [
        True,
        '{"action": "complete"}',
        '{"action": "job_log", "payload": {"job_id": "kept", "message": "line"}}',
        '{"action": "event_complete"}',
    ]
    session._on_job_event("kept", log)
    assert frames.sent[-1] == '{"action": "event_complete"}'
    assert len(frames.sent) == 7
