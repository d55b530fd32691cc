"""Interface of file stores."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import IO

from libraries.errors import NotFound
from libraries.storage.artifacts import Artifact, StoredFile


class Store(ABC):
    """A set of files by name. Names are relative paths, see `check_name`. Writes are atomic.

    All methods raise InvalidInput if a name is not safe or leads through a link, and
    StorageUnavailable if the storage is unreachable.

    `shown_as` is the folder of these files in the API, `output` or `uploads`. A write that takes
    longer than `max_write_s` is considered abandoned. `cleanup_interval_s` separates two cleanups.
    """

    max_write_s: float = 60.0
    cleanup_interval_s: float = 10.0

    def __init__(self, shown_as: str = "output") -> None:
        self.shown_as = shown_as

    @abstractmethod
    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        """Write `data` to the file `name`; text is encoded as UTF-8. Raise Unavailable if the storage is full.

        Concurrent readers see the old or the new file. With concurrent writers the last one wins.
        """

    @abstractmethod
    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open the file `name` as a seekable binary file; the caller closes it.

        Raises NotFound if it was not found or its checksum is not `sha256` (hex), because another
        file replaced it, and InvalidInput if it is not a regular file. A file that was set aside is
        found by its checksum.
        """

    @abstractmethod
    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove the file `name`, with `sha256` (hex) only if it has this checksum; return whether it was removed."""

    @abstractmethod
    def stat(self, name: str) -> StoredFile:
        """Return the metadata of the file `name`; raise the errors of `open_checked`."""

    @abstractmethod
    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the owner's complete files, or of those below `folder`, sorted within each folder."""

    @abstractmethod
    def remove_temporary(self, older_than: float) -> int:
        """Remove writes of all owners that were abandoned before `older_than` (Unix seconds); return their number."""

    @abstractmethod
    def remove_older(self, older_than: float) -> int:
        """Remove files of all owners last modified before `older_than` (Unix seconds); return their number."""

    @abstractmethod
    def path_of(self, name: str) -> str:
        """Return the path of the file `name` that tasks return, and that `open_input` accepts."""

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        """Copy the file `name` to the file `to` of this store; raise the errors of `open_checked` and `publish`."""
        with self.open_checked(name, sha256=sha256) as file:
            return self.publish(to, iter(lambda: file.read(1 << 20), b""))

    def show(self, name: str, readable: str) -> None:
        """Copy the file `name` to another name for readers; after a power failure the copy may be missing."""
        self.copy(name, readable)

    def set_aside(self, name: str) -> None:
        """Copy the file `name`, if it exists, so that `open_checked` finds it by its checksum."""
        with contextlib.suppress(NotFound), self.open_checked(name) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            self.copy(name, self._aside(digest), sha256=digest)

    def remove_set_aside(self, sha256: str) -> None:
        self.remove(self._aside(sha256))

    def _open_aside(self, name: str, sha256: str | None) -> IO[bytes] | None:
        """Open the file that was set aside when `name` was used again; None if there is none."""
        aside = self._aside(sha256 or "")
        if sha256 is None or name == aside:
            return None
        with contextlib.suppress(NotFound):
            return self.open_checked(aside, sha256=sha256)
        return None

    @staticmethod
    def _aside(sha256: str) -> str:
        return f"jobs/earlier/{sha256}"

    def ping(self) -> None:  # noqa: B027 - folders are always reachable
        """Check the connection with one short request; raise StorageUnavailable if it fails."""

    def check_writable(self) -> None:
        """Write a file and remove it; raise Unavailable or OSError if that fails."""
        name = f"check-{secrets.token_hex(8)}.txt"
        self.publish(name, "Written to check the storage.\n")
        self.remove(name)

    def name_of(self, path: str) -> str | None:
        """Return the name of the file at `path` if that is in this store, else None. The name is not checked."""
        prefix = self.path_of("")
        return path[len(prefix) :] if path.startswith(prefix) else None

    def display_path(self, value: object) -> object:
        """Return a path in this store as clients see it, `output/<name>`; other values unchanged."""
        name = self.name_of(value) if isinstance(value, str) else None
        return value if name is None else f"{self.shown_as}/{name}"
