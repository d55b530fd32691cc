"""Storage in a folder of this machine. Never follows links out of the folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from libraries.errors import InvalidInput, NotFound
from libraries.storage.artifacts import (
    Artifact,
    StoredFile,
    before_commit,
    blocks_of,
    full_disk_reported,
    media_type_of,
    write_blocks,
)
from libraries.storage.names import check_name
from libraries.storage.store import Store


class ArtifactFolder(Store):
    """A folder of files. Files are written to a temporary name, synced to disk and renamed."""

    def __init__(self, root: Path, shown_as: str = "output") -> None:
        """Use the folder `root`, which is created with the first file."""
        super().__init__(shown_as)
        self.root = root
        # A hard link in the uploads may lead to any file of this user.
        self._allows_hard_links = shown_as != "uploads"

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        return self._publish(name, data, sync=os.fsync)

    def show(self, name: str, readable: str) -> None:
        """Copy a file as `Store.show` does. Syncing takes most of the time of a copy."""
        with self.open_checked(name) as file:
            blocks = iter(lambda: file.read(1 << 20), b"")
            self._publish(readable, blocks, sync=lambda _: None)

    def _publish(
        self, name: str, data: str | bytes | Iterable[bytes], sync: Callable[[int], None]
    ) -> Artifact:
        *folders, base = check_name(name).split("/")
        temporary = f".{secrets.token_hex(8)}.tmp"
        with self._pruned_on_error(folders), self._new_file(folders, temporary) as (folder, file):
            try:
                with file:
                    # A rename would replace a link, and fail with an unclear error for a directory.
                    _check_replaceable(folder, base, name)
                    size, digest = write_blocks(file, blocks_of(data))
                    file.flush()
                    sync(file.fileno())
                before_commit()
                os.rename(temporary, base, src_dir_fd=folder, dst_dir_fd=folder)
                sync(folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise
        return Artifact(name, self.path_of(name), media_type_of(name), size, digest)

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open a file; see `Store.open_checked`. An open file does not change if its name is reused."""
        try:
            return self._open(name, sha256)
        except NotFound:
            aside = self._open_aside(name, sha256)
            if aside is None:
                raise
            return aside

    def _open(self, name: str, sha256: str | None) -> IO[bytes]:
        *folders, base = check_name(name).split("/")
        try:
            with self._folder(folders, make=False) as folder:
                descriptor = _open_plain(folder, base, name)
            if not self._allows_hard_links and os.fstat(descriptor).st_nlink > 1:
                os.close(descriptor)
                raise InvalidInput(f"{name!r} is a hard link", code="bad-file")
        except FileNotFoundError:
            raise NotFound(f"file not found: {name!r}", code="file-missing") from None
        file = os.fdopen(descriptor, "rb")
        if sha256 is not None and _digest_of(file) != sha256:
            file.close()
            raise NotFound(f"{name!r} was replaced by another file", code="file-replaced")
        return file

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove a file, and the folders that become empty; see `Store.remove`."""
        try:
            if sha256 is not None:
                self._open(name, sha256).close()
            *folders, base = check_name(name).split("/")
            with self._folder(folders, make=False) as folder:
                os.unlink(base, dir_fd=folder)
        except (NotFound, FileNotFoundError):
            return False
        self._prune(folders)
        return True

    def stat(self, name: str) -> StoredFile:
        with self.open_checked(name) as file:
            found = os.fstat(file.fileno())
        return StoredFile(name, found.st_size, found.st_mtime)

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of files; see `Store.names`. Links and invalid names are skipped."""
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
        return self._remove(older_than, lambda name: name.startswith(".") and name.endswith(".tmp"))

    def remove_older(self, older_than: float) -> int:
        return self._remove(older_than, lambda name: not name.startswith("."))

    def path_of(self, name: str) -> str:
        """Return the absolute path of a file."""
        return f"{self.root}{os.sep}{name}"

    def _remove(self, older_than: float, chosen: Callable[[str], bool]) -> int:
        removed = 0
        if not self.root.is_dir():
            return removed
        for here, _, files, folder in os.fwalk(self.root):
            for name in filter(chosen, files):
                with contextlib.suppress(OSError):
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if stat.S_ISREG(found.st_mode) and found.st_mtime < older_than:
                        os.unlink(name, dir_fd=folder)
                        removed += 1
                        self._prune(list(Path(here).relative_to(self.root).parts))
        return removed

    def _prune(self, folders: list[str]) -> None:
        """Remove the folder with the path segments `folders` if it is empty, then its parents likewise."""
        while folders:
            *outer, last = folders
            try:
                with self._folder(outer, make=False) as parent:
                    os.rmdir(last, dir_fd=parent)
            except OSError:
                break  # not empty, or removed by another process
            folders = outer

    @contextlib.contextmanager
    def _pruned_on_error(self, folders: list[str]) -> Iterator[None]:
        """Report a full disk, and remove the folders of a file that could not be written if they are empty."""
        try:
            with full_disk_reported():
                yield
        except BaseException:
            self._prune(folders)
            raise

    @contextlib.contextmanager
    def _new_file(self, folders: list[str], temporary: str) -> Iterator[tuple[int, IO[bytes]]]:
        """Create the file `temporary`; yield its folder's descriptor and the file. Retry if the folder is removed."""
        attempts = 20
        for attempt in range(1, attempts + 1):
            with contextlib.ExitStack() as stack:
                try:
                    folder = stack.enter_context(self._folder(folders, make=True))
                    descriptor = os.open(
                        temporary,
                        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                        0o600,
                        dir_fd=folder,
                    )
                except FileNotFoundError:
                    if attempt == attempts:
                        raise
                    continue
                yield folder, os.fdopen(descriptor, "wb")
                return

    @contextlib.contextmanager
    def _folder(self, segments: list[str], *, make: bool) -> Iterator[int]:
        """Open the folder with the path `segments` below the root, one level at a time, without following links."""
        if make:
            make_private(self.root)
        # The root itself may be a link, which the operator configured.
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for segment in segments:
                deeper = _step_into(descriptor, segment, make=make)
                os.close(descriptor)
                descriptor = deeper
            yield descriptor
        finally:
            os.close(descriptor)


def open_below(root: Path, segments: Sequence[str]) -> IO[bytes]:
    """Open the file that a task wrote at a path below `root`; its name may be unsafe.

    Raises FileNotFoundError, and InvalidInput for links, hard links, and other than regular files.
    """
    *folders, base = segments
    with ArtifactFolder(root)._folder(folders, make=False) as folder:  # noqa: SLF001
        file = os.fdopen(_open_plain(folder, base, "/".join(segments)), "rb")
    if os.fstat(file.fileno()).st_nlink > 1:
        file.close()
        raise InvalidInput(f"{'/'.join(segments)!r} is a hard link", code="bad-file")
    return file


def make_private(folder: Path) -> None:
    """Create a folder and its parents with mode 0700; existing ones keep theirs."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def _step_into(parent: int, segment: str, *, make: bool) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(segment, 0o700, dir_fd=parent)
            os.fsync(parent)
    try:
        return os.open(
            segment, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent
        )
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InvalidInput(f"{segment!r} is not a folder", code="bad-file-name") from error


def _open_plain(folder: int, base: str, name: str) -> int:
    problem = InvalidInput(f"{name!r} is not a regular file", code="bad-file")
    try:
        # O_NONBLOCK: opening a FIFO without a writer must not block.
        descriptor = os.open(
            base, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder
        )
    except FileNotFoundError:
        raise
    except OSError as error:
        raise problem from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise problem
    return descriptor


def _check_replaceable(folder: int, base: str, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(base, dir_fd=folder, follow_symlinks=False).st_mode):
            raise InvalidInput(f"{name!r} exists and is not a regular file", code="bad-file-name")


def _digest_of(file: IO[bytes]) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest
