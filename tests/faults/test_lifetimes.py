"""The lifetime of results, and one broker per folder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import Settings, read_settings, use_settings
from tests.conftest import REPOSITORY, WorkerProcess, files_below, until
from tests.faults.fleet import processes_of
from tests.faults.trail import all_done
from tests.watchful import watchful_client

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
DRAWING = {"width": 60, "height": 60, "pattern": "grid", "id": "short-lived"}


@pytest.fixture
def short_lived(
    environ: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings with a result lifetime of two seconds."""
    environ["RESULT_TTL"] = "2s"
    monkeypatch.setenv("RESULT_TTL", "2s")
    yield use_settings(read_settings(None))
    use_settings(settings)


def test_an_expired_result_is_deleted_before_its_file(
    broker: EmbeddedBroker,
    short_lived: Settings,
    start_worker: Callable[[], WorkerProcess],
    client: Redis,
) -> None:
    web = watchful_client(short_lived)
    start_worker()
    job_id = web.post("/artboard/create", json=DRAWING).get_json()["job_id"]
    until(lambda: all_done(client, [job_id]), what="the drawing")
    assert web.get(f"/jobs/{job_id}/result").status_code == 200
    drawings = partial(files_below, short_lived.storage.output_dir, ".svg")
    assert len(drawings()) == 2, "the file and its readable name"
    done = time.monotonic()
    until(lambda: not drawings(), seconds=60, what="the end of the drawing")
    assert web.get(f"/jobs/{job_id}").status_code == 410, "the record is deleted first"
    assert web.get(f"/jobs/{job_id}/result").status_code == 410
    assert time.monotonic() - done > 1, "not before its expiry"


def test_a_second_keeper_of_a_folder_uses_the_first_broker(
    private_broker: EmbeddedBroker, environ: dict[str, str], client: Redis, home: Path
) -> None:
    client.set("truth", "one")
    log = home / "second.log"
    with log.open("wb") as sink:
        second = subprocess.Popen(
            [sys.executable, "-m", "libraries.broker.embedded"],
            env=environ,
            cwd=REPOSITORY,
            stdout=sink,
            stderr=sink,
        )
    try:
        until(lambda: "using it" in log.read_text(), seconds=5, what="a second keeper that joins")
        assert processes_of(str(home), kind="cmdline") == [private_broker.pid]
        assert client.get("truth") == b"one"
    finally:
        second.terminate()
        assert second.wait(10) == 0
    assert client.get("truth") == b"one"
