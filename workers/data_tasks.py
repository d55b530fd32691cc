"""Tasks that convert or draw data files."""

from __future__ import annotations

from libraries.charts import plot_table
from libraries.errors import NotFound
from libraries.job_manager import attach, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.sheets.papers import Orientation, page_size
from libraries.sheets.planned import planned, reported
from libraries.storage import output_folder, upload_folder
from libraries.tables import Reading, convert_file, result_name
from libraries.uploads.staging import open_staged


def process_file(
    file_path: str,
    format: str = "json",  # noqa: A002  its public name
    *,
    protect_formulas: bool = True,
    from_format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    parcel: str | None = None,
) -> JsonObject:
    """Convert a data file to another format: `data/<job id>/<stem>.<format>` in the output folder.

    The result has `path`, `rows`, `columns`, `types`, the detected `source_format`, `encoding` and
    `dialect`, and the skipped rows as `error_count` and `errors` with line and reason.

    Args:
        file_path: a file in the upload folder or the output folder.
        format: `csv`, `tsv`, `json`, `ndjson`, `xlsx`, or `parquet` with the packages of
            `requirements-parquet.txt`.
        protect_formulas: put `'` before cells that a spreadsheet would run as formulas.
        from_format: the format of the file; detected if not given, like the following arguments.
        encoding: such as `windows-1252`.
        delimiter: `comma`, `semicolon`, `tab` or `pipe`.
        quote: `double`, `single` or `none`.
        parcel: the id of a staged upload, which is stored as `file_path` first.
    """
    if parcel is not None:
        _store(parcel, file_path)
    artifact, report = convert_file(
        file_path,
        format,
        protect_formulas=protect_formulas,
        folder=own_folder("data"),
        reading=Reading(from_format, encoding, delimiter, quote),
        on_progress=report_progress,
    )
    return {"path": attach(artifact), **report.summary()}


def _store(parcel: str, file_path: str) -> None:
    folder, name = upload_folder(), file_path.removeprefix("uploads/")
    try:
        folder.publish(name, open_staged(parcel))
    except NotFound as expired:
        # A retry after the staged upload was discarded: an earlier attempt stored the file.
        try:
            folder.stat(name)
        except NotFound:
            raise expired from None


def plot_file(
    file_path: str,
    chart: str,
    y: list[str],
    x: str | None = None,
    *,
    title: str = "",
    paper: str = "a5",
    orientation: Orientation = "landscape",
    margin: float | None = None,
    pen_width: float = 0.3,
    encoding: str | None = None,
    delimiter: str | None = None,
    optimize: bool = True,
) -> JsonObject:
    """Draw columns of a data file as a chart: `charts/<job id>/<stem>.svg` in the output folder.

    The result has the `path`, and the fields of `process_file` about the file.

    Args:
        file_path: a file in the upload folder or the output folder.
        chart: `line`, `scatter`, `bars` or `histogram`.
        y: one to eight columns of numbers; bars add up those of the same `x`.
        x: column of numbers, dates, or for bars texts; by default the row number.
        title: heading of the chart.
        paper: name of the paper.
        orientation: `landscape` or `portrait`.
        margin: in mm; by default a 13th of the shorter side, at most 15.
        pen_width: in mm.
        encoding: of the file; detected if not given, like the delimiter.
        delimiter: `comma`, `semicolon`, `tab` or `pipe`.
        optimize: order the strokes for the shortest plot.
    """
    size, reading = page_size(paper, orientation), Reading(encoding=encoding, delimiter=delimiter)
    look: JsonObject = {"size": size, "title": title, "margin": margin, "pen_width": pen_width}
    drawing, report = plot_table(
        file_path, chart, x, y, **look, reading=reading, on_progress=report_progress
    )
    name = result_name(file_path, "svg", folder=own_folder("charts"))
    made = planned(drawing, optimize=optimize, watch=reported(1, 2))
    artifact = output_folder().publish(name, made.blocks())
    return {"path": attach(artifact, **made.facts()), **report.summary()}
