"""The store in a folder of this machine: never outside that folder, never through a link."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from libraries.errors import InvalidInput, NotFound
from libraries.storage.artifacts import (
    NO_SPACE,
    Artifact,
    BadFile,
    FileMissing,
    FileReplaced,
    StorageFull,
    StoredFile,
    before_commit,
    blocks_of,
    media_type_of,
)
from libraries.storage.names import BadFileName, check_name
from libraries.storage.store import Store


class ArtifactFolder(Store):
    """A folder of files. Files are written beside their place, brought to the disk, and then renamed."""

    def __init__(self, root: Path, shown_as: str = "output") -> None:
        """Use the folder `root`; it is made when the first file is written."""
        super().__init__(shown_as)
        self.root = root

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        """Write a file; see `Store.publish`."""
        *folders, base = check_name(name).split("/")
        temporary = f".{secrets.token_hex(8)}.tmp"
        with self._new_file(folders, temporary) as (folder, file):
            try:
                with file:
                    # A directory or a link under that name would swallow or redirect the rename's meaning: refuse it.
                    _refuse_other_kinds(folder, base, name)
                    size, digest = _write_durably(file, blocks_of(data))
                before_commit()
                os.rename(temporary, base, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except BaseException as error:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                if isinstance(error, OSError) and error.errno in NO_SPACE:
                    raise StorageFull("there is no room left to store the result") from error
                raise
        return Artifact(name, self.path_of(name), media_type_of(name), size, digest)

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open a file; see `Store.open_checked`. What is open does not change when another file takes its name."""
        check_name(name)
        *folders, base = name.split("/")
        with self._folder(folders, make=False) as folder:
            try:
                # O_NONBLOCK: a FIFO with no writer must not hang the reader.
                descriptor = os.open(
                    base, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder
                )
            except FileNotFoundError:
                raise FileMissing(f"there is no file {name!r}") from None
            except OSError as error:
                raise BadFile(f"{name!r} is not a plain file") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BadFile(f"{name!r} is not a plain file")
        file = os.fdopen(descriptor, "rb")
        if sha256 is not None and _digest_of(file) != sha256:
            file.close()
            raise FileReplaced(f"another file lies in the place of {name!r}")
        return file

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove a file, and folders that this leaves empty; see `Store.remove`."""
        try:
            if sha256 is not None:
                self.open_checked(name, sha256=sha256).close()
            *folders, base = check_name(name).split("/")
            with self._folder(folders, make=False) as folder:
                os.unlink(base, dir_fd=folder)
        except (NotFound, FileNotFoundError):
            return False
        self._prune(folders)
        return True

    def stat(self, name: str) -> StoredFile:
        """Return size and time; see `Store.stat`. A folder keeps no checksums."""
        with self.open_checked(name) as file:
            found = os.fstat(file.fileno())
        return StoredFile(name, found.st_size, found.st_mtime)

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the files; see `Store.names`. Links and names that `check_name` refuses are passed over."""
        top = self.root / check_name(folder) if folder else self.root
        for here, folders, files in os.walk(top):
            folders[:] = sorted(one for one in folders if not one.startswith("."))
            for file in sorted(files):
                path = Path(here, file)
                name = path.relative_to(self.root).as_posix()
                with contextlib.suppress(InvalidInput):
                    check_name(name)
                    if not path.is_symlink() and path.is_file():
                        yield name

    def remove_temporary(self, older_than: float) -> int:
        """Remove temporary files of writers that died; see `Store.remove_temporary`."""
        return self._sweep(older_than, lambda name: name.startswith(".") and name.endswith(".tmp"))

    def remove_older(self, older_than: float) -> int:
        """Remove old files, and folders that this leaves empty; see `Store.remove_older`."""
        return self._sweep(older_than, lambda name: not name.startswith("."))

    def path_of(self, name: str) -> str:
        """Return the absolute path of a file."""
        return f"{self.root}{os.sep}{name}"

    def _sweep(self, older_than: float, chosen: Callable[[str], bool]) -> int:
        swept = 0
        if not self.root.is_dir():
            return swept
        for here, _, files, folder in os.fwalk(self.root):
            for name in filter(chosen, files):
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode) and found.st_mtime < older_than:
                        os.unlink(name, dir_fd=folder)
                        swept += 1
                        self._prune(list(Path(here).relative_to(self.root).parts))
        return swept

    def _prune(self, folders: list[str]) -> None:
        """Remove the folder that `folders` lead to if it is empty, and so on outwards."""
        while folders:
            *outer, last = folders
            try:
                with self._folder(outer, make=False) as parent:
                    os.rmdir(last, dir_fd=parent)
            except (OSError, NotFound):
                break  # not empty
            folders = outer

    @contextlib.contextmanager
    def _new_file(self, folders: list[str], temporary: str) -> Iterator[tuple[int, IO[bytes]]]:
        """Make the file `temporary` in the folder that `folders` lead to; yield both, the folder as a descriptor.

        Whoever removes the last file of a folder removes the folder: that may be this one, before there is a file in it.
        """
        attempts = 20
        for attempt in range(1, attempts + 1):
            with contextlib.ExitStack() as stack:
                try:
                    folder = stack.enter_context(self._folder(folders, make=True))
                    descriptor = os.open(
                        temporary,
                        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                        0o644,
                        dir_fd=folder,
                    )
                except (NotFound, FileNotFoundError):
                    if attempt == attempts:
                        raise
                    continue
                except OSError as error:
                    if error.errno in NO_SPACE:
                        raise StorageFull("there is no room left to store the result") from error
                    raise
                yield folder, os.fdopen(descriptor, "wb")
                return

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
        return os.open(
            segment, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent
        )
    except FileNotFoundError:
        raise FileMissing(f"there is no folder {segment!r}") from None
    except OSError as error:
        raise BadFileName(f"{segment!r} is a link or a file, not a folder") from error


def _refuse_other_kinds(folder: int, base: str, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(base, dir_fd=folder, follow_symlinks=False).st_mode):
            raise BadFileName(f"{name!r} is already the name of something that is not a file")


def _write_durably(file: IO[bytes], blocks: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        file.write(block)
        digest.update(block)
        size += len(block)
    file.flush()
    os.fsync(file.fileno())
    return size, digest.hexdigest()


def _digest_of(file: IO[bytes]) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest
