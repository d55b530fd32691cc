"""One operation on many files: each file for itself, so that a bad one costs nothing but itself."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from libraries.errors import InvalidInput, UnknownName, VectorError
from libraries.registry import Registry
from libraries.storage import Artifact, output_folder
from libraries.tables.conversion import convert_file, result_name
from libraries.tables.reports import within_bytes

MOST_FILES = 500
LONGEST_NAME = 1_000
# Bytes of JSON that the list of items may take in a job's result.
ITEMS_SHARE = 56_000


class BadFileList(InvalidInput):
    """Raised when a list of files is not 1 to 500 names."""

    code: ClassVar[str] = "bad-file-list"


@dataclass(frozen=True)
class Operation:
    """What can be done to a file: the format that it is converted to."""

    to_format: str


OPERATIONS: Registry[Operation] = Registry("operation")
OPERATIONS.add("convert_to_json", Operation("json"))
OPERATIONS.add("convert_to_csv", Operation("csv"))


@dataclass
class BatchReport:
    """What became of each file of a batch, in the order of the list.

    An item is `{"file", "status": "done", "path", "rows", "error_count"}` or `{"file", "status": "failed", "error", "code"}`. A
    path is given as clients may see it, `output/<name>`, which is also what tasks take as an input file.
    """

    operation: str
    items: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return counts and items as JSON of less than 64 kB; `items_left_out` counts those that did not fit."""
        shown = within_bytes(self.items, ITEMS_SHARE)
        done = sum(item["status"] == "done" for item in self.items)
        return {
            "operation": self.operation,
            "done": done,
            "failed": len(self.items) - done,
            "items": shown,
            "items_left_out": len(self.items) - len(shown),
        }

    def publish(self) -> Artifact:
        """Write all items as JSON into a new file of the output folder."""
        return output_folder().publish(f"batches/{secrets.token_hex(16)}.json", json.dumps(self.items, indent=2))


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
        BadFileList: anything else.
    """
    if not isinstance(file_list, list | tuple) or not 1 <= len(file_list) <= MOST_FILES:
        raise BadFileList(f"a batch is a list of 1 to {MOST_FILES} file names", field="file_list")
    if not all(isinstance(name, str) and 1 <= len(name) <= LONGEST_NAME for name in file_list):
        raise BadFileList(f"a file is named by text of 1 to {LONGEST_NAME} characters", field="file_list")
    return list(file_list)


def run_operation(file_list: list[str], operation: str, on_progress: Callable[[int, int, str], None]) -> BatchReport:
    """Run `operation` on each file and return what became of it; a file that cannot be processed fails alone.

    A file that is listed twice is processed twice, with one result. Different files whose results would have the same name get
    results with different names: the later one's is extended.

    Args:
        file_list: 1 to 500 files, as `libraries.storage.open_input` takes them.
        operation: the name of an operation.
        on_progress: called after each file with the number of files done, their total, and the name of the file.

    Raises:
        BadFileList: the list is empty, too long, or holds something that is not a name.
        UnknownName: there is no such operation.
    """
    files, chosen, report = check_file_list(file_list), check_operation(operation), BatchReport(operation)
    owners: dict[str, str] = {}
    for step, file in enumerate(files, 1):
        owner = owners.setdefault(result_name(file, chosen.to_format), file)
        report.items.append(_process(file, chosen, "" if owner == file else _short_hash(file)))
        on_progress(step, len(files), file)
    return report


def _process(file: str, operation: Operation, tell_apart: str) -> dict[str, Any]:
    try:
        artifact, report = convert_file(file, operation.to_format, tell_apart=tell_apart)
    except VectorError as error:
        return {"file": file, "status": "failed", "error": str(error), "code": error.code}
    path = output_folder().shown(artifact.path)
    return {"file": file, "status": "done", "path": path, "rows": report.rows, "error_count": report.error_count}


def _short_hash(file: str) -> str:
    return f"-{hashlib.sha256(file.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
