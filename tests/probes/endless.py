"""A test that never ends, for the tests of what a killed run leaves behind. No folder is searched for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from libraries.broker.embedded import EmbeddedBroker
from tests.brokers import SharedBroker
from tests.conftest import WorkerProcess


def test_without_an_end(
    shared_broker: SharedBroker,
    private_broker: EmbeddedBroker,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    """Start two brokers and a worker, write down the process id, and wait."""
    start_worker()
    Path(os.environ["WRITE_PID_TO"]).write_text(str(os.getpid()))
    signal.pause()
