"""The store of results while a job runs: each job writes to its own folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from libraries.errors import NotFound
from libraries.storage.artifacts import Artifact, StoredFile
from libraries.storage.names import check_name, is_reserved, own_name
from libraries.storage.store import Store


@dataclass
class JobFiles:
    """The files that the running attempt of a job has published, by the requested name.

    `before_first` is called before the first one, so that a crash leaves no unknown file. `originals`
    are names in the shared store under which the task itself wrote files that were then published.
    """

    job_id: str
    before_first: Callable[[], object] = lambda: None
    published: dict[str, Artifact] = field(default_factory=dict)
    originals: set[str] = field(default_factory=set)


class JobStore(Store):
    """Publishes `<name>` as `jobs/<job id>/<name>`, so that no other job can replace it.

    The job reads its files under both names, also those of an earlier attempt. Other files are read
    as in the shared store.
    """

    def __init__(self, shared: Store, files: JobFiles) -> None:
        super().__init__(shared.shown_as)
        self._shared, self._files = shared, files

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        return self._note(name, self._shared.publish(self._own_name(name), data))

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        copied = self._shared.copy(self._known(name), self._own_name(to), sha256=sha256)
        return self._note(to, copied)

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        if self._may_be_own(name):
            with contextlib.suppress(NotFound):
                return self._shared.open_checked(own_name(name, self._files.job_id), sha256=sha256)
        return self._shared.open_checked(self._known(name), sha256=sha256)

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        removed = self._shared.remove(self._known(name), sha256=sha256)
        if removed:
            self._files.published.pop(name, None)
        return removed

    def stat(self, name: str) -> StoredFile:
        if self._may_be_own(name):
            with contextlib.suppress(NotFound):
                return self._shared.stat(own_name(name, self._files.job_id))
        return self._shared.stat(self._known(name))

    def names(self, folder: str = "") -> Iterator[str]:
        return self._shared.names(folder)

    def remove_temporary(self, older_than: float) -> int:
        return self._shared.remove_temporary(older_than)

    def remove_older(self, older_than: float) -> int:
        return self._shared.remove_older(older_than)

    def path_of(self, name: str) -> str:
        return self._shared.path_of(self._known(name))

    def ping(self) -> None:
        self._shared.ping()

    def _own_name(self, name: str) -> str:
        own = own_name(check_name(name), self._files.job_id)
        if not self._files.published:
            self._files.before_first()
        return own

    def _may_be_own(self, name: str) -> bool:
        """Return whether an earlier attempt may have published the file `name`."""
        return name not in self._files.published and not is_reserved(check_name(name))

    def _known(self, name: str) -> str:
        """Return the name of the job's own file, if it has published one, else `name`."""
        found = self._files.published.get(name)
        return name if found is None else found.name

    def _note(self, name: str, artifact: Artifact) -> Artifact:
        self._files.published[name] = artifact
        return artifact
