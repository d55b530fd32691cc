"""Tasks that do the same to many files."""

from __future__ import annotations

from typing import Any

from libraries.job_manager import attach, report_progress
from libraries.storage import output_folder
from libraries.tables import run_operation


def process_batch(file_list: list[str], operation: str = "convert_to_json") -> dict[str, Any]:
    """Do `operation` to each of up to 500 files; a file that cannot be processed fails alone.

    The result has the `operation`, how many files are `done` and `failed`, and `items` with what became of each, as far as they
    fit; the file `report` has them all.

    Args:
        file_list: files in the upload folder or the output folder.
        operation: `convert_to_json` or `convert_to_csv`.
    """
    report = run_operation(file_list, operation, report_progress)
    return {**report.summary(), "report": output_folder().shown(attach(report.publish()))}
