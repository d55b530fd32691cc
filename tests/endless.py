"""A test that never ends, for the tests of killed test runs. Its file name keeps pytest from collecting it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from libraries.broker.embedded import EmbeddedBroker
from tests.brokers import SharedBroker
from tests.conftest import WorkerProcess
from tests.deployment.conftest import OwnServer, running
from tests.journeys.conftest import free_port


def test_that_never_ends(
    shared_broker: SharedBroker,
    private_broker: EmbeddedBroker,
    start_worker: Callable[..., WorkerProcess],
    home: Path,
) -> None:
    """Start two brokers, a worker and a server over TCP, write process ids to a file, and wait."""
    start_worker()
    server = OwnServer(free_port())
    with running(server, home), server.client() as client:
        pids = os.getpid(), client.info("server")["process_id"]
        unfinished = home / "pids"
        unfinished.write_text(" ".join(map(str, pids)))
        unfinished.rename(os.environ["WRITE_PIDS_TO"])
        signal.pause()
