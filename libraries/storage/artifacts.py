"""What every store speaks of: artifacts and their kinds, the last word before a file takes its name, what can go wrong."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from libraries.errors import Unavailable
from libraries.json_types import JsonObject

MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".ndjson": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".eml": "message/rfc822",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# Called in the moment before a file takes its name; raises when it must not.
_last_check: ContextVar[Callable[[], None] | None] = ContextVar("last_check", default=None)


@contextlib.contextmanager
def commit_if(check: Callable[[], None]) -> Iterator[None]:
    """Let `check` have the last word on every file that is published inside: when it raises, nothing is left of the file."""
    token = _last_check.set(check)
    try:
        yield
    finally:
        _last_check.reset(token)


def before_commit() -> None:
    """Let the check of `commit_if` speak, if there is one.

    It raises when the file must not take its name.
    """
    check = _last_check.get()
    if check is not None:
        check()


class StorageUnavailable(Unavailable):
    """Raised when the store of files does not do its work; `trouble` says in a word why not."""

    code = "storage-away"
    said: ClassVar[dict[str, str]] = {
        "unreachable": "the store of files cannot be reached",
        "slow": "the store of files does not answer in time",
        "failing": "the store of files answers with an error",
        "bucket": "the store of files has no such bucket",
        "refused": "the store of files does not let this service in",
        "credentials": "this service has no credentials for the store of files",
    }

    def __init__(self, trouble: str) -> None:
        """Word the error after `trouble`, one of the keys of `said`."""
        super().__init__(self.said[trouble])
        self.trouble = trouble


@dataclass(frozen=True)
class Artifact:
    """A file that a task made: its name below the output folder, its kind, its bytes and their SHA-256 in hex."""

    name: str
    path: str
    media_type: str
    size: int
    sha256: str

    def as_record(self) -> JsonObject:
        """Return what is kept with the job: everything but the path, which is this machine's own."""
        record = asdict(self)
        del record["path"]
        return record


@dataclass(frozen=True)
class StoredFile:
    """A file as it lies in a store: bytes, the time of its writing in Unix seconds, its SHA-256 in hex if the store keeps it."""

    name: str
    size: int
    modified: float
    sha256: str | None = None


def media_type_of(name: str) -> str:
    """Return the media type that the ending of `name` stands for."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def blocks_of(data: str | bytes | Iterable[bytes]) -> Iterable[bytes]:
    """Return what `Store.publish` was given as blocks of bytes; text is encoded as UTF-8."""
    if isinstance(data, str):
        return [data.encode()]
    return [data] if isinstance(data, bytes) else data
