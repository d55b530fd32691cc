"""Readiness that writes: broker, storage and gallery index, with the reason and the remedy."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from components.system.address import record_address
from components.system.doctor import examine_gallery, examine_output, examine_web
from components.system.probes import MAX_CHECK_S, Probe, Problem
from libraries import VERSION
from libraries.broker.append_only import FOLDER
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.paths import broker_folder
from libraries.gallery.installation import FILE_NAME
from libraries.settings import Settings, use_settings
from libraries.worker.doctor import examine_queue
from tests.conftest import Stopwatch, until
from tests.watchful import watchful_client

TEXT_JOB = {"task": "workers.text_tasks.default_text", "kwargs": {"content": "x"}}


def parts_of(client: FlaskClient) -> dict[str, Any]:
    parts: dict[str, Any] = client.get("/readyz").get_json()["parts"]
    return parts


def is_ready(client: FlaskClient, part: str) -> bool:
    return bool(parts_of(client)[part]["ready"])


@pytest.mark.usefixtures("broker")
def test_the_broker_the_storage_and_the_index_are_written_to(
    client: FlaskClient, settings: Settings
) -> None:
    parts = parts_of(client)
    assert {name for name, part in parts.items() if part["ready"]} == {
        "web",
        "broker",
        "storage",
        "gallery",
    }
    assert [path for path in settings.storage.output_dir.rglob("*") if path.is_file()] == []
    assert web_client(settings).get("vector:check") == b"1"


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("name", ["output_dir", "upload_dir"])
def test_a_folder_that_cannot_be_written_to_is_reported(settings: Settings, name: str) -> None:
    changed = settings.with_values(**{name: Path("/proc/none")})
    part = parts_of(watchful_client(changed))["storage"]
    setting = name.upper()
    assert not part["ready"]
    assert part["detail"].startswith(f"{setting}: ")
    assert f"Set {setting} to a writable folder" in part["fix"]
    (finding,) = examine_output(use_settings(changed))
    assert (finding.ok, finding.fix) == (False, part["fix"])


@pytest.mark.usefixtures("broker")
def test_an_unusable_index_is_reported(client: FlaskClient, settings: Settings) -> None:
    path = settings.broker.data_dir / FILE_NAME
    path.mkdir(parents=True)
    part = parts_of(client)["gallery"]
    assert not part["ready"]
    assert "DATA_DIR" in part["fix"]
    (finding,) = examine_gallery(settings)
    assert finding.fix == part["fix"]
    path.rmdir()
    until(lambda: is_ready(client, "gallery"), what="a writable index")
    assert examine_gallery(settings)[0].ok


def test_a_full_broker_is_not_ready_and_jobs_are_rejected_as_queue_full(
    private_broker: EmbeddedBroker, settings: Settings
) -> None:
    client, redis = watchful_client(settings), web_client(settings)
    redis.config_set("maxmemory", "1")
    response = client.post("/jobs", json=TEXT_JOB)
    assert (response.status_code, response.get_json()["type"]) == (503, "/problems/queue-full")
    assert int(response.headers["Retry-After"]) >= 1
    part = parts_of(client)["broker"]
    assert part["detail"] == "the broker's memory is full"
    assert "maxmemory" in part["fix"]
    assert examine_queue(settings)[0].detail == part["detail"]
    redis.config_set("maxmemory", "0")
    until(lambda: is_ready(client, "broker"), what="a writable broker")
    assert client.post("/jobs", json=TEXT_JOB).status_code == 202


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = home / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a file system is not permitted")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out:
        try:
            while out.write(b"\0" * 65536):
                pass
        except OSError:
            pass
    return filler


def test_a_full_disk_is_reported_for_each_part_and_jobs_get_the_reason(
    small_disk: Path, settings: Settings
) -> None:
    settings = use_settings(
        settings.with_values(data_dir=small_disk / "data", output_dir=small_disk / "output")
    )
    broker = EmbeddedBroker(settings)
    assert broker.keep()
    broker.start()
    try:
        client = watchful_client(settings)
        assert client.post("/jobs", json=TEXT_JOB).status_code == 202
        filler = fill(small_disk)

        def rejected() -> bool:
            response = client.post("/jobs", json=TEXT_JOB)
            assert response.status_code in (202, 503), response.get_json()
            return "no space left on device" in response.get_json().get("detail", "")

        until(rejected, what="the first failed write")
        until(lambda: not is_ready(client, "broker"), what="a broker that is not ready")
        parts = parts_of(client)
        assert "no space left on device" in parts["broker"]["detail"]
        assert "Free space" in parts["broker"]["fix"]
        assert broker.replies(), "a kill would lose what it has accepted"
        until(lambda: not is_ready(client, "storage"), what="a storage that is not ready")
        assert "Free space on the disk of" in parts_of(client)["storage"]["fix"]
        filler.unlink()
        until(
            lambda: client.post("/jobs", json=TEXT_JOB).status_code == 202,
            what="an accepted job",
        )
        until(lambda: is_ready(client, "broker"), what="a writable broker")
    finally:
        broker.stop()


def test_a_loss_of_data_is_reported_by_readyz_and_the_doctor(settings: Settings) -> None:
    broker = EmbeddedBroker(settings)
    assert broker.keep()
    broker.start()
    web_client(settings).set("a", "b")
    broker.kill()
    folder = broker_folder(settings.broker.data_dir)
    with next((folder / FOLDER).glob("*.incr.aof")).open("ab") as log:
        log.write(b"\0" * 4096)
    broker.start()
    try:
        detail = parts_of(watchful_client(settings))["broker"]["detail"]
        assert detail.startswith("answers; 4096 bytes of appendonly.aof.1.incr.aof")
        finding = examine_queue(settings)[0]
        assert "4096 bytes" in finding.detail
        assert str(folder / "damaged-") in finding.fix
    finally:
        broker.stop()


class Check:
    """A check that hangs until it is released."""

    def __init__(self) -> None:
        self.calls = self.most_at_once = self._running = 0
        self.go_on = threading.Event()
        self.problem: Problem | None = None

    def __call__(self) -> Problem | None:
        self.calls += 1
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        self.go_on.wait()
        self._running -= 1
        return self.problem


def test_a_check_is_never_run_twice_at_once_and_its_result_is_cached() -> None:
    check = Check()
    probe = Probe(check, "Do something.")

    def send() -> None:
        probe.start()
        probe.result(0.01)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = probe.result(0)
    assert found is not None
    assert found.fix == "Do something."
    check.go_on.set()
    assert probe.result(20) is None
    probe.start()
    assert (check.calls, check.most_at_once) == (1, 1)


def test_a_check_that_fails_is_a_problem() -> None:
    def fail() -> Problem | None:
        raise RuntimeError("oh")

    probe = Probe(fail, "Do something.")
    probe.start()
    assert probe.result(20) == Problem("the check failed: RuntimeError", "Do something.")


def test_the_last_result_is_valid_while_a_check_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.system.probes.VALID_S", 0.0)
    check = Check()
    check.go_on.set()
    probe = Probe(check, "Do something.")
    probe.start()
    assert probe.result(20) is None
    check.go_on.clear()
    probe.start()
    watch = Stopwatch()
    assert probe.result(0.01) is None
    assert watch.seconds() < MAX_CHECK_S
    check.go_on.set()


class Version(http.server.BaseHTTPRequestHandler):
    """Answers like the web process."""

    def do_GET(self) -> None:
        body = json.dumps({"name": "Vector API", "version": VERSION}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def web_port() -> Iterator[int]:
    """The port of a server that answers like the web process."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Version) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def test_the_doctor_finds_the_port_that_the_web_process_recorded(
    settings: Settings, web_port: int
) -> None:
    record_address(use_settings(settings.with_values(port=web_port)))
    elsewhere = use_settings(settings.with_values(port=9))
    (finding,) = examine_web(elsewhere)
    assert finding.ok
    there, here = f"http://127.0.0.1:{web_port}", "http://127.0.0.1:9"
    assert finding.detail == f"answers at {there}; the settings of this command say {here}"
    assert (settings.broker.data_dir / "web.json").stat().st_mode & 0o777 == 0o600
