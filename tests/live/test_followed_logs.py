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
    """An answer that is held open."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=15)
    try:
        connection.request("GET", f"/jobs/{job}/logs?follow=1", headers=web.headers())
        response = connection.getresponse()
        yield response
        response.close()
    finally:
        connection.close()


def line(response: http.client.HTTPResponse) -> str:
    """The next line that is not empty, without its time; '' at the end."""
    while (said := response.readline().decode()) == "\n":
        pass
    return " ".join(said.split()[1:])


def timeless(text: bytes) -> list[str]:
    """The lines that are not empty, without their times: the beginning of an attempt is known a little better once it is over."""
    return [re.sub(r"^\d{4}-\S+Z ", "", one) for one in text.decode().splitlines() if one]


def test_lines_come_as_they_are_said_and_the_answer_ends_with_the_job(
    web: Web, gates: Gates
) -> None:
    job = web.submit("live_tasks.step", 3, gates.path())
    with following(web, job) as response:
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert line(response) == "queued workers.live_tasks.step"
        assert line(response).startswith("begun attempt 1, worker ")
        for number, percent in ((1, 33), (2, 67), (3, 100)):
            assert web.job(job)["status"] == "started"
            gates.open(f"gate{number}")
            assert line(response) == f"progress {percent} % step {number}"
        assert line(response).startswith("done attempt 1 after ")
        assert line(response) == "ended finished"
        assert response.read() == b""
    whole = web.ask("GET", f"/jobs/{job}/logs").body.decode()
    assert [one.split()[1] for one in whole.splitlines()] == [
        "queued",
        "begun",
        *["progress"] * 3,
        "done",
        "ended",
    ]


def test_what_is_followed_is_what_is_read_afterwards_over_several_attempts(web: Web) -> None:
    job = web.submit("log_tasks.stumble", "boom", "hello\nhello", retry={"max": 1, "interval": 1})
    with following(web, job) as response:
        heard = timeless(response.read())
    assert sorted(heard) == sorted(timeless(web.ask("GET", f"/jobs/{job}/logs").body))
    assert heard[-1].startswith("ended    failed:")
    assert sum("| Traceback" in one for one in heard) == 2


def test_a_silent_job_gets_empty_lines_that_keep_the_connection_open(
    web: Web, gates: Gates
) -> None:
    job = web.submit("live_tasks.hold", gates.path())
    web.wait_for(job, "started")
    with following(web, job) as response:
        assert response.readline().split()[1] == b"queued"
        assert response.readline().split()[1] == b"begun"
        assert response.readline() == b"\n"
        gates.open()
        assert line(response).startswith("done")


def test_a_job_that_is_canceled_or_deleted_ends_the_answer(web: Web) -> None:
    for method, path, word in (("POST", "/cancel", "canceled"), ("DELETE", "", "deleted")):
        job = web.submit("probe_tasks.nothing", delay=600)
        with following(web, job) as response:
            assert line(response).startswith("queued")
            assert web.ask(method, f"/jobs/{job}{path}").status < 300
            assert line(response) == f"ended {word}"
            assert response.read() == b""


def test_followed_logs_count_among_the_held_answers(
    installation: Installation, gates: Gates
) -> None:
    """One too many is a 503 that says when to come again, and a server that stops takes leave of the others."""
    small = installation.start_web(MAX_STREAMS="1").wait_until_ready()
    job = small.submit("live_tasks.hold", gates.path())
    with following(small, job) as response:
        assert line(response).startswith("queued")
        refused = small.ask("GET", f"/jobs/{job}/logs?follow=1")
        assert (refused.status, refused.body["type"]) == (503, "/problems/too-many-streams")
        assert int(refused.headers["Retry-After"]) > 0
        metrics = small.ask("GET", "/metrics").body.decode()
        assert "vector_held_connections 1.0" in metrics
        assert small.ask("GET", f"/jobs/{job}/logs").status == 200, "at once it is still told"
        assert small.stop() == 0
        response.read()
    gates.open()


@pytest.mark.parametrize("lines", [400])
def test_a_job_that_says_much_is_followed_without_a_gap(web: Web, gates: Gates, lines: int) -> None:
    job = web.submit("live_tasks.talk", gates.path(), lines)
    with following(web, job) as response:
        assert line(response).startswith("queued")
        asked = time.monotonic()
        gates.open()
        said = [
            one.split(maxsplit=2)[2]
            for one in response.read().decode().splitlines()
            if " log " in one
        ]
    assert said == [f"line {number}" for number in range(1, lines + 1)]
    assert time.monotonic() - asked < 60
