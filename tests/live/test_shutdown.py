"""Shutdown of a web process while clients follow jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conftest import Stopwatch
from tests.live.service import Gates, Installation, Web
from tests.live.test_long_polls import LongPoll


def follow(web: Web, job: str) -> socket.socket:
    """Open an event stream on a plain socket, and read its headers."""
    connection = socket.create_connection(("127.0.0.1", web.port), timeout=10)
    connection.sendall(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert connection.recv(17) == b"HTTP/1.1 200 OK\r\n"
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_with_many_connections_stops_without_waiting_for_its_clients(
    installation: Installation, web: Web, gates: Gates, number: int
) -> None:
    """Five streams that their clients do not close, two long polls and two sockets; the job continues."""
    stopping = installation.start_web().wait_until_ready()
    job = stopping.submit("live_tasks.hold", gates.path())
    stopping.wait_for(job, "started")
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(follow(stopping, job)) for _ in range(5)]
        polls = [LongPoll(stopping, f"/jobs/{job}?wait=60") for _ in range(2)]
        sockets = [
            stack.enter_context(stopping.socket(path))
            for path in ("/ws/background_jobs", "/ws/backgroundjob")
        ]
        sockets[0].request({"action": "subscribe", "payload": {"job_id": job}})
        assert all(poll.waits for poll in polls)
        started = Stopwatch()
        assert stopping.stop(number) == 0
        # The streams of these clients would last for hours.
        assert started.seconds() < 20
        assert [poll.reply().body["status"] for poll in polls] == ["started"] * 2
        for one in sockets:
            with pytest.raises(ConnectionClosed) as ended:
                one.receive(timeout=5)
            assert ended.value.rcvd is not None
            assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (1001, "the server stops")
        for stream in streams:
            while data := stream.recv(65536):
                assert b"event: finished" not in data
    assert "Traceback" not in stopping.log.read_text()
    with web.stream(job) as again:
        assert again.next().data["status"] == "started"
        gates.open()
        assert again.rest()[-1].name == "finished"


def test_clients_can_reconnect_to_another_process_after_a_crash(
    installation: Installation, web: Web, gates: Gates
) -> None:
    killed = installation.start_web().wait_until_ready()
    job = killed.submit("live_tasks.log_lines", gates.path(), 3)
    with killed.stream(job) as stream:
        stream.next()
        holder = killed.pid
        killed.process.kill()
        killed.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(holder, signal.SIGKILL)
    with web.stream(job) as stream:
        stream.next()
        gates.open()
        events = stream.rest()
    assert [event.data["message"] for event in events if event.name == "log"] == [
        "line 1",
        "line 2",
        "line 3",
    ]
    assert events[-1].name == "finished"
