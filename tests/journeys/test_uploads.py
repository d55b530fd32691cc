"""Uploads to gunicorn, with a worker whose store is slow."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import SETTINGS, read_settings
from libraries.worker.working_folder import WorkingFolder
from tests.conftest import REPOSITORY, RUN_WORKER, until
from tests.photographs import from_a_camera, multipart, part
from tests.test_app_server import Server

HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=cut\r\n{more}\r\n"
# Delays each file by six seconds.
SLOWLY = """
import time
from libraries.storage.folder import ArtifactFolder
publish = ArtifactFolder.publish
def slowly(self, name, data):
    print("the store was pinged", flush=True)
    time.sleep(6)
    return publish(self, name, data)
ArtifactFolder.publish = slowly
"""


@dataclass
class Running:
    """A broker and a web process for this module, and the environment of further processes."""

    server: Server
    home: Path
    environ: dict[str, str]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with ExitStack() as ended:
        home = Path(tempfile.mkdtemp(prefix="va-"))
        ended.callback(shutil.rmtree, home, ignore_errors=True)
        folders = {f"{name}_DIR": str(home / name.lower()) for name in ("DATA", "OUTPUT", "UPLOAD")}
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in {row.name for row in SETTINGS}
        }
        (home / "temporary").mkdir()
        environ = (
            kept
            | folders
            | {
                "TMPDIR": str(home / "temporary"),
                "PYTHONPATH": str(REPOSITORY),
                "PYTHONUNBUFFERED": "1",
            }
        )
        broker = EmbeddedBroker(
            read_settings(None).with_values(data_dir=home / "data", redis_url="")
        )
        assert broker.keep()
        broker.start()
        ended.callback(broker.stop)
        server = Server(environ | {"LOG_LEVEL": "WARNING"}, home)
        ended.callback(server.process.wait)
        ended.callback(server.process.terminate)
        # The port listens before the application is loaded.
        assert server.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
        yield Running(server, home, environ)


def post(
    server: Server, body: bytes, path: str = "/uploads", more: str = ""
) -> tuple[int, dict[str, Any]]:
    """Send a form; an early reply of the server is read as well."""
    head = HEAD.format(path=path, more=more or f"Content-Length: {len(body)}\r\n")
    with server.connect() as connection:
        connection.settimeout(20)
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head.encode() + body)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, json.loads(response.read())


def web_memory(server: Server) -> float:
    """Return the peak memory of the web process in MB."""
    parent = server.process.pid
    (child,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
    assert found
    return int(found[1]) / 1000


def test_twenty_large_files_at_once_take_little_memory_and_no_temporary_file(
    running: Running,
) -> None:
    """L10."""
    server = running.server
    body = multipart((part(file_name="a.csv"), b"a,b\n" * 2_500_000))
    with ThreadPoolExecutor(20) as senders:
        replies = list(senders.map(lambda _: post(server, body), range(20)))
    assert [status for status, _ in replies] == [202] * 20
    assert web_memory(server) < 300
    left = [path.name for path in (running.home / "temporary").iterdir()]
    assert not [name for name in left if not name.startswith(WorkingFolder.PREFIX)]
    # 10.1 MB, and a declared length of 10 GB without a body.
    too_large = multipart((part(file_name="a.csv"), b"a,b\n" * 2_525_000))
    assert post(server, too_large)[0] == 413
    status, problem = post(server, b"", more="Content-Length: 10000000000\r\n")
    assert (status, problem["type"]) == (413, "/problems/file-too-large")
    chunked = (
        b"".join(
            b"10000\r\n" + too_large[n : n + 65536] + b"\r\n" for n in range(0, 10_000_000, 65536)
        )
        + b"10000\r\n" * 99
    )
    assert post(server, chunked, more="Transfer-Encoding: chunked\r\n")[0] in {400, 413}
    assert web_memory(server) < 300


def test_a_slow_store_delays_no_reply(running: Running) -> None:
    home, log = running.home, running.home / "worker.log"
    command = [sys.executable, "-c", SLOWLY + RUN_WORKER, str(home), "--single"]
    with log.open("wb") as sink:
        worker = subprocess.Popen(
            command, env=running.environ, cwd=REPOSITORY, stdout=sink, stderr=sink
        )
    try:
        until(lambda: "Listening on" in log.read_text(), what="a listening worker")
        body = multipart((part(file_name="cat.jpg"), from_a_camera()))
        took = []
        for path in ("/uploads", "/photos", "/uploads"):
            started = time.monotonic()
            assert post(running.server, body, path)[0] == 202
            took.append(time.monotonic() - started)
            until(lambda: "the store was pinged" in log.read_text(), what="a store that is pinged")
        # One reply came before the worker started, the others while its store was blocked.
        assert min(took) < 0.3
        assert max(took) < 3
        assert not list((home / "upload").rglob("*.jpg"))
    finally:
        worker.kill()
        worker.wait()
