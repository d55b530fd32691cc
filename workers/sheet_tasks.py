"""Tasks that put what other jobs drew on one sheet."""

from __future__ import annotations

from functools import partial
from typing import Any

from libraries.job_manager import attach, report_progress
from libraries.job_manager.job_drawings import read_drawing
from libraries.sheets.contact_sheets import Cell, contact_sheet, load_sheet
from libraries.sheets.costs import plot_costs
from libraries.storage import check_name, output_folder
from libraries.svg_builder import svg_blocks


def draw_contact_sheet(
    job_ids: list[str], captions: list[str], output_filename: str, **looks: Any
) -> str:
    """Draw what other jobs of the same owner drew on one sheet, small, and return the path of the SVG file.

    A drawing that is not there is a crossed box with the reason in it.

    Args:
        job_ids: the jobs, row by row, 1 to 100.
        captions: what is written under each.
        output_filename: name of the file below the output folder.
        looks: the other fields of `libraries.sheets.contact_sheets.SheetSchema`: `width`, `height`, `cell_width` and
            `cell_height` in mm, and what has a default.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        StorageFull: there is no room for the file.
    """
    check_name(output_filename, field="output_filename")
    sheet = load_sheet(job_ids=job_ids, captions=captions, **looks)
    cells = [
        Cell(words, partial(read_drawing, job_id))
        for words, job_id in zip(captions, job_ids, strict=True)
    ]
    steps = len(cells) + 1
    drawing = contact_sheet(
        sheet,
        cells,
        watch=lambda done: report_progress(done, steps, f"cell {done} of {len(cells)}"),
    )
    stored = output_folder().publish(output_filename, svg_blocks(drawing))
    path = attach(stored, plot=plot_costs(drawing, drawing.width, drawing.height))
    report_progress(steps, steps, "stored")
    return path
