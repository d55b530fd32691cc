"""Several web processes behind one address."""

from __future__ import annotations

import http.client
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.http.server.processes import (
    Place,
    Processes,
    report_to_supervisor,
    request_replacement,
)
from libraries.settings import read_settings
from libraries.supervision import HEARTBEAT_VARIABLE
from tests.conftest import REPOSITORY, until
from tests.faults.fleet import children
from tests.test_app_server import Server

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
IMPATIENT = f"""
exec(compile(open("{REPOSITORY}/gunicorn.conf.py").read(), "gunicorn.conf.py", "exec"))
timeout = 2
"""


@pytest.fixture
def server(environ: dict[str, str], home: Path) -> Iterator[Server]:
    configuration = home / "impatient.py"
    configuration.write_text(IMPATIENT)
    started = Server(environ | {"WEB_PROCESSES": "2"}, home, configuration)
    until(lambda: len(children(started.process.pid)) == 2, what="two web processes")
    yield started
    started.process.terminate()
    assert started.process.wait(20) == 0


def counted(server: Server, route: str) -> int:
    """Return the number of requests to a route, from a scrape of any of the processes."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    name = rf'vector_http_requests_total\{{method="GET",route="{route}",status="2xx"\}} (\d+)'
    found = re.search(name, text)
    return int(found[1]) if found else 0


def test_two_web_processes_serve_by_default() -> None:
    assert read_settings(None).web.web_processes == 2


@pytest.mark.usefixtures("broker")
def test_the_metrics_of_any_process_are_those_of_all_also_of_those_that_ended(
    server: Server,
) -> None:
    for _ in range(20):
        server.send(HEALTH)
    assert {counted(server, "/healthz") for _ in range(10)} == {20}
    killed = children(server.process.pid)[0]
    os.kill(killed, signal.SIGKILL)
    until(
        lambda: len(set(children(server.process.pid)) - {killed}) == 2,
        what="a replacement of the killed process",
    )
    for _ in range(20):
        server.send(HEALTH)
    assert {counted(server, "/healthz") for _ in range(10)} == {40}


@pytest.mark.fault
def test_a_frozen_web_process_is_replaced_and_the_other_one_serves(server: Server) -> None:
    frozen, other = children(server.process.pid)
    assert server.send(HEALTH)[0] == 200
    os.kill(frozen, signal.SIGSTOP)
    until(
        lambda: frozen not in (pids := children(server.process.pid)) and len(pids) == 2,
        seconds=20,
        what="a replacement of the frozen process",
    )
    assert other in children(server.process.pid)
    for _ in range(5):
        assert server.send(HEALTH)[0] == 200


def test_the_main_loop_of_gunicorn_sends_the_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is frozen is replaced by gunicorn, and gunicorn by the supervisor."""
    reader, writer = os.pipe()
    monkeypatch.setenv(HEARTBEAT_VARIABLE, str(writer))
    checks: list[str] = []
    server = SimpleNamespace(murder_workers=lambda: checks.append("checked"))
    report_to_supervisor(server)
    assert HEARTBEAT_VARIABLE not in os.environ
    for _ in range(3):
        server.murder_workers()
    os.close(writer)
    assert os.read(reader, 10) == b"..."
    os.close(reader)
    assert checks == ["checked"] * 3


def arbiter(number: int, *workers: Any) -> Any:
    return SimpleNamespace(num_workers=number, WORKERS=dict(enumerate(workers)))


def worker(age: int) -> Any:
    return SimpleNamespace(age=age)


def started(processes: Processes, server: Any, age: int) -> Any:
    one = worker(age)
    processes.pre_fork(server, one)
    server.WORKERS[age] = one
    return one


def test_the_process_that_wants_it_is_replaced_not_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    processes, server = Processes(2), arbiter(2)
    first, second = (started(processes, server, age) for age in (1, 2))
    assert not first.is_replacement
    assert first.region != second.region
    request_replacement(processes.regions[second.region], 42)
    assert sent == [(42, signal.SIGTTIN)]
    third = started(processes, server, 3)
    assert third.is_replacement
    assert (second.age, first.age) == (0, 1)
    # A process that has died meanwhile is replaced as well, but not in place of another.
    del server.WORKERS[1]
    processes.child_exit(server, first)
    fourth = started(processes, server, 4)
    assert not fourth.is_replacement
    assert fourth.region == first.region


def test_a_process_that_ends_before_its_replacement_starts_needs_none() -> None:
    processes, server = Processes(2), arbiter(2)
    first, _ = (started(processes, server, age) for age in (1, 2))
    processes.regions[first.region][Place.HELD_CONNECTIONS] = 7
    server.num_workers += 1
    processes.regions[first.region][Place.WANTS_REPLACEMENT] = 1
    del server.WORKERS[1]
    processes.child_exit(server, first)
    assert server.num_workers == 2
    assert processes.regions[first.region][Place.HELD_CONNECTIONS] == 0
    assert not started(processes, server, 3).is_replacement
