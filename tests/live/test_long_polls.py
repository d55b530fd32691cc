"""Clients that ask for a job and wait for the answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.conftest import until
from tests.live.service import Gates, Installation, Reply, Web


class Asking:
    """A request whose answer is waited for in a thread."""

    def __init__(self, web: Web, path: str, headers: dict[str, str] | None = None) -> None:
        self._replies: list[Reply] = []
        self._thread = threading.Thread(
            target=lambda: self._replies.append(web.ask("GET", path, headers=headers, timeout=70))
        )
        self._thread.start()

    @property
    def waits(self) -> bool:
        """Tell whether there is no answer yet."""
        return self._thread.is_alive()

    def reply(self) -> Reply:
        """The answer, once it has come."""
        self._thread.join(30)
        return self._replies[0]


def test_the_answer_comes_when_the_job_ends(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path(), "well")
    asked = [
        Asking(web, f"/jobs/{job}?wait=30"),
        Asking(web, f"/jobs/{job}", {"Prefer": "wait=30"}),
        Asking(web, f"/jobs/{job}", {"Prefer": 'respond-async, wait = "30"'}),
    ]
    web.wait_for(job, "started")
    assert all(one.waits for one in asked)
    gates.open()
    replies = [one.reply() for one in asked]
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


def test_a_job_that_has_ended_is_shown_at_once(web: Web) -> None:
    job = web.submit("probe_tasks.nothing")
    web.wait_for(job)
    reply = web.ask("GET", f"/jobs/{job}?wait=60")
    assert (reply.status, reply.body["status"]) == (200, "finished")
    assert reply.seconds < 2


def test_a_job_that_does_not_end_in_time_is_shown_as_it_is_then(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path())
    web.wait_for(job, "started")
    reply = web.ask("GET", f"/jobs/{job}?wait=1")
    assert (reply.status, reply.body["status"], reply.headers["Retry-After"]) == (
        200,
        "started",
        "1",
    )
    assert 1 <= reply.seconds < 3
    again = web.ask("GET", f"/jobs/{job}?wait=1", headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert 1 <= again.seconds < 3
    gates.open()


def test_with_an_etag_each_change_is_an_answer(web: Web, gates: Gates) -> None:
    """The way a client without event streams shows how far a job is."""
    job = web.submit("live_tasks.step", 3, gates.path("step"))
    web.wait_for(job, "started")
    seen, etag = [], web.ask("GET", f"/jobs/{job}").headers["ETag"]
    for number in range(1, 4):
        asking = Asking(web, f"/jobs/{job}?wait=20", {"If-None-Match": etag})
        gates.open(f"step{number}")
        reply = asking.reply()
        assert (reply.status, reply.seconds < 10) == (200, True)
        seen.append(reply.body["progress"]["message"])
        etag = reply.headers["ETag"]
    assert seen == ["step 1", "step 2", "step 3"]
    end = web.ask("GET", f"/jobs/{job}?wait=20", headers={"If-None-Match": etag})
    assert (end.status, end.body["status"]) == (200, "finished")


def test_a_job_that_is_deleted_while_somebody_waits_is_gone(web: Web) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    asking = Asking(web, f"/jobs/{job}?wait=30")
    assert web.ask("GET", f"/jobs/{job}?wait=1").status == 200, "meanwhile the other waits too"
    assert asking.waits
    assert web.ask("DELETE", f"/jobs/{job}").status == 204
    reply = asking.reply()
    assert reply.status in (404, 410)
    assert reply.seconds < 10


@pytest.mark.parametrize("wait", ["-1", "61", "x", "1e9", "0.5"])
def test_what_is_no_time_to_wait_is_refused(web: Web, wait: str) -> None:
    assert web.ask("GET", f"/jobs/none?wait={wait}").status == 422


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=x", "wait=-1", "w" * 4000])
def test_what_is_no_preference_is_passed_over(web: Web, prefer: str) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    reply = web.ask("GET", f"/jobs/{job}", headers={"Prefer": prefer})
    assert (reply.status, reply.seconds < 2) == (200, True)


@pytest.fixture
def narrow(installation: Installation) -> Iterator[Web]:
    """A web process with so few threads that four requests may wait."""
    started = installation.start_web(WEB_THREADS="36").wait_until_ready()
    yield started
    started.close()


def test_who_waits_keeps_nobody_else_waiting(narrow: Web, gates: Gates) -> None:
    """When as many wait as may, the next is answered at once, and has to ask again."""
    job = narrow.submit("live_tasks.hold", gates.path())
    narrow.wait_for(job, "started")
    asked = [Asking(narrow, f"/jobs/{job}?wait=30") for _ in range(12)]
    until(lambda: sum(one.waits for one in asked) == 4, what="eight answers at once")
    for one in asked:
        if not one.waits:
            reply = one.reply()
            assert (reply.status, reply.body["status"], reply.headers["Retry-After"]) == (
                200,
                "started",
                "1",
            )
    for _ in range(20):
        assert narrow.ask("GET", "/healthz").seconds < 1
    assert sum(one.waits for one in asked) == 4
    gates.open()
    assert sum(one.reply().body["status"] == "finished" for one in asked) == 4
