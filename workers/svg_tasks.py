"""Tasks that draw."""

from __future__ import annotations

from typing import Any

from libraries.job_manager import attach, report_progress
from libraries.sheets.artboard import artboard_blocks, draw_loaded, load_artboard
from libraries.sheets.cache import attach_again, attach_drawn
from libraries.sheets.composition import (
    compose,
    composition_blocks,
    composition_recipe,
    load_composition,
)
from libraries.sheets.costs import plot_costs
from libraries.sheets.postcards import HEIGHT, WIDTH, draw_postcard, postcard_name
from libraries.sheets.recipes import drawing_key, recipe_of
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
    encoding: str | None = None,
) -> str:
    """Draw a pattern on a page of its own, and return the path of the SVG file.

    What its owner had drawn before, by the same recipe, is not drawn again: the stored file is copied.

    Args:
        width: width of the page in mm.
        height: height of the page in mm.
        pattern_type: name of a pattern.
        output_filename: name of the file below the output folder.
        params: parameters of the pattern.
        seed: 0 to 2**32 - 1, by default 0; the same seed gives the same drawing.
        margin: empty border in mm; by default a tenth of the shorter side, at most 10.
        pen_width: width of the pen's line in mm, by default 0.3.
        encoding: how the file is written, `plain` or `compact`; by default `plain`.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        StorageFull: there is no room for the file.
    """
    check_name(output_filename, field="output_filename")
    looks = {
        "params": params,
        "seed": seed,
        "margin": margin,
        "pen_width": pen_width,
        "encoding": encoding,
    }
    artboard = load_artboard(width, height, pattern_type, **looks)
    recipe = recipe_of(artboard)["recipe_sha256"]
    again = attach_again(drawing_key(recipe), output_filename)
    if again is not None:
        report_progress(100, 100, f"{pattern_type} was already drawn")
        return again
    drawing = draw_loaded(
        artboard, watch=lambda part: report_progress(int(part * 95), 100, f"drawing {pattern_type}")
    )
    report_progress(95, 100, "storing")
    stored = output_folder().publish(output_filename, artboard_blocks(artboard, drawing))
    path = attach_drawn(
        drawing_key(recipe), stored, plot=plot_costs(drawing, width, height), recipe_sha256=recipe
    )
    report_progress(100, 100, "stored")
    return path


def draw_composition(composition: dict[str, Any], output_filename: str) -> str:
    """Draw a page of several elements, and return the path of the SVG file.

    What its owner had drawn before, by the same recipe, is not drawn again: the stored file is copied. Progress names the element
    that is drawn, as in "2 of 5: flow_field"; the last message says what could not be drawn as it was asked for, and
    `missing_glyphs` of the artifact lists the characters that became boxes.

    Args:
        composition: width, height, elements and perhaps layers, margin, seed, pen_width and encoding, as for
            `POST /artboard/create`.
        output_filename: name of the file below the output folder.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        StorageFull: there is no room for the file.
    """
    check_name(output_filename, field="output_filename")
    asked = load_composition(composition)
    recipe = composition_recipe(asked)["recipe_sha256"]
    again = attach_again(drawing_key(recipe), output_filename)
    if again is not None:
        report_progress(100, 100, "the composition was already drawn")
        return again
    made = compose(asked, report_progress)
    stored = output_folder().publish(output_filename, composition_blocks(asked, made.drawing))
    costs = plot_costs(made.drawing, asked["width"], asked["height"])
    path = attach_drawn(
        drawing_key(recipe),
        stored,
        plot=costs,
        recipe_sha256=recipe,
        missing_glyphs=made.missing_glyphs,
    )
    report_progress(100, 100, f"stored{made.remarks}")
    return path


def generate_postcard_svg(recipient: str, message: str, template_name: str) -> str:
    """Draw a postcard of 210 x 148 mm, and return the path of `postcards/postcard_<recipient>_<template>.svg`.

    Characters that the font does not have are drawn as boxes; `missing_glyphs` of the artifact lists them, and so does the job's
    last progress message.

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
    stored = output_folder().publish(name, card.to_string())
    path = attach(stored, plot=plot_costs(card, WIDTH, HEIGHT), missing_glyphs=card.missing_glyphs)
    boxes = f"; drawn as boxes: {' '.join(card.missing_glyphs)}" if card.missing_glyphs else ""
    report_progress(1, 1, f"stored{boxes}")
    return path
