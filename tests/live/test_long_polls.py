"""Long polls: requests that wait for a change of a job."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.conftest import until
from tests.live.service import Gates, Installation, Reply, Web


class LongPoll:
    """A request that waits for its response in a thread."""

    def __init__(self, web: Web, path: str, headers: dict[str, str] | None = None) -> None:
        self._replies: list[Reply] = []
        self._thread = threading.Thread(
            target=lambda: self._replies.append(
                web.request("GET", path, headers=headers, timeout=70)
            )
        )
        self._thread.start()

    @property
    def waits(self) -> bool:
        """True while there is no response."""
        return self._thread.is_alive()

    def reply(self) -> Reply:
        """Wait for the response and return it."""
        self._thread.join(30)
        return self._replies[0]


def test_the_response_arrives_when_the_job_ends(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path(), "well")
    polls = [
        LongPoll(web, f"/jobs/{job}?wait=30"),
        LongPoll(web, f"/jobs/{job}", {"Prefer": "wait=30"}),
        LongPoll(web, f"/jobs/{job}", {"Prefer": 'respond-async, wait = "30"'}),
    ]
    web.wait_for(job, "started")
    assert all(one.waits for one in polls)
    gates.open()
    replies = [one.reply() for one in polls]
    assert [(reply.status, reply.body["status"], reply.body["result"]) for reply in replies] == [
        (200, "finished", "well")
    ] * 3
    assert [reply.headers["Preference-Applied"] for reply in replies] == [
        None,
        "wait=30",
        "wait=30",
    ]
    assert all(reply.seconds < 10 for reply in replies)
    assert all("Retry-After" not in reply.headers for reply in replies)


def test_an_ended_job_is_returned_at_once(web: Web) -> None:
    job = web.submit("probe_tasks.nothing")
    web.wait_for(job)
    reply = web.request("GET", f"/jobs/{job}?wait=60")
    assert (reply.status, reply.body["status"]) == (200, "finished")
    assert reply.seconds < 2


def test_a_job_that_does_not_end_in_time_is_returned_unfinished(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path())
    web.wait_for(job, "started")
    reply = web.request("GET", f"/jobs/{job}?wait=1")
    assert (reply.status, reply.body["status"], reply.headers["Retry-After"]) == (
        200,
        "started",
        "1",
    )
    assert 1 <= reply.seconds < 3
    again = web.request(
        "GET", f"/jobs/{job}?wait=1", headers={"If-None-Match": reply.headers["ETag"]}
    )
    assert (again.status, again.body) == (304, b"")
    assert 1 <= again.seconds < 3
    gates.open()


def test_with_an_etag_each_change_is_returned(web: Web, gates: Gates) -> None:
    """A client without event streams shows progress in this way."""
    job = web.submit("live_tasks.report_steps", 3, gates.path("step"))
    web.wait_for(job, "started")
    seen, etag = [], web.request("GET", f"/jobs/{job}").headers["ETag"]
    for number in range(1, 4):
        poll = LongPoll(web, f"/jobs/{job}?wait=20", {"If-None-Match": etag})
        gates.open(f"step{number}")
        reply = poll.reply()
        assert (reply.status, reply.seconds < 10) == (200, True)
        seen.append(reply.body["progress"]["message"])
        etag = reply.headers["ETag"]
    assert seen == ["step 1", "step 2", "step 3"]
    end = web.request("GET", f"/jobs/{job}?wait=20", headers={"If-None-Match": etag})
    assert (end.status, end.body["status"]) == (200, "finished")


def test_the_deletion_of_a_job_ends_a_long_poll(web: Web) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    poll = LongPoll(web, f"/jobs/{job}?wait=30")
    assert web.request("GET", f"/jobs/{job}?wait=1").status == 200, "the other request still waits"
    assert poll.waits
    assert web.request("DELETE", f"/jobs/{job}").status == 204
    reply = poll.reply()
    assert reply.status in (404, 410)
    assert reply.seconds < 10


@pytest.mark.parametrize("wait", ["-1", "61", "x", "1e9", "0.5"])
def test_an_invalid_wait_is_rejected(web: Web, wait: str) -> None:
    assert web.request("GET", f"/jobs/none?wait={wait}").status == 422


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=x", "wait=-1", "w" * 4000])
def test_an_invalid_preference_is_ignored(web: Web, prefer: str) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    reply = web.request("GET", f"/jobs/{job}", headers={"Prefer": prefer})
    assert (reply.status, reply.seconds < 2) == (200, True)


@pytest.fixture
def narrow(installation: Installation) -> Iterator[Web]:
    """Return a web process with so few threads that only four requests may wait."""
    started = installation.start_web(WEB_PROCESSES="1", WEB_THREADS="36").wait_until_ready()
    yield started
    started.close()


def test_long_polls_do_not_block_other_requests(narrow: Web, gates: Gates) -> None:
    """Requests over the limit are answered at once, and the client must repeat them."""
    job = narrow.submit("live_tasks.hold", gates.path())
    narrow.wait_for(job, "started")
    polls = [LongPoll(narrow, f"/jobs/{job}?wait=30") for _ in range(12)]
    until(lambda: sum(one.waits for one in polls) == 4, what="eight immediate responses")
    for one in polls:
        if not one.waits:
            reply = one.reply()
            assert (reply.status, reply.body["status"], reply.headers["Retry-After"]) == (
                200,
                "started",
                "1",
            )
    for _ in range(20):
        assert narrow.request("GET", "/healthz").seconds < 1
    assert sum(one.waits for one in polls) == 4
    gates.open()
    assert sum(one.reply().body["status"] == "finished" for one in polls) == 4
