"""Tasks that do the same to many files."""

from __future__ import annotations

from libraries.job_manager import attach, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.storage import output_folder
from libraries.tables import run_operation


def process_batch(file_list: list[str], operation: str = "convert_to_json") -> JsonObject:
    """Do `operation` to each of up to 500 files; a file that cannot be processed fails alone.

    The result has the `operation`, how many files are `done` and `failed`, and `items` with what became of each, as far as they
    fit; the file `report` has them all. After `zip` the first file of the job is the zip.

    Args:
        file_list: files in the upload folder or the output folder.
        operation: `convert_to_` and a format of data files, `render_png` for SVG files, or `zip` for one file with all of them.
    """
    report = run_operation(file_list, operation, report_progress, folder=own_folder("data"))
    folder = output_folder()
    made = {"path": folder.display_path(attach(report.archive))} if report.archive else {}
    return {**report.summary(), **made, "report": folder.display_path(attach(report.publish()))}
