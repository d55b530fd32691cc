"""Locations of results, uploads and input files, separate for each owner."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from libraries.characters import Characters
from libraries.errors import InvalidInput, NotFound
from libraries.json_types import described
from libraries.settings import StorageSettings, UploadSettings
from libraries.storage.artifacts import StorageUnavailable
from libraries.storage.folder import ArtifactFolder
from libraries.storage.job_store import JobFiles, JobStore
from libraries.storage.names import SEGMENT, check_name, filename_part
from libraries.storage.store import Store

if TYPE_CHECKING:
    from libraries.storage.cloudflare import CloudflareImages

_owner: ContextVar[str] = ContextVar("owner")
_job: ContextVar[JobFiles | None] = ContextVar("job", default=None)


class _Process:
    """Functions for a job that runs outside of `job_folder` and `owner_folder`."""

    find_job_files: Callable[[], JobFiles | None] = staticmethod(lambda: None)
    find_owner: Callable[[], str] = staticmethod(lambda: "")


def find_job_files_with(find: Callable[[], JobFiles | None]) -> None:
    """Set the function that returns the files of a job in a worker that does not use `job_folder`."""
    _Process.find_job_files = staticmethod(find)


def find_owner_folder_with(find: Callable[[], str]) -> None:
    """Set the function that returns the owner of files in a worker without `owner_folder`."""
    _Process.find_owner = staticmethod(find)


def _owner_folder() -> str:
    """Return the folder of the owner, '' for files without an owner."""
    own = _owner.get(None)
    return _folder_name(_Process.find_owner()) if own is None else own


def _folder_name(owner: str) -> str:
    return filename_part(owner, longest=64) if owner else ""


@contextlib.contextmanager
def owner_folder(owner: str) -> Iterator[None]:
    """Read and write the files of `owner` inside; an empty name stands for files without an owner."""
    token = _owner.set(_folder_name(owner))
    try:
        yield
    finally:
        _owner.reset(token)


@contextlib.contextmanager
def job_folder(
    job_id: str, before_first: Callable[[], object] = lambda: None
) -> Iterator[JobFiles]:
    """Publish results in the folder of a job inside; call `before_first` before the first one."""
    files = JobFiles(job_id, before_first)
    token = _job.set(files)
    try:
        yield files
    finally:
        _job.reset(token)


def job_files() -> JobFiles | None:
    """Return the files of the running job, None outside of a job."""
    return _job.get() or _Process.find_job_files()


def output_folder() -> Store:
    """Return the store of results; in a job, what is published goes to the folder of the job.

    See `shared_output_folder` and `JobStore`.
    """
    files, shared = job_files(), shared_output_folder()
    return shared if files is None else JobStore(shared, files)


def shared_output_folder() -> Store:
    """Return the store of results: `OUTPUT_DIR`, or for an owner `OUTPUT_DIR/.owners/<owner>`.

    With `STORAGE_URL` these are `output` and `output/.owners/<owner>` in the bucket. Names cannot
    begin with a dot, so files of other owners are out of reach. With `CF_ACCT_ID` photos are in
    Cloudflare Images.
    """
    files, images = _store(StorageSettings.current().output_dir, "output"), image_account()
    if images is None:
        return files
    from libraries.storage.images import ImageStore  # noqa: PLC0415 - only needed with an account

    return ImageStore(files, images, _owner_folder())


def image_account() -> CloudflareImages | None:
    """Return the account of Cloudflare Images, if one is configured."""
    settings = StorageSettings.current()
    if not settings.cf_acct_id:
        return None
    from libraries.storage.cloudflare import CloudflareImages  # noqa: PLC0415

    return CloudflareImages(
        settings.cf_api_url,
        settings.cf_acct_id,
        settings.cf_img_token,
        settings.cf_img_hash,
        timeout_s=settings.storage_timeout,
    )


def upload_folder() -> Store:
    """Return the store of uploads: `UPLOAD_DIR/.received`, or for an owner the owner's folder in it.

    With `STORAGE_URL` these are `uploads` and `uploads/.owners/<owner>` in the bucket.
    """
    # Separate from the files that the operator placed in UPLOAD_DIR.
    return _store(StorageSettings.current().upload_dir / ".received", "uploads")


def _store(root: Path, shown_as: str) -> Store:
    settings = StorageSettings.current()
    owner = _owner_folder()
    own = f".owners/{owner}" if owner else ""
    if settings.storage_url is None:
        return _folder(root, own, shown_as)
    # botocore is large, and only needed with a bucket.
    from libraries.storage.bucket import BucketStore  # noqa: PLC0415

    return BucketStore(
        settings.storage_url, f"{shown_as}/{own}".rstrip("/"), shown_as, settings.storage_timeout
    )


@lru_cache(maxsize=256)
def _folder(root: Path, own: str, shown_as: str) -> ArtifactFolder:
    """Return a folder, which lists of jobs ask for with each path."""
    return ArtifactFolder(root / own, shown_as)


def prepare_stores() -> None:
    """Import what the stores need, before this process starts threads and forks.

    If one thread imports a module during a fork, its import lock stays locked in the child forever.
    One request to the store, of about a second, imports everything; its result does not matter.
    """
    with contextlib.suppress(StorageUnavailable):
        output_folder().ping()


def clean_stores() -> None:
    """Remove incomplete files and expired uploads of all owners; raise StorageUnavailable if that fails."""
    with owner_folder(""):
        results, uploads = output_folder(), upload_folder()
    now = time.time()
    for store in (results, uploads):
        store.remove_temporary(now - store.max_write_s)
    uploads.remove_older(now - UploadSettings.current().upload_ttl)


def check_storage(patience: float = 1.0) -> StorageUnavailable | None:
    """Return why the store at `STORAGE_URL` cannot be used, or None; takes at most `patience` seconds."""
    store = output_folder()
    found: list[StorageUnavailable | None] = []

    def check() -> None:
        try:
            store.ping()
        except StorageUnavailable as error:
            found.append(error)
        else:
            found.append(None)

    # Name lookups and credential requests have no timeout, so the thread may outlive this call.
    thread = threading.Thread(target=check, name="storage-check", daemon=True)
    thread.start()
    thread.join(patience)
    return found[0] if found else StorageUnavailable("slow")


# A name, or the path of a file in one of the folders.
@described(
    pattern=rf"^(?:{SEGMENT.pattern}(?:/{SEGMENT.pattern})*|(?:/[^/{Characters.CONTROLS}]+)+)$"
)
def open_input(path: str) -> IO[bytes]:
    """Open an input file of a task. The caller closes it.

    `uploads/data.csv` and `/uploads/data.csv` are searched in the owner's uploads, then in
    `UPLOAD_DIR`; `output/a.csv` in the owner's results; a name without a folder in all of these. Paths
    that tasks returned are accepted too. Raises InvalidInput, NotFound or StorageUnavailable.
    """
    if not isinstance(path, str):
        raise InvalidInput("a file name must be a string", code="bad-file-name")
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
