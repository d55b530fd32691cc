"""Tasks for several files at once."""

from __future__ import annotations

from libraries.job_manager import attach, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.storage import output_folder
from libraries.tables import run_operation


def process_batch(file_list: list[str], operation: str = "convert_to_json") -> JsonObject:
    """Apply `operation` to up to 500 files; an error affects only its file.

    The result has `operation`, `done`, `failed`, and `items` as far as they fit; the file `report`
    has all of them. `zip` makes the zip the first file of the job.

    Args:
        file_list: files in the upload folder or the output folder.
        operation: `convert_to_<format>` of data files, `render_png` of SVG files, or `zip`.
    """
    report = run_operation(file_list, operation, report_progress, folder=own_folder("data"))
    folder = output_folder()
    archive = {"path": folder.display_path(attach(report.archive))} if report.archive else {}
    return {**report.summary(), **archive, "report": folder.display_path(attach(report.publish()))}
