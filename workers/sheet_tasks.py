"""Tasks that arrange drawings on a sheet."""

from __future__ import annotations

from functools import partial
from typing import Any

from libraries.job_manager import attach, report_progress
from libraries.job_manager.job_drawings import read_drawing
from libraries.sheets.contact_sheets import JobSheet
from libraries.sheets.planned import planned, reported
from libraries.storage import check_name, output_folder


def draw_contact_sheet(
    job_ids: list[str], captions: list[str], output_filename: str, **layout: Any
) -> str:
    """Draw a sheet of the drawings of other jobs, and return the path of the SVG file.

    A missing drawing is a crossed box with the reason.

    Args:
        job_ids: the jobs, row by row, 1 to 100.
        captions: a text for each.
        output_filename: name of the file in the output folder.
        layout: the other fields of `libraries.sheets.contact_sheets.ContactSheet`: `width`,
            `height`, `cell_width` and `cell_height` in mm, and optional ones.
    """
    check_name(output_filename, field="output_filename")
    sheet = JobSheet.load({"job_ids": job_ids, "captions": captions, **layout})
    count = len(sheet.job_ids)
    drawing = sheet.draw(
        [partial(read_drawing, job_id) for job_id in sheet.job_ids],
        lambda done: report_progress(done, count + 1, f"cell {done} of {count}"),
    )
    made = planned(drawing, optimize=sheet.optimize, watch=reported(count, count + 1))
    path = attach(output_folder().publish(output_filename, made.blocks()), **made.facts())
    report_progress(count + 1, count + 1, "stored")
    return path
