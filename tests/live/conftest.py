"""One installation for all tests of this folder: a broker, two workers and several web processes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.service import Gates, Installation, Web

KEYS = {"ann": "key-of-ann", "bob": "key-of-bob"}
API_KEYS = ",".join(
    f"{name}:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in KEYS.items()
)


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    """Run a broker and two workers with the tasks of tests/probes."""
    running = Installation()
    try:
        running.start_broker()
        workers = [running.start_worker() for _ in range(2)]
        for worker in workers:
            worker.wait_until_listening()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="package")
def web(installation: Installation) -> Web:
    """Return a web process without keys."""
    return installation.start_web().wait_until_ready()


@pytest.fixture(scope="package")
def other_web(installation: Installation) -> Web:
    """Return another web process on the same broker."""
    return installation.start_web().wait_until_ready()


@pytest.fixture(scope="package")
def ann(installation: Installation, web: Web) -> Web:
    """A web process that takes keys, as Ann uses it; pages of the other one may use it."""
    started = installation.start_web(
        key=KEYS["ann"],
        API_KEYS=API_KEYS,
        ALLOWED_ORIGINS=f"https://app.example,http://127.0.0.1:{web.port}",
    )
    return started.wait_until_ready()


@pytest.fixture
def gates() -> Iterator[Gates]:
    """Return separate gates. A task that still waits after the test fails."""
    folder = Path(tempfile.mkdtemp(prefix="va-gates-"))
    yield Gates(folder)
    shutil.rmtree(folder, ignore_errors=True)
