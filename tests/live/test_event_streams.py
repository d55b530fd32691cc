"""Event streams, read with the independent client `sseclient-py`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Stopwatch, until
from tests.live.conftest import KEYS
from tests.live.service import Gates, Installation, Stream, StreamEvent, Web

ENDS = {"finished", "failed", "canceled"}


def check_order(events: list[StreamEvent]) -> None:
    """Assert the invariants of a complete stream."""
    first, *others = events
    assert (first.name, first.id) == ("status", "")
    assert first.data["links"]["self"] == f"/jobs/{first.data['id']}"
    orders = [event.order for event in others]
    assert orders == sorted(set(orders)), "ids rise strictly"
    assert [event.name in ENDS for event in others] == [False] * (len(others) - 1) + [True]
    # A replayed change of state has the state of its moment, so the end is seen once.
    assert [event.data.get("done", False) for event in events] == [False] * len(others) + [True]
    assert {event.data["id"] for event in events} == {first.data["id"]}


def lines_of(events: list[StreamEvent]) -> list[str]:
    return [event.data["message"] for event in events if event.name == "log"]


def test_a_stream_has_the_job_then_its_events_then_the_end(web: Web, gates: Gates) -> None:
    """A forked work horse publishes its progress."""
    job = web.submit("live_tasks.log_lines", gates.path(), 5)
    with web.stream(job) as stream:
        headers = stream.response.headers
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
        assert len(headers.get_all("Date", [])) == 1
        first = stream.next()
        gates.open()
        events = [first, *stream.rest()]
    check_order(events)
    assert first.data["status"] in ("queued", "started")
    assert lines_of(events) == [f"line {number}" for number in range(1, 6)]
    (progress,) = [event for event in events if event.name == "progress"]
    assert progress.data == {
        "id": job,
        "step": 5,
        "total": 5,
        "percent": 100,
        "message": "all lines logged",
    }
    last = events[-1]
    assert (last.name, last.data["result"], last.data["artifacts"]) == ("finished", 5, [])
    assert last.data == web.job(job), "the end is the whole job"


def test_a_late_client_gets_the_stored_events_and_the_end(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.log_lines", gates.path(), 3)
    gates.open()
    web.wait_for(job)
    with web.stream(job) as stream:
        events = stream.rest()
    check_order(events)
    assert lines_of(events) == ["line 1", "line 2", "line 3"]
    assert (events[0].data["status"], events[0].data["artifacts"]) == ("started", [])


def test_a_replayed_change_of_state_has_the_state_of_its_moment(web: Web, gates: Gates) -> None:
    retry = {"max": 1, "interval": 1}
    job = web.submit("live_tasks.fail_after", gates.path(), retry=retry, delay=1)
    gates.open()
    with web.stream(job) as stream:
        live = [event for event in stream.rest() if event.name == "status" and event.id]
    with web.stream(job) as stream:
        events = stream.rest()
    check_order(events)
    replayed = [event for event in events if event.name == "status" and event.id]
    names = ("status", "done", "attempt", "retries_left", "error")
    assert [tuple(event.data[name] for name in names) for event in replayed] == [
        ("queued", False, 0, 1, None),
        ("started", False, 1, 1, None),
        ("scheduled", False, 2, 0, None),
        ("queued", False, 2, 0, None),
        ("started", False, 2, 0, None),
    ]
    assert [bool(event.data["ended_at"]) for event in replayed] == [False, False, True, True, False]
    assert replayed[1].data["started_at"] < replayed[4].data["started_at"]
    assert [(event.id, event.data["status"]) for event in live] == [
        (event.id, event.data["status"]) for event in replayed
    ]


def test_a_client_that_has_the_end_gets_204(web: Web) -> None:
    """Also for a job without followers and events: the id of its final event is stable."""
    job = web.submit("probe_tasks.nothing")
    web.wait_for(job)
    with web.stream(job) as stream:
        events = stream.rest()
    check_order(events)
    with web.stream(job) as again:
        assert again.rest() == events
    for known, query in ((events[-1].id, ""), ("", f"?last_event_id={events[-1].id}")):
        with web.stream(job, known, query) as stream:
            assert (stream.status, stream.response.read()) == (204, b"")


@pytest.mark.parametrize(
    "known", ["0-0", "nonsense", "1-2-3", "999999999999999-999999999999999", "9" * 400]
)
def test_an_unknown_event_id_is_ignored(web: Web, gates: Gates, known: str) -> None:
    job = web.submit("live_tasks.log_lines", gates.path(), 2)
    with web.stream(job, known) as stream:
        first = stream.next()
        gates.open()
        check_order([first, *stream.rest()])


def test_a_reconnecting_client_gets_every_event_once(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.log_lines", gates.path(), 60, 0.01)
    events: list[StreamEvent] = []
    known, cuts = "", 0
    gates.open()
    while not events or events[-1].name not in ENDS:
        with web.stream(job, known) as stream:
            assert stream.next().name == "status"
            for _ in range(7):
                events.append(stream.next())
                if events[-1].name in ENDS:
                    break
            else:
                stream.cut()
                cuts += 1
            known = events[-1].id
    assert cuts >= 8
    assert [event.order for event in events] == sorted({event.order for event in events})
    assert lines_of(events) == [f"line {number}" for number in range(1, 61)]
    assert [event.name for event in events if event.name in ENDS] == ["finished"]


def test_an_idle_stream_is_kept_alive_with_comments(web: Web, gates: Gates) -> None:
    job = web.submit("live_tasks.hold", gates.path())
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
        connection.sendall(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while received.count(b"\n: still here\n") < 2:
            got = connection.recv(65536)
            assert got, received
            received += got
        assert b"\nretry: 2000\n\nevent: status\n" in received.replace(b"\r\n", b"\n")
        gates.open()
        while got := connection.recv(65536):
            received += got
    assert b"event: finished\n" in received


def test_the_default_heartbeat_interval_is_fifteen_seconds() -> None:
    from libraries.live import hub

    assert hub.HEARTBEAT_AFTER_S == 15


def test_a_job_has_ended_when_its_final_event_arrives(web: Web) -> None:
    """Many jobs in sequence: events and job state never differ."""
    for number in range(40):
        job = web.submit("probe_tasks.echo", number)
        with web.stream(job) as stream:
            end = stream.rest()[-1]
        shown = web.job(job)
        assert (end.name, shown["status"], shown["done"]) == ("finished", "finished", True)
        assert shown == end.data
        assert shown["result"] == {"args": [number], "kwargs": {}}


class Following:
    """A job that was followed before it ended."""

    def __init__(self, web: Web, job: str) -> None:
        self.job = job
        self._stack = contextlib.ExitStack()
        self.stream: Stream = self._stack.enter_context(web.stream(job, timeout=40))
        self.events = [self.stream.next()]

    def end(self) -> StreamEvent:
        """Check the stream and return its last event."""
        with self._stack:
            self.events += self.stream.rest()
        check_order(self.events)
        return self.events[-1]


def test_failed_timed_out_and_crashed_jobs_have_final_events(web: Web, gates: Gates) -> None:
    boom, refused = (
        Following(web, web.submit(f"probe_tasks.{name}")) for name in ("boom", "refuse")
    )
    slow = Following(web, web.submit("live_tasks.hold", gates.path(), timeout=1))
    itself = Following(
        web, web.submit("fault_tasks.kill_itself", gates.path("ledger"), "key", retry={"max": 0})
    )
    ends = {
        name: one.end()
        for name, one in {"boom": boom, "refused": refused, "slow": slow, "itself": itself}.items()
    }
    assert {name: (end.name, end.data["status"]) for name, end in ends.items()} == dict.fromkeys(
        ends, ("failed", "failed")
    )
    assert ends["boom"].data["error"].startswith("ValueError: boom at")
    assert "Traceback" not in str(ends["boom"].data)
    assert ends["refused"].data["error"] == "invalid name"
    assert ends["slow"].data["error_code"] == "timeout"
    assert ends["itself"].data["error_code"] == "worker-lost"


def test_a_retried_job_publishes_each_change_and_one_end(web: Web, gates: Gates) -> None:
    following = Following(
        web, web.submit("live_tasks.fail_after", gates.path(), retry={"max": 1, "interval": 1})
    )
    gates.open()
    end = following.end()
    changes = [event.data["status"] for event in following.events[1:] if event.name == "status"]
    assert changes[-3:] == ["scheduled", "queued", "started"]
    assert (end.name, end.data["attempt"]) == ("failed", 2)


def test_canceled_and_stopped_jobs_have_final_events(web: Web, gates: Gates) -> None:
    waiting = Following(web, web.submit("probe_tasks.nothing", delay=600))
    running = Following(web, web.submit("live_tasks.hold", gates.path()))
    web.wait_for(running.job, "started")
    assert web.request("POST", f"/jobs/{waiting.job}/cancel").status == 200
    assert web.request("POST", f"/jobs/{running.job}/cancel").status == 200
    ended = waiting.end(), running.end()
    assert [(end.name, end.data["status"]) for end in ended] == [
        ("canceled", "canceled"),
        ("canceled", "stopped"),
    ]


def test_the_deletion_of_a_followed_job_is_published(web: Web) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    with web.stream(job) as stream:
        assert stream.next().name == "status"
        assert web.request("DELETE", f"/jobs/{job}").status == 204
        (end,) = stream.rest()
    assert (end.name, end.data["id"], end.data["done"]) == ("canceled", job, True)
    with web.stream(job) as stream:
        assert stream.status == 410


def test_a_manually_retried_job_has_a_new_stream(web: Web, gates: Gates) -> None:
    job = web.submit("http_tasks.once_bad", Path(gates.path()).parent.name)
    first = Following(web, job).end()
    assert first.name == "failed"
    assert web.request("POST", f"/jobs/{job}/retry").status == 202
    with web.stream(job, first.id) as stream:
        events = stream.rest()
    check_order(events)
    assert events[-1].name == "finished"
    assert events[-1].order > first.order


class Outage:
    """A separate broker, worker and web process. The supervisor restarts a killed broker."""

    def __init__(self) -> None:
        self.installation = Installation()
        self.installation.start_broker()
        self.web = self.installation.start_web()
        self.installation.start_worker().wait_until_listening()
        self.web.wait_until_ready()

    def broker_pid(self) -> int:
        """The process id of the server."""
        return int((self.installation.home / "data" / "broker" / "server.pid").read_text())

    def kill_broker(self) -> None:
        """Kill the server with SIGKILL."""
        os.kill(self.broker_pid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def outage() -> Iterator[Outage]:
    started = Outage()
    yield started
    started.installation.close()


def test_no_event_is_lost_or_repeated_when_the_broker_is_killed(
    outage: Outage, gates: Gates
) -> None:
    """The streams stay open during the outage. A line that could not be published is lost for all clients."""
    job = outage.web.submit("live_tasks.log_lines", gates.path(), 150, 0.02, timeout=60)
    following = [Following(outage.web, job) for _ in range(3)]
    gates.open()
    for one in following:
        one.events += one.stream.until("log")
    before = outage.broker_pid()
    outage.kill_broker()
    ends = [one.end() for one in following]
    assert outage.broker_pid() != before
    assert {end.name for end in ends} == {"finished"}
    with outage.web.stream(job) as stream:
        kept = stream.rest()
    record = [
        (event.id, event.name) for event in kept if event.name in ("log", "progress", "finished")
    ]
    for one in following:
        received = [
            (event.id, event.name)
            for event in one.events
            if event.name in ("log", "progress", "finished")
        ]
        assert received == record
    spoken = [int(line.removeprefix("line ")) for line in lines_of(kept)]
    assert spoken == sorted(set(spoken))
    assert spoken[-1] == 150


def test_a_stream_is_rejected_at_once_during_an_outage(outage: Outage) -> None:
    job = outage.web.submit("probe_tasks.nothing", delay=600)
    keeper = outage.installation._broker
    assert keeper is not None
    keeper.terminate()
    keeper.wait(10)
    reply = outage.web.request("GET", f"/jobs/{job}/events")
    assert (reply.status, reply.headers["Retry-After"] is not None) == (503, True)
    assert reply.seconds < 3
    outage.installation.start_broker()
    until(lambda: outage.web.request("GET", f"/jobs/{job}").status == 200, what="the broker")
    with outage.web.stream(job) as stream:
        assert stream.next().data["status"] == "scheduled"


def test_the_end_of_a_job_of_a_plain_rq_worker_is_published(home: Path, gates: Gates) -> None:
    """RQ's worker publishes no events; the web process polls followed jobs."""
    separate = Installation()
    try:
        separate.start_broker()
        web = separate.start_web().wait_until_ready()
        job = web.submit("text_tasks.default_text", "hi")
        following = Following(web, job)
        socket_file = separate.environ["DATA_DIR"]
        command = [
            str(Path(sys.executable).parent / "rq"),
            "worker",
            "--burst",
            "--url",
            broker_url(socket_file),
        ]
        done = subprocess.run(
            [*command, "background"],
            env=separate.environ,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        ended = Stopwatch()
        end = following.end()
        assert ended.seconds() < 10
        assert (end.name, end.data["result"]["result"]) == ("finished", "✅ Processed: HI")
        with web.stream(job, end.id) as stream:
            assert stream.status == 204
        stopwatch = Stopwatch()
        with web.stream(job) as stream:
            assert stream.rest()[-1] == end
        assert stopwatch.seconds() < 2, "a known end is returned at once"
    finally:
        separate.close()


def broker_url(data_dir: str) -> str:
    from libraries.broker.paths import socket_path

    return f"unix://{socket_path(Path(data_dir))}"


def test_a_token_replaces_the_key_for_one_job(ann: Web, installation: Installation) -> None:
    job, other = (ann.submit("probe_tasks.echo", name) for name in "ab")
    granted = ann.request("POST", f"/jobs/{job}/token")
    assert granted.status == 201
    stranger = as_whom(ann, "")
    assert stranger.request("GET", f"/jobs/{job}/events").status == 401
    path = granted.body["links"]["events"]
    assert path == f"/jobs/{job}/events?token={granted.body['token']}"
    with stranger.stream(job, query=f"?token={granted.body['token']}") as stream:
        check_order(stream.rest())
    assert (
        stranger.request("GET", f"/jobs/{other}/events?token={granted.body['token']}").status == 401
    )
    assert stranger.request("GET", f"/jobs/{job}?token={granted.body['token']}").status == 200
    assert stranger.request("DELETE", f"/jobs/{job}?token={granted.body['token']}").status == 401


def test_forged_and_expired_tokens_are_rejected(
    ann: Web, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ann.submit("probe_tasks.nothing")
    token = ann.request("POST", f"/jobs/{job}/token").body["token"]
    stranger = as_whom(ann, "")
    for bad in (f"{token}x", token[:-1], token.swapcase(), f"x{token}", "a.b.c", "", "x" * 1000):
        assert stranger.request("GET", f"/jobs/{job}/events?token={bad}").status == 401, bad
    from components.http.tokens import make_token
    from libraries.settings import read_settings, use_settings

    for name in ("DATA_DIR", "OUTPUT_DIR"):
        monkeypatch.setenv(name, installation.environ[name])
    use_settings(read_settings(None))
    for lifetime_s, status in ((-1, 401), (60, 200)):
        made, _ = make_token("ann", f"job:{job}", lifetime_s)
        assert stranger.request("GET", f"/jobs/{job}/events?token={made}").status == status, (
            lifetime_s
        )


def test_the_job_of_another_key_is_not_found(ann: Web) -> None:
    job = ann.submit("probe_tasks.nothing")
    bob = as_whom(ann, KEYS["bob"])
    for method, path in (
        ("GET", f"/jobs/{job}/events"),
        ("POST", f"/jobs/{job}/token"),
        ("GET", f"/jobs/{job}?wait=1"),
    ):
        assert bob.request(method, path).status == 404, path
    unknown = bob.request("GET", "/jobs/there-is-none/events")
    assert unknown.status == 404
    own = ann.request("GET", f"/jobs/{job}/events")
    assert own.status == 200


def as_whom(web: Web, key: str) -> Web:
    """Return the same web process with another key."""
    other = Web.__new__(Web)
    other.port, other.key, other.log, other.process = web.port, key, web.log, web.process
    return other


def test_a_client_that_does_not_read_is_disconnected(web: Web, gates: Gates) -> None:
    """2 MB are published; the client that does not read is disconnected, and all others get everything."""
    job = web.submit("live_tasks.log_long_lines", gates.path(), 900)
    other = web.submit("live_tasks.log_lines", gates.path(), 20)
    lazy = []
    for _ in range(2):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", web.port))
        connection.sendall(f"GET /jobs/{job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(17) == b"HTTP/1.1 200 OK\r\n"
        lazy.append(connection)
    eager, beside = Following(web, job), Following(web, other)
    gates.open()
    assert eager.end().name == "finished"
    assert len(lines_of(eager.events)) == 900
    assert beside.end().name == "finished"
    assert len(lines_of(beside.events)) == 20
    for connection in lazy:
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while got := connection.recv(1 << 20):
                received += len(got)
        assert received < 1_900_000, "the backlog was not limited"
        connection.close()


def test_a_head_request_gets_the_headers_and_holds_no_connection(web: Web) -> None:
    job = web.submit("probe_tasks.nothing", delay=600)
    reply = web.request("HEAD", f"/jobs/{job}/events")
    assert (reply.status, reply.headers["Content-Type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )
