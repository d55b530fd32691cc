"""The one way to write a result and to read it back: whole or absent, never outside its folder, never through a link."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.settings import get_settings
from libraries.storage.names import BadFileName, check_name, filename_part

MEDIA_TYPES = {
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".eml": "message/rfc822",
    ".png": "image/png",
}
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


# Called in the moment before a file takes its name; raises when it must not.
_last_check: ContextVar[Callable[[], None] | None] = ContextVar("last_check", default=None)


_owner: ContextVar[str] = ContextVar("owner", default="")


@contextlib.contextmanager
def publishing_only_if(check: Callable[[], None]) -> Iterator[None]:
    """Let `check` have the last word on every file that is published inside: when it raises, nothing is left of the file."""
    token = _last_check.set(check)
    try:
        yield
    finally:
        _last_check.reset(token)


class FileMissing(NotFound):
    """Raised when a file that was asked for is not there."""

    code: ClassVar[str] = "file-missing"


class BadFile(InvalidInput):
    """Raised when a name stands for a folder, a link or a device instead of a plain file."""

    code: ClassVar[str] = "bad-file"


class StorageFull(Unavailable):
    """Raised when there is no room left for a result; nothing of it is kept."""

    code: ClassVar[str] = "storage-full"


@dataclass(frozen=True)
class Artifact:
    """A file that a task made: its name below the output folder, its kind, its bytes and their SHA-256 in hex."""

    name: str
    path: str
    media_type: str
    size: int
    sha256: str

    def as_record(self) -> dict[str, Any]:
        """Return what is kept with the job: everything but the path, which is this machine's own."""
        record = asdict(self)
        del record["path"]
        return record


class ArtifactFolder:
    """A folder of results. Names are relative paths as `check_name` allows them."""

    def __init__(self, root: Path) -> None:
        """Use the folder `root`; it is made when the first file is written."""
        self.root = root

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        """Write `data` to the file `name` and return what was written; text is encoded as UTF-8.

        Readers see the old file or the new one, whole: the bytes go to a temporary file in the same folder, reach the disk and
        are then renamed. Two writers of one name do not disturb each other; the last one stays.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
            StorageFull: there is no room.
        """
        check_name(name)
        blocks = [data.encode()] if isinstance(data, str) else [data] if isinstance(data, bytes) else data
        *folders, base = name.split("/")
        with self._folder(folders, make=True) as folder:
            # A directory or a link under that name would swallow or redirect the rename's meaning: refuse it.
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISREG(os.stat(base, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise BadFileName(f"{name!r} is already the name of something that is not a file")
            temporary = f".{secrets.token_hex(8)}.tmp"
            try:
                size, digest = _write_durably(folder, temporary, blocks)
                check = _last_check.get()
                if check is not None:
                    check()
                os.rename(temporary, base, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except BaseException as error:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                if isinstance(error, OSError) and error.errno in NO_SPACE:
                    raise StorageFull("there is no room left to store the result") from error
                raise
        media_type = MEDIA_TYPES.get(Path(base).suffix.lower(), "application/octet-stream")
        return Artifact(name, str(self.root / name), media_type, size, digest)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open the file `name` for reading in binary.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
            FileMissing: there is no such file.
            BadFile: it is not a plain file.
        """
        with self.take(name) as file:
            yield file

    def take(self, name: str) -> IO[bytes]:
        """Open the file `name` as `open` does, but leave closing it to the caller (for streaming it into a reply)."""
        check_name(name)
        *folders, base = name.split("/")
        with self._folder(folders, make=False) as folder:
            try:
                # O_NONBLOCK: a FIFO with no writer must not hang the reader.
                descriptor = os.open(base, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
            except FileNotFoundError:
                raise FileMissing(f"there is no file {name!r}") from None
            except OSError as error:
                raise BadFile(f"{name!r} is not a plain file") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BadFile(f"{name!r} is not a plain file")
        return os.fdopen(descriptor, "rb")

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove the file `name`, and folders that this leaves empty; tell whether it was there.

        With `sha256` only a file with these bytes is removed: another one may have taken its name since.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
        """
        try:
            if sha256 is not None:
                with self.open(name) as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                        return False
            *folders, base = check_name(name).split("/")
            with self._folder(folders, make=False) as folder:
                os.unlink(base, dir_fd=folder)
        except (FileMissing, FileNotFoundError):
            return False
        while folders:
            *outer, last = folders
            try:
                with self._folder(outer, make=False) as parent:
                    os.rmdir(last, dir_fd=parent)
            except (OSError, FileMissing):
                break  # not empty
            folders = outer
        return True

    def sweep(self, older_than: float) -> int:
        """Remove temporary files that were last written before `older_than` (Unix seconds); return how many."""
        swept = 0
        for path in self.root.rglob(".*.tmp"):
            with contextlib.suppress(OSError):
                if not path.is_symlink() and path.stat().st_mtime < older_than:
                    path.unlink()
                    swept += 1
        return swept

    def shown(self, value: object) -> object:
        """Return a path below this folder as clients may see it, `output/<name>`; any other value as it is."""
        prefix = f"{self.root}{os.sep}"
        return f"output/{value[len(prefix) :]}" if isinstance(value, str) and value.startswith(prefix) else value

    @contextlib.contextmanager
    def _folder(self, segments: list[str], *, make: bool) -> Iterator[int]:
        """Open the folder below the root that `segments` lead to, one step at a time, without following a link."""
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        try:
            # The root itself may be a link: whoever runs the service chose it.
            descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise FileMissing("there is no output folder yet") from None
        try:
            for segment in segments:
                deeper = _step_into(descriptor, segment, make=make)
                os.close(descriptor)
                descriptor = deeper
            yield descriptor
        finally:
            os.close(descriptor)


def _step_into(parent: int, segment: str, *, make: bool) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(segment, 0o755, dir_fd=parent)
            os.fsync(parent)
    try:
        return os.open(segment, FOLDER_FLAGS, dir_fd=parent)
    except FileNotFoundError:
        raise FileMissing(f"there is no folder {segment!r}") from None
    except OSError as error:
        raise BadFileName(f"{segment!r} is a link or a file, not a folder") from error


def _write_durably(folder: int, temporary: str, blocks: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        for block in blocks:
            file.write(block)
            digest.update(block)
            size += len(block)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


@contextlib.contextmanager
def files_of(owner: str) -> Iterator[None]:
    """Let the results that are written and read inside be those of `owner`, in a folder that no other owner's names lead to.

    An empty name stands for everyone who has none: their results lie in the output folder itself.
    """
    token = _owner.set(filename_part(owner, longest=64) if owner else "")
    try:
        yield
    finally:
        _owner.reset(token)


def output_folder() -> ArtifactFolder:
    """Return the folder of results: `OUTPUT_DIR`, or inside `files_of` the owner's folder `OUTPUT_DIR/.owners/<owner>`.

    A name cannot begin with a dot, so nobody can name a file of another owner.
    """
    root = get_settings().output_dir
    return ArtifactFolder(root / ".owners" / _owner.get() if _owner.get() else root)


def open_input(path: str) -> IO[bytes]:
    """Open a file that a task was told to read; it must lie in the upload folder or in the output folder.

    `uploads/data.csv` and `/uploads/data.csv` mean the upload folder, `output/a.csv` the output folder, a bare `data.csv` the
    first of the two that has it; an absolute path must lie in one of them. The caller closes the file.

    Raises:
        BadFileName: the path is not safe or lies elsewhere.
        FileMissing: there is no such file.
        BadFile: it is not a plain file.
    """
    settings = get_settings()
    roots = {"uploads": settings.upload_dir, "output": output_folder().root}
    if not isinstance(path, str):
        raise BadFileName("a file is named by text")
    for root in roots.values():
        if path.startswith(f"{root}{os.sep}"):
            return ArtifactFolder(root).take(path[len(str(root)) + 1 :])
    first, _, rest = path.removeprefix("/").partition("/")
    if rest and first in roots:
        return ArtifactFolder(roots[first]).take(rest)
    check_name(path, field="file_path")
    try:
        return ArtifactFolder(settings.upload_dir).take(path)
    except FileMissing:
        return output_folder().take(path)
