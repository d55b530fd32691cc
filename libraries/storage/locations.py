"""Whose files lie where: results, uploads, and the files that a task may read."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from libraries.errors import NotFound
from libraries.settings import StorageSettings, UploadSettings
from libraries.storage.artifacts import StorageUnavailable
from libraries.storage.folder import ArtifactFolder
from libraries.storage.names import BadFileName, check_name, filename_part
from libraries.storage.store import Store

_owner: ContextVar[str] = ContextVar("owner", default="")


@contextlib.contextmanager
def owner_folder(owner: str) -> Iterator[None]:
    """Let the files that are written and read inside be those of `owner`, in a folder that no other owner's names lead to.

    An empty name stands for everyone who has none.
    """
    token = _owner.set(filename_part(owner, longest=64) if owner else "")
    try:
        yield
    finally:
        _owner.reset(token)


def output_folder() -> Store:
    """Return the store of results: `OUTPUT_DIR`, or inside `owner_folder` the owner's folder `OUTPUT_DIR/.owners/<owner>`.

    With `STORAGE_URL` these are the folders `output` and `output/.owners/<owner>` in the bucket. A name cannot begin with a dot,
    so nobody can name a file of another owner.
    """
    return _store(StorageSettings.current().output_dir, "output")


def upload_folder() -> Store:
    """Return the store of what clients sent: `UPLOAD_DIR/.received`, or inside `owner_folder` the owner's folder below it.

    With `STORAGE_URL` these are the folders `uploads` and `uploads/.owners/<owner>` in the bucket.
    """
    # Below UPLOAD_DIR, apart from the files that whoever runs the service laid there: no name can begin with a dot.
    return _store(StorageSettings.current().upload_dir / ".received", "uploads")


def _store(root: Path, shown_as: str) -> Store:
    settings = StorageSettings.current()
    own = f".owners/{_owner.get()}" if _owner.get() else ""
    if settings.storage_url is None:
        return ArtifactFolder(root / own, shown_as)
    # Loaded where it is used: without a bucket no process needs it, and it is large.
    from libraries.storage.bucket import BucketStore  # noqa: PLC0415

    return BucketStore(
        settings.storage_url,
        f"{shown_as}/{own}".rstrip("/"),
        shown_as,
        settings.storage_timeout,
    )


def prepare_stores() -> None:
    """Load what the stores need, in a process that is about to start threads and to fork.

    A thread that loads a module while another one forks leaves the child with a lock that nobody opens. So the store is used here
    once. Whether it answers is of no matter now, and waited for about a second.
    """
    with contextlib.suppress(StorageUnavailable):
        output_folder().ping()


def clean_stores() -> None:
    """Remove from the stores of all owners what writers that died left half written, and uploads that are past their time.

    Raises:
        StorageUnavailable: the store does not answer.
    """
    with owner_folder(""):
        results, uploads = output_folder(), upload_folder()
    now = time.time()
    for store in (results, uploads):
        store.remove_temporary(now - store.patience)
    uploads.remove_older(now - UploadSettings.current().upload_ttl)


def check_storage(patience: float = 1.0) -> StorageUnavailable | None:
    """Return why the store at `STORAGE_URL` cannot be used now, None if it can or there is none.

    The answer comes after `patience` seconds at most.
    """
    store = output_folder()
    found: list[StorageUnavailable | None] = []

    def look() -> None:
        try:
            store.ping()
        except StorageUnavailable as away:
            found.append(away)
        else:
            found.append(None)

    # A name that is looked up, or a role that is asked for, knows no limit: it goes on without us.
    thread = threading.Thread(target=look, name="storage-look", daemon=True)
    thread.start()
    thread.join(patience)
    return found[0] if found else StorageUnavailable("slow")


def open_input(path: str) -> IO[bytes]:
    """Open a file that a task was told to read. The caller closes it.

    `uploads/data.csv` and `/uploads/data.csv` mean what the owner uploaded, then what lies in `UPLOAD_DIR` for everyone;
    `output/a.csv` means the owner's results; a bare `data.csv` the first of these that has it. The path that a task returned
    means that very file.

    Raises:
        BadFileName: the path is not safe or lies elsewhere.
        FileMissing: there is no such file.
        BadFile: it is not a plain file.
        StorageUnavailable: the store does not answer.
    """
    if not isinstance(path, str):
        raise BadFileName("a file is named by text")
    uploads = [upload_folder(), ArtifactFolder(StorageSettings.current().upload_dir, "uploads")]
    stores = {"uploads": uploads, "output": [output_folder()]}
    everywhere = [*uploads, output_folder()]
    for store in everywhere:
        name = store.name_of(path)
        if name is not None:
            return store.open_checked(name)
    first, _, rest = path.removeprefix("/").partition("/")
    if rest and first in stores:
        return _first_of(stores[first], rest)
    return _first_of(everywhere, check_name(path, field="file_path"))


def _first_of(stores: list[Store], name: str) -> IO[bytes]:
    for store in stores[:-1]:
        with contextlib.suppress(NotFound):
            return store.open_checked(name)
    return stores[-1].open_checked(name)
