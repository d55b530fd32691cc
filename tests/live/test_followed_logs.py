"""The log of a job while it runs: `GET /jobs/<job_id>/logs?follow=1`."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from collections.abc import Iterator

import pytest

from tests.live.service import Gates, Installation, Web


@contextlib.contextmanager
def following(web: Web, job: str) -> Iterator[http.client.HTTPResponse]:
    """Return an open response."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=15)
    try:
        connection.request("GET", f"/jobs/{job}/logs?follow=1", headers=web.headers())
        response = connection.getresponse()
        yield response
        response.close()
    finally:
        connection.close()


def line(response: http.client.HTTPResponse) -> str:
    """Return the next non-empty line without its time; '' at the end."""
    while (output := response.readline().decode()) == "\n":
        pass
    return " ".join(output.split()[1:])


def timeless(text: bytes) -> list[str]:
    """Return the non-empty lines without their times, which become more precise after an attempt."""
    return [re.sub(r"^\d{4}-\S+Z ", "", one) for one in text.decode().splitlines() if one]


def test_lines_are_streamed_until_the_job_ends(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.report_steps", 3, gates.path())
    with following(web, job) as response:
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert line(response) == "queued workers.live_tasks.report_steps"
        assert line(response).startswith("begun attempt 1, worker ")
        for number, percent in ((1, 33), (2, 67), (3, 100)):
            assert web.job(job)["status"] == "started"
            gates.open(f"gate{number}")
            assert line(response) == f"progress {percent} % step {number}"
        assert line(response).startswith("done attempt 1 after ")
        assert line(response) == "ended finished"
        assert response.read() == b""
    whole = web.request("GET", f"/jobs/{job}/logs").body.decode()
    assert [one.split()[1] for one in whole.splitlines()] == [
        "queued",
        "begun",
        *["progress"] * 3,
        "done",
        "ended",
    ]


def test_a_followed_log_is_the_same_as_the_complete_one(web: Web) -> None:
    job = web.submit("log_tasks.stumble", "boom", "hello\nhello", retry={"max": 1, "interval": 1})
    with following(web, job) as response:
        log = timeless(response.read())
    assert sorted(log) == sorted(timeless(web.request("GET", f"/jobs/{job}/logs").body))
    assert log[-1].startswith("ended    failed:")
    assert sum("| Traceback" in one for one in log) == 2


def test_a_silent_job_is_kept_alive_with_empty_lines(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path())
    web.wait_for(job, "started")
    with following(web, job) as response:
        assert response.readline().split()[1] == b"queued"
        assert response.readline().split()[1] == b"begun"
        assert response.readline() == b"\n"
        gates.open()
        assert line(response).startswith("done")


def test_the_response_ends_when_the_job_is_canceled_or_deleted(web: Web) -> None:
    for method, path, word in (("POST", "/cancel", "canceled"), ("DELETE", "", "deleted")):
        job = web.submit("probe_tasks.nothing", delay=600)
        with following(web, job) as response:
            assert line(response).startswith("queued")
            assert web.request(method, f"/jobs/{job}{path}").status < 300
            assert line(response) == f"ended {word}"
            assert response.read() == b""


def test_followed_logs_count_as_held_connections(installation: Installation, gates: Gates) -> None:
    """One too many gets 503 with Retry-After; a stopping server ends the others."""
    small = installation.start_web(WEB_PROCESSES="1", MAX_STREAMS="1").wait_until_ready()
    job = small.submit("live_tasks.hold", gates.path())
    with following(small, job) as response:
        assert line(response).startswith("queued")
        refused = small.request("GET", f"/jobs/{job}/logs?follow=1")
        assert (refused.status, refused.body["type"]) == (503, "/problems/too-many-streams")
        assert int(refused.headers["Retry-After"]) > 0
        metrics = small.request("GET", "/metrics").body.decode()
        assert "vector_held_connections 1.0" in metrics
        assert small.request("GET", f"/jobs/{job}/logs").status == 200, (
            "the complete log is still available"
        )
        assert small.stop() == 0
        response.read()
    gates.open()


@pytest.mark.parametrize("lines", [400])
def test_a_long_log_is_followed_without_gaps(web: Web, gates: Gates, lines: int) -> None:
    job = web.submit("live_tasks.log_lines", gates.path(), lines)
    with following(web, job) as response:
        assert line(response).startswith("queued")
        requested_at = time.monotonic()
        gates.open()
        output = [
            one.split(maxsplit=2)[2]
            for one in response.read().decode().splitlines()
            if " log " in one
        ]
    assert output == [f"line {number}" for number in range(1, lines + 1)]
    assert time.monotonic() - requested_at < 60
