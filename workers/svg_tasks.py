"""Tasks that draw."""

from __future__ import annotations

from typing import Any

from libraries.drawing.artboard import draw_artboard
from libraries.drawing.costs import plot_costs
from libraries.drawing.postcards import HEIGHT, WIDTH, draw_postcard, postcard_name
from libraries.job_manager import attach, report_progress
from libraries.storage import check_name, output_folder


def generate_complex_svg(
    width: float,
    height: float,
    pattern_type: str,
    output_filename: str,
    params: dict[str, Any] | None = None,
    *,
    seed: int | None = None,
    margin: float | None = None,
    pen_width: float | None = None,
) -> str:
    """Draw a pattern on a page of its own, and return the path of the SVG file.

    Args:
        width: width of the page in mm.
        height: height of the page in mm.
        pattern_type: name of a pattern.
        output_filename: name of the file below the output folder.
        params: parameters of the pattern.
        seed: 0 to 2**32 - 1, by default 0; the same seed gives the same drawing.
        margin: empty border in mm; by default a tenth of the shorter side, at most 10.
        pen_width: width of the pen's line in mm, by default 0.3.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        StorageFull: there is no room for the file.
    """
    check_name(output_filename, field="output_filename")
    report_progress(0, 2, "drawing")
    drawing = draw_artboard(width, height, pattern_type, params=params, seed=seed, margin=margin, pen_width=pen_width)
    report_progress(1, 2, "storing")
    path = attach(output_folder().publish(output_filename, drawing.blocks()), plot=plot_costs(drawing, width, height))
    report_progress(2, 2, "stored")
    return path


def generate_postcard_svg(recipient: str, message: str, template_name: str) -> str:
    """Draw a postcard of 210 x 148 mm, and return the path of `postcards/postcard_<recipient>_<template>.svg`.

    The job's last progress message lists the characters that the font does not have; they are drawn as boxes.

    Args:
        recipient: who the card is for, 1 to 100 characters.
        message: what it says, 1 to 500 characters; broken into lines and made smaller until it fits.
        template_name: name of a template.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        StorageFull: there is no room for the file.
    """
    card = draw_postcard(recipient, message, template_name)
    name = postcard_name(recipient, template_name)
    path = attach(output_folder().publish(name, card.to_string()), plot=plot_costs(card, WIDTH, HEIGHT))
    boxes = f"; drawn as boxes: {' '.join(card.missing_glyphs)}" if card.missing_glyphs else ""
    report_progress(1, 1, f"stored{boxes}")
    return path
