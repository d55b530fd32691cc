"""Tasks that convert data files."""

from __future__ import annotations

from typing import Any

from libraries.job_manager import attach, own_folder
from libraries.tables import convert_file


def process_file(file_path: str, format: str = "json", *, protect_formulas: bool = True) -> dict[str, Any]:  # noqa: A002  its public name
    """Convert a CSV file to JSON or a JSON file to CSV, as `data/<job id>/<stem>.<format>` in the output folder.

    The result has the `path` of the new file, the number of `rows` in it, its `columns`, and in `error_count` and `errors` the
    rows that were left out, with line and reason.

    Args:
        file_path: a file in the upload folder or the output folder.
        format: `json` or `csv`.
        protect_formulas: put `'` before cells of a CSV result that a spreadsheet would run as formulas.
    """
    artifact, report = convert_file(file_path, format, protect_formulas=protect_formulas, folder=own_folder("data"))
    return {"path": attach(artifact), **report.summary()}
