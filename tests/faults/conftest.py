"""Fixtures of the fault tests."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.connections import worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.paths import socket_path
from libraries.settings import Settings
from tests.conftest import until
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.fleet import Fleet, processes_of
from tests.faults.trail import report


@pytest.fixture(autouse=True)
def nothing_left_behind(home: Path) -> Iterator[None]:
    """Fail a test that leaves a process running."""
    yield

    def left() -> list[int]:
        # The broker writes its title over its environment.
        return [*processes_of(str(home)), *processes_of(str(home), kind="cmdline")]

    try:
        until(lambda: not left(), seconds=5, what="the end of all processes of this test")
    finally:
        for pid in left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A random number generator whose seed is printed; set FAULT_SEED to reproduce a failure."""
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**9))
    report(f"FAULT_SEED={seed}")
    return random.Random(seed)  # noqa: S311 - chooses what is killed when


@pytest.fixture
def ledger(home: Path) -> Path:
    """The file in which the jobs note their runs."""
    return home / "ledger"


@pytest.fixture
def client(broker: EmbeddedBroker, settings: Settings) -> Iterator[Redis]:
    """A connection to the broker with retries."""
    connection = worker_client(settings)
    yield connection
    connection.close()


@pytest.fixture
def fleet(
    broker: EmbeddedBroker, environ: dict[str, str], home: Path
) -> Iterator[Callable[[int], Fleet]]:
    """Return a function that starts several workers, which the test then restarts."""
    started: list[Fleet] = []

    def start(size: int) -> Fleet:
        started.append(Fleet(environ, home, size))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def proxy(broker: EmbeddedBroker, settings: Settings, home: Path) -> Iterator[CuttingProxy]:
    """A relay in front of the broker."""
    relay = CuttingProxy(home / "proxy.sock", socket_path(settings.broker.data_dir))
    yield relay
    relay.close()
