"""Copies of the product's sources, and the service that runs from one."""

from __future__ import annotations

import http.client
import json
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY, copy_folder, environ_in, until
from tests.journeys.conftest import Service

FILES = ("app.py", "start_dev.py", "gunicorn.conf.py", "pyproject.toml", "schedules.toml")
FOLDERS = ("components", "libraries", "workers")
KEY = "a-key-of-ann"


@dataclass(frozen=True)
class Addition:
    """One addition to the product: `new` files, and replacements in existing ones.

    `promised` is the maximum number of files. The files of a new `package` count as one.
    """

    new: dict[str, str] = field(default_factory=dict)
    changed: dict[str, dict[str, str]] = field(default_factory=dict)
    package: str = ""
    promised: int = 1

    def lay_into(self, copy: Path) -> None:
        """Apply the addition to a copy of the sources."""
        for path, text in self.new.items():
            assert not (copy / path).exists(), path
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text(text)
        for path, changes in self.changed.items():
            source = (copy / path).read_text()
            for old, new in changes.items():
                assert source.count(old) == 1, old
                source = source.replace(old, new)
            (copy / path).write_text(source)


def copy_of_sources(folder: Path) -> Path:
    """Copy the product into `folder`, with its compiled modules."""
    copy = folder / "copy"
    copy.mkdir()
    for name in FILES:
        shutil.copy2(REPOSITORY / name, copy / name)
    for name in FOLDERS:
        copy_folder(REPOSITORY / name, copy / name)
    return copy


def touched(copy: Path) -> set[str]:
    """Return the new and changed files of a copy."""
    paths = [path for name in FOLDERS for path in (copy / name).rglob("*")]
    return {
        str(path.relative_to(copy))
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts and _differs(path, copy)
    }


def _differs(path: Path, copy: Path) -> bool:
    original = REPOSITORY / path.relative_to(copy)
    return not original.exists() or original.read_bytes() != path.read_bytes()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class CopiedService(Service):
    """A running service of a copy of the sources that requires an API key."""

    def __init__(self, home: Path, copy: Path, **more: str) -> None:
        keys = f"ann:{sha256(KEY.encode()).hexdigest()}"
        environ = environ_in(home) | {"PYTHONPATH": str(copy), "API_KEYS": keys}
        super().__init__(environ | more, home / "service.log", cwd=copy)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        key: str = KEY,
    ) -> Reply:
        """Send a request, by default with the key of ann."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.environ["PORT"]), timeout=20)
        given = ({"X-API-Key": key} if key else {}) | (headers or {})
        data = None if body is None else json.dumps(body)
        if data is not None:
            given["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Any:
        reply = self.send("GET", path, headers=headers)
        assert reply.status == 200, reply.text
        return reply.json

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        reply = self.send("POST", path, body, headers)
        assert reply.status in {200, 202}, reply.text
        accepted: dict[str, Any] = reply.json
        return accepted

    def refused(self, path: str, body: Any) -> list[str]:
        """Return the JSON pointers of the errors in a rejected request."""
        reply = self.send("POST", path, body)
        assert reply.status == 422, reply.text
        return [one["pointer"] for one in reply.json["errors"]]

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for the end of a job."""
        until(lambda: self.get(f"/jobs/{job_id}")["done"], seconds=20, what="the end of the job")
        job: dict[str, Any] = self.get(f"/jobs/{job_id}")
        return job

    def result(self, job_id: str, **headers: str) -> Reply:
        """Return the result of a job once it has finished."""
        job = self.ended(job_id)
        assert job["status"] == "finished", job
        return self.send("GET", f"/jobs/{job_id}/result", headers=headers)

    def drawn(self, path: str, body: dict[str, Any]) -> str:
        """Return the drawing of the job of a request."""
        return self.result(self.post(path, body)["job_id"]).text
