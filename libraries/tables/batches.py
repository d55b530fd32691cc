"""Operations on lists of files. A file that fails does not affect the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from libraries.errors import InvalidInput, UnknownName, VectorError
from libraries.json_types import JsonObject
from libraries.previews import png
from libraries.registry import Registry
from libraries.storage import Artifact, open_input, output_folder
from libraries.storage.zips import Opening, UniqueNames, zip_blocks
from libraries.svg_reader import max_svg_bytes, read_svg
from libraries.tables.conversion import FOLDER, convert_file, result_name
from libraries.tables.formats import FORMATS
from libraries.tables.reports import Report, within_bytes

MAX_FILES = 500
MAX_FILE_NAME_CHARS = 1_000

Action = Callable[[str, str], tuple[Artifact, Report | None]]


@dataclass(frozen=True)
class Operation:
    """An operation of a batch.

    `action` writes the result of one file under a name in the output folder, with the extension
    `suffix`. It returns the artifact and the report of a table; None if all files become one zip.
    """

    suffix: str
    action: Action | None


def _converting(to_format: str) -> Operation:
    return Operation(to_format, lambda file, name: convert_file(file, to_format, name=name))


def _render(file: str, name: str) -> tuple[Artifact, None]:
    """Draw an SVG file as a PNG of 1,000 pixels."""
    with open_input(file) as source:
        document = read_svg(source.read(max_svg_bytes() + 1)).document
    picture = png(document.strokes(), document.pens, (document.width, document.height))
    return output_folder().publish(name, picture), None


OPERATIONS: Registry[Operation] = Registry("operation")
for _format in FORMATS:
    OPERATIONS.add(f"convert_to_{_format}", _converting(_format))
OPERATIONS.add("render_png", Operation("png", _render))
OPERATIONS.add("zip", Operation("zip", None))


@dataclass
class BatchReport:
    """Results of a batch, in the order of its files.

    An item is `{"file", "status": "done", "path"}`, with `rows` and `error_count` if it was
    converted, or `{"file", "status": "failed", "error", "code"}`. Paths have the form
    `output/<name>`. `archive` is the zip of all files; `path` is then the name inside it.
    """

    operation: str
    folder: str
    items: list[JsonObject] = field(default_factory=list)
    archive: Artifact | None = None

    def summary(self) -> JsonObject:
        """Return counts and items as JSON of less than 64 kB; `items_left_out` counts the omitted items."""
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
        """Write all items to `report.json` in the folder of the results."""
        return output_folder().publish(
            f"{self.folder}/report.json", json.dumps(self.items, indent=2)
        )


def check_operation(name: object) -> Operation:
    """Return the operation called `name`, or raise UnknownName."""
    if not isinstance(name, str) or name not in OPERATIONS:
        raise UnknownName(OPERATIONS.kind, name, OPERATIONS, field="operation")
    return OPERATIONS[name]


def check_file_list(file_list: object) -> list[str]:
    """Return `file_list` if it is a list of 1 to 500 names; otherwise raise InvalidInput."""
    names = list(file_list) if isinstance(file_list, list | tuple) else []
    problem = ""
    if not 1 <= len(names) <= MAX_FILES:
        problem = f"expected a list of 1 to {MAX_FILES} file names"
    elif not all(isinstance(name, str) and 1 <= len(name) <= MAX_FILE_NAME_CHARS for name in names):
        problem = f"expected file names of 1 to {MAX_FILE_NAME_CHARS} characters"
    if problem:
        raise InvalidInput(problem, field="file_list", code="bad-file-list")
    return names


def run_operation(
    file_list: list[str],
    operation: str,
    on_progress: Callable[[int, int, str], None],
    *,
    folder: str = FOLDER,
) -> BatchReport:
    """Run `operation` on each of 1 to 500 files; a file that fails does not stop the batch.

    A file that is listed twice is processed twice, with one result. If two files would have results
    of the same name, the name of the later result is extended. `on_progress` is called after each
    file with the number of processed files, their total, and the name of the file.
    """
    files, chosen, report = (
        check_file_list(file_list),
        check_operation(operation),
        BatchReport(operation, folder),
    )
    action = chosen.action
    if action is None:
        report.archive = _zip(files, report, on_progress, f"{folder}/files.{chosen.suffix}")
        return report
    owners = {f"{folder}/report.json": ""}
    for step, file in enumerate(files, 1):
        owner = owners.setdefault(result_name(file, chosen.suffix, folder=folder), file)
        name = result_name(file, chosen.suffix, "" if owner == file else _short_hash(file), folder)
        report.items.append(
            _processed(file, lambda file=file, name=name: _outcome(action, file, name))  # type: ignore[misc]
        )
        on_progress(step, len(files), file)
    return report


def _outcome(action: Action, file: str, name: str) -> JsonObject:
    artifact, report = action(file, name)
    done = {"path": output_folder().display_path(artifact.path)}
    return (
        done if report is None else {**done, "rows": report.rows, "error_count": report.error_count}
    )


def _processed(file: str, action: Callable[[], JsonObject]) -> JsonObject:
    try:
        return {"file": file, "status": "done", **action()}
    except VectorError as error:
        return {"file": file, "status": "failed", "error": str(error), "code": error.code}


def _zip(
    files: list[str], report: BatchReport, on_progress: Callable[[int, int, str], None], name: str
) -> Artifact:
    """Write the readable files to one zip, in their order."""
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


def _entry(file: str, names: UniqueNames, opened: list[IO[bytes]]) -> JsonObject:
    opened.append(open_input(file))
    return {"path": names.name_for(file)}


def _short_hash(file: str) -> str:
    return f"-{hashlib.sha256(file.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
