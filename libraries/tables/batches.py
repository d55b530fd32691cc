"""One operation on many files: each file for itself, so that a bad one costs nothing but itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from libraries.errors import InvalidInput, UnknownName, VectorError
from libraries.previews import png
from libraries.registry import Registry
from libraries.storage import Artifact, open_input, output_folder
from libraries.storage.zips import Opening, UniqueNames, zip_blocks
from libraries.svg_reader import MAX_SVG_BYTES, read_svg
from libraries.tables.conversion import FOLDER, convert_to, result_name
from libraries.tables.formats import FORMATS
from libraries.tables.reports import Report, within_bytes

MAX_FILES = 500
MAX_FILE_NAME_CHARS = 1_000


Act = Callable[[str, str], tuple[Artifact, Report | None]]


@dataclass(frozen=True)
class Operation:
    """What can be done to files.

    Attributes:
        suffix: the ending of a result's name.
        act: makes the result of one file under a name of the output folder, and tells the rows that are in it and those that
            are not, where it has rows. None if all files become one.
    """

    suffix: str
    act: Act | None


def _converting(to_format: str) -> Operation:
    return Operation(to_format, lambda file, name: convert_to(file, to_format, name))


def _render(file: str, name: str) -> tuple[Artifact, None]:
    """Draw an SVG file as a PNG of 1000 pixels."""
    with open_input(file) as source:
        document = read_svg(source.read(MAX_SVG_BYTES + 1)).document
    picture = png(document.strokes(), document.pens, (document.width, document.height))
    return output_folder().publish(name, picture), None


OPERATIONS: Registry[Operation] = Registry("operation")
for _format in FORMATS:
    OPERATIONS.add(f"convert_to_{_format}", _converting(_format))
OPERATIONS.add("render_png", Operation("png", _render))
OPERATIONS.add("zip", Operation("zip", None))


@dataclass
class BatchReport:
    """What became of each file of a batch, in the order of the list.

    An item is `{"file", "status": "done", "path"}`, with `rows` and `error_count` where it was converted, or `{"file", "status":
    "failed", "error", "code"}`. A path is given as clients may see it, `output/<name>`, which is also what tasks take as an input
    file. `folder` is where all of it lies. `archive` is the zip that all files went into, with their names in it as `path`.
    """

    operation: str
    folder: str
    items: list[dict[str, Any]] = field(default_factory=list)
    archive: Artifact | None = None

    def summary(self) -> dict[str, Any]:
        """Return counts and items as JSON of less than 64 kB; `items_left_out` counts those that did not fit."""
        # Bytes of JSON that the list of items may take in a job's result.
        shown = within_bytes(self.items, 56_000)
        done = sum(item["status"] == "done" for item in self.items)
        return {
            "operation": self.operation,
            "done": done,
            "failed": len(self.items) - done,
            "items": shown,
            "items_left_out": len(self.items) - len(shown),
        }

    def publish(self) -> Artifact:
        """Write all items as JSON into the file `report.json` beside the results."""
        return output_folder().publish(
            f"{self.folder}/report.json", json.dumps(self.items, indent=2)
        )


def check_operation(name: object) -> Operation:
    """Return the operation called `name`.

    Raises:
        UnknownName: there is none; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in OPERATIONS:
        raise UnknownName(OPERATIONS.kind, name, OPERATIONS, field="operation")
    return OPERATIONS[name]


def check_file_list(file_list: object) -> list[str]:
    """Return `file_list` if it is a list of 1 to 500 texts.

    Raises:
        InvalidInput: anything else.
    """
    if not isinstance(file_list, list | tuple) or not 1 <= len(file_list) <= MAX_FILES:
        raise InvalidInput(
            f"a batch is a list of 1 to {MAX_FILES} file names",
            field="file_list",
            code="bad-file-list",
        )
    if not all(
        isinstance(name, str) and 1 <= len(name) <= MAX_FILE_NAME_CHARS for name in file_list
    ):
        raise InvalidInput(
            f"a file is named by text of 1 to {MAX_FILE_NAME_CHARS} characters",
            field="file_list",
            code="bad-file-list",
        )
    return list(file_list)


def run_operation(
    file_list: list[str],
    operation: str,
    on_progress: Callable[[int, int, str], None],
    *,
    folder: str = FOLDER,
) -> BatchReport:
    """Run `operation` on each file and return what became of it; a file that cannot be processed fails alone.

    A file that is listed twice is processed twice, with one result. Different files whose results would have the same name get
    results with different names: the later one's is extended.

    Args:
        file_list: 1 to 500 files, as `libraries.storage.open_input` takes them.
        operation: the name of an operation.
        on_progress: called after each file with the number of files done, their total, and the name of the file.
        folder: where the results go, below the output folder.

    Raises:
        InvalidInput: the list is empty, too long, or holds something that is not a name.
        UnknownName: there is no such operation.
    """
    files, chosen, report = (
        check_file_list(file_list),
        check_operation(operation),
        BatchReport(operation, folder),
    )
    act = chosen.act
    if act is None:
        report.archive = _zip(files, report, on_progress, f"{folder}/files.{chosen.suffix}")
        return report
    owners = {f"{folder}/report.json": ""}
    for step, file in enumerate(files, 1):
        owner = owners.setdefault(result_name(file, chosen.suffix, folder=folder), file)
        name = result_name(file, chosen.suffix, "" if owner == file else _short_hash(file), folder)
        report.items.append(
            _processed(file, lambda file=file, name=name: _outcome(act, file, name))  # type: ignore[misc]
        )
        on_progress(step, len(files), file)
    return report


def _outcome(act: Act, file: str, name: str) -> dict[str, Any]:
    artifact, report = act(file, name)
    done = {"path": output_folder().display_path(artifact.path)}
    return (
        done if report is None else {**done, "rows": report.rows, "error_count": report.error_count}
    )


def _processed(file: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the item of a file: what `act` tells of it, or how that failed."""
    try:
        return {"file": file, "status": "done", **act()}
    except VectorError as error:
        return {"file": file, "status": "failed", "error": str(error), "code": error.code}


def _zip(
    files: list[str], report: BatchReport, on_progress: Callable[[int, int, str], None], name: str
) -> Artifact:
    """Put the files that can be read into one zip, in their order."""
    names = UniqueNames()
    opened: list[IO[bytes]] = []

    def entries() -> Iterator[Opening]:
        for step, file in enumerate(files, 1):
            item = _processed(file, lambda file=file: _entry(file, names, opened))  # type: ignore[misc]
            report.items.append(item)
            if opened:
                yield item["path"], opened.pop
            on_progress(step, len(files), file)

    try:
        return output_folder().publish(name, zip_blocks(entries(), deflate=True))
    finally:
        for file in opened:
            file.close()


def _entry(file: str, names: UniqueNames, opened: list[IO[bytes]]) -> dict[str, Any]:
    opened.append(open_input(file))
    return {"path": names.name_for(file)}


def _short_hash(file: str) -> str:
    return f"-{hashlib.sha256(file.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
