"""A test that never ends, for the tests of killed test runs. Its file name keeps pytest from collecting it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from libraries.broker.embedded import EmbeddedBroker
from tests.brokers import SharedBroker
from tests.conftest import WorkerProcess


def test_that_never_ends(
    shared_broker: SharedBroker,
    private_broker: EmbeddedBroker,
    start_worker: Callable[..., WorkerProcess],
) -> None:
    """Start two brokers and a worker, write the process id to a file, and wait."""
    start_worker()
    Path(os.environ["WRITE_PID_TO"]).write_text(str(os.getpid()))
    signal.pause()
