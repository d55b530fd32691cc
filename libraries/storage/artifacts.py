"""Artifacts, media types, the pre-commit check and storage errors."""

from __future__ import annotations

import contextlib
import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import IO, ClassVar

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
    ".gz": "application/gzip",
    ".txt": "text/plain; charset=utf-8",
    ".eml": "message/rfc822",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}


# Called before a file is committed; raises an exception to abort.
_last_check: ContextVar[Callable[[], None] | None] = ContextVar("last_check", default=None)


@contextlib.contextmanager
def commit_if(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before each file that is published inside is committed; an exception discards the file."""
    token = _last_check.set(check)
    try:
        yield
    finally:
        _last_check.reset(token)


def before_commit() -> None:
    """Run the check of `commit_if`, if any; an exception aborts the commit."""
    check = _last_check.get()
    if check is not None:
        check()


def storage_full() -> Unavailable:
    return Unavailable("the storage is full", code="storage-full")


@contextlib.contextmanager
def full_disk_reported() -> Iterator[None]:
    """Raise Unavailable for errors of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise storage_full() from error
        raise


class StorageUnavailable(Unavailable):
    """Raised when the storage cannot be used; `kind` is a key of `messages`."""

    code = "storage-away"
    messages: ClassVar[dict[str, str]] = {
        "unreachable": "the storage server is unreachable",
        "slow": "the storage server did not answer in time",
        "failing": "the storage server answered with an error",
        "bucket": "bucket not found",
        "refused": "the storage server denied access",
        "credentials": "no credentials for the storage server",
    }

    def __init__(self, kind: str) -> None:
        super().__init__(self.messages[kind])
        self.kind = kind


@dataclass(frozen=True)
class Artifact:
    """A file that a task made: name in the output folder, path, media type, bytes, and SHA-256 in hex.

    `delivery_url` is its address on the network that delivers it, if there is one.
    """

    name: str
    path: str
    media_type: str
    size: int
    sha256: str
    delivery_url: str = ""

    def as_record(self) -> JsonObject:
        """Return everything except the path, which depends on the machine."""
        record = asdict(self)
        del record["path"]
        if not self.delivery_url:
            del record["delivery_url"]
        return record


@dataclass(frozen=True)
class StoredFile:
    """Metadata of a stored file: bytes, modification time in Unix seconds, SHA-256 in hex if it is stored."""

    name: str
    size: int
    modified: float
    sha256: str | None = None


def write_blocks(file: IO[bytes], blocks: Iterable[bytes]) -> tuple[int, str]:
    """Write blocks to a file; return their size and SHA-256 in hex."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        file.write(block)
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()


def media_type_of(name: str) -> str:
    """Return the media type for the extension of `name`."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def blocks_of(data: str | bytes | Iterable[bytes]) -> Iterable[bytes]:
    """Return the data for `Store.publish` as blocks of bytes; text is encoded as UTF-8."""
    if isinstance(data, str):
        return [data.encode()]
    return [data] if isinstance(data, bytes) else data
