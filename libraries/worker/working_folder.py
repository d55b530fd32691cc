"""The working directory of jobs, with a folder `output` for each job alone."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from libraries.settings import StorageSettings

OUTPUT = "output"
log = logging.getLogger(__name__)


class WorkingFolder:
    """A temporary folder with links to the content of the worker's own working directory.

    Only `output` is not a link: jobs that run at the same time and write the same path below it do
    not see each other's files. Other new files are moved to the worker's directory after the job.
    The folder is used by one job after the other, as long as they leave it as it was.
    """

    PREFIX = "vector-job-"
    # A folder is locked within this time after its creation.
    MIN_AGE_S = 60
    MAX_FOLDERS = 100
    NOWHERE = Path("/")

    def __init__(self) -> None:
        self._home = self.NOWHERE
        self._path: Path | None = None
        self._lock = -1
        self._made: set[tuple[str, bool]] = set()

    @contextmanager
    def entered(self) -> Iterator[Path | None]:
        """Run a job in the folder; yield its `output`, or None if it cannot be made."""
        try:
            self._home = Path.cwd()
            if self._path is not None and not self._is_unchanged(self._path):
                self.close()
            folder = self._path or self._make()
            os.chdir(folder)
        except OSError as error:
            log.warning("No working folder for the job: %s", error)
            yield None
            return
        try:
            yield folder / OUTPUT
        finally:
            os.chdir(self._home)
            self._tidy(folder)

    def close(self) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            os.close(self._lock)
            self._path = None

    def _make(self) -> Path:
        self._remove_abandoned()
        # Resolved, so that it equals the result of `os.getcwd`.
        folder = Path(tempfile.mkdtemp(prefix=self.PREFIX)).resolve()
        self._lock, self._path = os.open(folder, os.O_RDONLY | os.O_CLOEXEC), folder
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for one in self._home.iterdir():
            if one.name != OUTPUT:
                (folder / one.name).symlink_to(one)
        for name in ("", "postcards", *self._folders()):
            (folder / OUTPUT / name).mkdir(exist_ok=True)
        self._made = _entries(folder)
        return folder

    def _folders(self) -> list[str]:
        """Return the names of the folders that a task may expect below `output`."""
        found = []
        for folder in (self._home / OUTPUT, StorageSettings.current().output_dir):
            with suppress(OSError), os.scandir(folder) as entries:
                found += [
                    one.name
                    for one in entries
                    if one.is_dir(follow_symlinks=False) and one.name[0] != "."
                ][: self.MAX_FOLDERS]
        return found

    def _tidy(self, folder: Path) -> None:
        """Move new files to the worker's directory."""
        try:
            with os.scandir(folder) as entries:
                left = [one for one in entries if not one.is_symlink() and one.name != OUTPUT]
            for one in left:
                shutil.move(one.path, self._home / one.name)
        except OSError as error:
            log.warning("Files that the job left in its working directory are lost: %s", error)

    def _is_unchanged(self, folder: Path) -> bool:
        """Return whether a folder is as it was made: no job may find the files of another one."""
        return _entries(folder) == self._made

    def _remove_abandoned(self) -> None:
        """Remove the folders of killed processes: their locks are free."""
        for old in Path(tempfile.gettempdir()).glob(f"{self.PREFIX}*"):
            with suppress(OSError):
                if time.time() - old.lstat().st_mtime < self.MIN_AGE_S:
                    continue
                lock = os.open(old, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(old, ignore_errors=True)
                finally:
                    os.close(lock)


def _entries(folder: Path) -> set[tuple[str, bool]]:
    """Return the paths in a working folder and in its `output`, and whether they are links."""
    found, folders = set(), [str(folder), str(folder / OUTPUT)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for one in entries:
                found.add((one.path, one.is_symlink()))
                if one.name != OUTPUT and one.is_dir(follow_symlinks=False):
                    folders.append(one.path)
    return found
