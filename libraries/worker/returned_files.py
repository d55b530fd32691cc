"""Files whose paths a task returns: they become artifacts of its job.

A path counts if it is the result, an item of a list, or a `Path` anywhere in the result. Text in
other positions counts only if it names a file that the task wrote below its own `output`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from functools import cached_property
from logging import getLogger
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple

from rq.job import Job

from libraries.errors import InvalidInput
from libraries.job_manager import attach
from libraries.json_types import JsonObject
from libraries.settings import StorageSettings
from libraries.storage import (
    Artifact,
    ArtifactFolder,
    is_reserved,
    job_files,
    output_folder,
    own_name,
    shared_output_folder,
)
from libraries.storage.folder import open_below
from libraries.storage.names import safe_name
from libraries.worker.working_folder import OUTPUT

Describe = Callable[[bytes], JsonObject]
log = getLogger(__name__)


class _Process:
    """Functions that describe a file by its content, by media type."""

    describers: dict[str, Describe] = {}  # noqa: RUF012 - one for the process


def describe_files_with(media_type: str, describe: Describe) -> None:
    """Set the function that returns the fields of an artifact of this media type."""
    _Process.describers[media_type] = describe


class Location(NamedTuple):
    """A path below an output folder: the folder, and the segments of the path."""

    root: Path
    segments: tuple[str, ...]

    @property
    def name(self) -> str:
        return "/".join(self.segments)

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.segments)


class ReturnedFiles:
    """Turns the paths in the result of a job into its artifacts."""

    MAX_FILES: ClassVar[int] = 500
    MAX_PATH_CHARS: ClassVar[int] = 4096
    MAX_NODES: ClassVar[int] = 50_000
    MAX_DEPTH: ClassVar[int] = 20
    NOT_WRITTEN: ClassVar[str] = "the job did not write that file"
    # A larger file is stored, but not described.
    MAX_DESCRIBED_BYTES: ClassVar[int] = 20_000_000

    def __init__(self, job: Job, output: Path | None) -> None:
        """Use the job's own folder `output`; None if the task runs in the directory of the process."""
        self._job, self._output = job, output
        self._stored: dict[Location, str] = {}
        self._attached: set[str] = set()
        self._nodes = 0

    def adopted(self, result: Any) -> Any:
        """Return the result with the paths of the stored files.

        Raises InvalidInput (`bad-result`) for a path that is not a file of this job.
        """
        self._attached = {one["name"] for one in self._job.meta.get("artifacts", [])}
        if not isinstance(result, list | tuple):
            return self._item(result, strict=True)
        paths = sum(
            isinstance(one, str | os.PathLike) and self._locate(one) is not None for one in result
        )
        if paths > self.MAX_FILES:
            raise _bad(f"the task returned {paths} paths; a job has at most {self.MAX_FILES} files")
        return [self._item(one, strict=True) for one in result]

    def publish_others(self, names: Callable[[str], object]) -> None:
        """Store what the task wrote below `output` and did not return; call `names` with each name.

        These files have no owner: the next job that writes to the name replaces them.
        """
        for location in self._written():
            if location not in self._stored:
                try:
                    with open_below(*location) as file:
                        name = safe_name(location.segments, free=True)
                        shared_output_folder().publish(name, _blocks(file))
                    names(name)
                except InvalidInput as error:
                    log.warning("A file that the job wrote is not stored: %s", error)

    def _written(self) -> Iterator[Location]:
        for here, _, files in os.walk(self._output) if self._output else ():
            for name in sorted(files):
                yield Location(self._output, Path(here, name).relative_to(self._output).parts)  # type: ignore[arg-type]

    def _item(self, value: Any, *, strict: bool, depth: int = 0) -> Any:
        self._nodes += 1
        if isinstance(value, str | os.PathLike):
            return self._path(value, strict=strict or not isinstance(value, str))
        if depth > self.MAX_DEPTH or self._nodes > self.MAX_NODES:
            return value
        if isinstance(value, dict):
            return {
                key: self._item(one, strict=False, depth=depth + 1) for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._item(one, strict=False, depth=depth + 1) for one in value]
        return value

    def _path(self, value: str | os.PathLike[str], *, strict: bool) -> Any:
        """Return the path of the stored file, or the value if it is a text that is not a path."""
        text = os.fsdecode(value)
        may_be_path = strict or text.startswith(("/", "./", f"{OUTPUT}/"))
        if not may_be_path or not 0 < len(text) <= self.MAX_PATH_CHARS or "\0" in text:
            return value
        published = self._published(text)
        if published is not None:
            is_new = strict and published.name not in self._attached
            return self._attach(published) if is_new else published.path
        location = self._locate(text)
        if location is None:
            if not isinstance(value, str) or (strict and self._is_outside(text)):
                raise _bad(f"the task returned {text!r}, which is not a file in the output folder")
            return text
        exists = os.path.lexists(location.path)
        is_text = (
            isinstance(value, str) and not exists and safe_name(location.segments) != location.name
        )
        if is_text or (not strict and not (location.root == self._output and exists)):
            return text
        return self._adopt(location, text)

    def _published(self, text: str) -> Artifact | None:
        """Return the file that the task published and whose path this is."""
        files = job_files()
        if files is None or not files.published:
            return None
        name = shared_output_folder().name_of(text) or text.removeprefix(f"{OUTPUT}/")
        own = (one for one in files.published.values() if one.name == name)
        return files.published.get(name) or next(own, None)

    def _locate(self, path: str | os.PathLike[str]) -> Location | None:
        """Return the location of a path, relative to the working directory; None outside of all."""
        # Links are not followed.
        full = Path(os.path.abspath(self._roots[0].parent / path))  # noqa: PTH100
        for root in self._roots:
            if full != root and full.is_relative_to(root):
                return Location(root, full.relative_to(root).parts)
        return None

    @cached_property
    def _roots(self) -> list[Path]:
        """Return the folders in which a task may write files: its own `output`, and those of all jobs."""
        shared = shared_output_folder()
        folders = [shared.root] if isinstance(shared, ArtifactFolder) else []
        return [
            self._output or Path.cwd() / OUTPUT,
            *folders,
            StorageSettings.current().output_dir,
        ]

    def _is_outside(self, text: str) -> bool:
        """Return whether a text is the path of an existing file or of a file that the job wrote elsewhere."""
        first, *rest = Path(text).parts or ("",)
        if first == "/":
            return len(rest) > 1 and os.path.lexists(text)
        if first == OUTPUT:
            return ".." in rest
        if first == ".." or self._output is None or (self._output.parent / first).is_symlink():
            return False
        return os.path.lexists(self._output.parent / text)

    def _adopt(self, location: Location, text: str) -> str:
        """Store a file that the task wrote, and attach it; return its path."""
        if location not in self._stored:
            if len(self._stored) >= self.MAX_FILES:
                raise _bad(f"the task returned more than {self.MAX_FILES} paths")
            self._stored[location] = self._store(location, text)
        return self._stored[location]

    def _store(self, location: Location, text: str) -> str:
        reason = self._refusal(location)
        if reason:
            raise _bad(f"the task returned {text!r}, but {reason}")
        try:
            with open_below(*location) as file:
                before = os.fstat(file.fileno())
                stored = output_folder().publish(safe_name(location.segments), _blocks(file))
                after = os.fstat(file.fileno())
        except (InvalidInput, OSError) as error:
            raise _bad(
                f"the task returned {text!r}, which cannot be stored: {_reason(error)}"
            ) from error
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise _bad(f"the task returned {text!r}, which was written to while it was stored")
        files, shared = job_files(), shared_output_folder()
        if files is not None and location.root == getattr(shared, "root", None):
            files.originals.add(location.name)
        # A name in the file system need not be UTF-8.
        own = location.segments[-1].encode(errors="replace").decode()[:200]
        is_safe = stored.name.rpartition("/")[2] == own
        return self._attach(stored, **({} if is_safe else {"download_name": own}))

    def _refusal(self, location: Location) -> str:
        """Return why a file cannot be the job's, '' if it can."""
        try:
            found = location.path.lstat()
        except FileNotFoundError:
            shared = shared_output_folder()
            is_stored = isinstance(shared, ArtifactFolder) and Location(
                shared.root, location.segments
            )
            return (
                self.NOT_WRITTEN
                if is_stored and is_stored.path.exists()
                else "there is no such file"
            )
        except (OSError, ValueError) as error:
            return f"it cannot be read: {_reason(error)}"
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            return _kind(found)
        return (
            ""
            if location.root == self._output
            else self._ownership_problem(location, found.st_mtime)
        )

    def _ownership_problem(self, location: Location, written: float) -> str:
        """Return why a file in a folder of all jobs is not the job's, '' if it is."""
        files, created = job_files(), self._job.created_at
        is_own = files is not None and own_name(location.name, files.job_id) == location.name
        if (is_reserved(location.name) and not is_own) or any(
            one[0] == "." for one in location.segments
        ):
            return "that file belongs to another job"
        return self.NOT_WRITTEN if created and written < created.timestamp() else ""

    def _attach(self, stored: Artifact, **more: object) -> str:
        self._attached.add(stored.name)
        describe = _Process.describers.get(stored.media_type)
        if describe is not None and stored.size <= self.MAX_DESCRIBED_BYTES:
            with output_folder().open_checked(stored.name) as file:
                more |= describe(file.read())
        return attach(stored, **more)


def _reason(error: Exception) -> str:
    """Return the text of an error without paths of this machine."""
    return str(error) if isinstance(error, InvalidInput) else getattr(error, "strerror", "invalid")


def _kind(found: os.stat_result) -> str:
    if stat.S_ISREG(found.st_mode):
        return "that is a hard link"
    if stat.S_ISLNK(found.st_mode):
        return "that is a symbolic link"
    return "that is a folder" if stat.S_ISDIR(found.st_mode) else "that is not a regular file"


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(1 << 20), b"")


def _bad(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-result")
