"""What a store of files can do, wherever its files lie."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import IO, ClassVar

from libraries.errors import NotFound
from libraries.storage.artifacts import Artifact, StoredFile


class Store(ABC):
    """A set of files by name. Names are relative paths as `check_name` allows them; a file is there whole or not at all.

    Attributes:
        shown_as: the folder that clients see in front of its names, `output` or `uploads`.
        patience: how long a writer may take, in seconds, before what it left half written counts as left behind.
        sweep_pause: how long to wait between two sweeps, in seconds: they are not free everywhere.
    """

    patience: ClassVar[float] = 60.0
    sweep_pause: ClassVar[float] = 10.0

    def __init__(self, shown_as: str = "output") -> None:
        """Show its files to clients as `<shown_as>/<name>`."""
        self.shown_as = shown_as

    @abstractmethod
    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        """Write `data` to the file `name` and return what was written; text is encoded as UTF-8.

        Readers see the old file or the new one, whole. Two writers of one name do not disturb each other; the last one stays.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
            StorageFull: there is no room.
            StorageUnavailable: the store does not answer, or answers that it cannot.
        """

    @abstractmethod
    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open the file `name` for reading in binary, from any place in it; the caller closes it.

        With `sha256` (hex) only a file with these bytes is opened: another one may have taken its name since.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
            FileMissing: there is no such file.
            FileReplaced: it has other bytes than `sha256` says.
            BadFile: it is not a plain file.
            StorageUnavailable: the store does not answer.
        """

    @abstractmethod
    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove the file `name`; tell whether it was there.

        With `sha256` (hex) only a file with these bytes is removed: another one may have taken its name since.

        Raises:
            BadFileName: `name` is not safe, or leads through a link.
            StorageUnavailable: the store does not answer.
        """

    @abstractmethod
    def stat(self, name: str) -> StoredFile:
        """Return what is known of the file `name` without reading it.

        Raises:
            BadFileName, FileMissing, BadFile, StorageUnavailable: as `open_checked`.
        """

    @abstractmethod
    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of all files, or of those below `folder`, in the order of their characters within each folder.

        Files of other owners and files half written are not among them.

        Raises:
            BadFileName: `folder` is not safe.
            StorageUnavailable: the store does not answer.
        """

    @abstractmethod
    def remove_temporary(self, older_than: float) -> int:
        """Remove what writers that died left half written before `older_than` (Unix seconds); return how many.

        This, like `remove_older`, reaches the files of all owners below this store.
        """

    @abstractmethod
    def remove_older(self, older_than: float) -> int:
        """Remove whole files that were last written before `older_than` (Unix seconds); return how many."""

    @abstractmethod
    def path_of(self, name: str) -> str:
        """Return the path of the file `name` as tasks return it: `open_input` understands it, `display_path` shortens it."""

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        """Write the bytes of the file `name` to the file `to` of this store, and return what was written.

        With `sha256` (hex) only a file with these bytes is copied.

        Raises:
            BadFileName, FileMissing, FileReplaced, BadFile, StorageFull, StorageUnavailable: as `open_checked` and `publish`.
        """
        with self.open_checked(name, sha256=sha256) as file:
            return self.publish(to, iter(lambda: file.read(1 << 20), b""))

    def ping(self) -> None:  # noqa: B027 - most stores are always there
        """Do nothing if the store answers; it is asked once, and not for long.

        Raises:
            StorageUnavailable: it does not.
        """

    def exists(self, name: str) -> bool:
        """Tell whether there is a file `name`.

        Raises:
            BadFileName, BadFile, StorageUnavailable: as `open_checked`.
        """
        try:
            self.stat(name)
        except NotFound:
            return False
        return True

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open the file `name` for reading in binary, and close it at the end.

        Raises:
            BadFileName, FileMissing, BadFile, StorageUnavailable: as `open_checked`.
        """
        with self.open_checked(name) as file:
            yield file

    def name_of(self, path: str) -> str | None:
        """Return the name that `path` stands for if it lies in this store, else None; the name may still be unsafe."""
        prefix = self.path_of("")
        return path[len(prefix) :] if path.startswith(prefix) else None

    def display_path(self, value: object) -> object:
        """Return a path in this store as clients may see it, such as `output/<name>`; any other value as it is."""
        name = self.name_of(value) if isinstance(value, str) else None
        return value if name is None else f"{self.shown_as}/{name}"
