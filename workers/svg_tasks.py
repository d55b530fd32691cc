"""Tasks that draw."""

from __future__ import annotations

from collections.abc import Callable

from libraries.job_manager import attach, report_progress
from libraries.json_types import JsonObject
from libraries.sheets.artboard import Artboard
from libraries.sheets.cache import attach_and_cache, attach_cached
from libraries.sheets.composing import compose
from libraries.sheets.composition import load_composition
from libraries.sheets.page import DrawnPage
from libraries.sheets.plot_stats import plot_stats
from libraries.sheets.postcard_templates import HEIGHT, WIDTH
from libraries.sheets.postcards import load_postcard
from libraries.storage import check_name, output_folder
from libraries.svg_builder import SVGBuilder

# A drawing, what to store with its file, and what to add to the last message.
Drawn = tuple[SVGBuilder, JsonObject, str]


def generate_complex_svg(
    width: float,
    height: float,
    pattern_type: str,
    output_filename: str,
    params: JsonObject | None = None,
    *,
    seed: int | None = None,
    margin: float | None = None,
    pen_width: float | None = None,
    encoding: str | None = None,
    artboard: JsonObject | None = None,
) -> str:
    """Draw a pattern on a page, and return the path of the SVG file.

    If the same owner has a stored drawing with the same recipe, that file is copied instead of
    drawing it again.

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
        artboard: further fields of an artboard, as for `POST /artboard/create`.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        Unavailable: there is no room for the file.
    """
    page = Artboard.of_arguments(locals(), pattern="pattern_type")
    check_name(output_filename, field="output_filename")

    def draw() -> Drawn:
        drawing = page.draw(
            lambda part: report_progress(int(part * 95), 100, f"drawing {pattern_type}")
        )
        report_progress(95, 100, "storing")
        return drawing, {}, ""

    return _drawn_once(page, output_filename, pattern_type, draw)


def draw_composition(composition: JsonObject, output_filename: str) -> str:
    """Draw a page of several elements, and return the path of the SVG file.

    If the same owner has a stored drawing with the same recipe, that file is copied instead of
    drawing it again. Progress names the current element, as in "2 of 5: flow_field"; the last
    message says what could not be drawn as requested, and `missing_glyphs` of the artifact lists
    the characters that became boxes.

    Args:
        composition: width, height, elements and perhaps layers, margin, seed, pen_width and
            encoding, as for `POST /artboard/create`.
        output_filename: name of the file below the output folder.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        Unavailable: there is no room for the file.
    """
    check_name(output_filename, field="output_filename")
    page = load_composition(composition)

    def draw() -> Drawn:
        made = compose(page, report_progress)
        return made.drawing, {"missing_glyphs": made.missing_glyphs}, made.warnings

    return _drawn_once(page, output_filename, "the composition", draw)


def generate_postcard_svg(recipient: str, message: str, template_name: str) -> str:
    """Draw a postcard of 210 x 148 mm, and return the path of its SVG file.

    Characters that the font lacks are drawn as boxes; `missing_glyphs` of the artifact and the
    job's last progress message list them.

    Args:
        recipient: who the card is for, 1 to 100 characters.
        message: what it says, 1 to 500 characters; broken into lines and made smaller until it
            fits.
        template_name: name of a template.

    Raises:
        InvalidInput: an argument is bad; the text says which, and nothing was written.
        Unavailable: there is no room for the file.
    """
    postcard = load_postcard(recipient, message, template_name)
    card = postcard.draw()
    stored = output_folder().publish(postcard.file_name, card.to_string())
    path = attach(stored, plot=plot_stats(card, WIDTH, HEIGHT), missing_glyphs=card.missing_glyphs)
    boxes = f"; drawn as boxes: {' '.join(card.missing_glyphs)}" if card.missing_glyphs else ""
    report_progress(1, 1, f"stored{boxes}")
    return path


def _drawn_once(page: DrawnPage, output_filename: str, name: str, draw: Callable[[], Drawn]) -> str:
    """Return the path of a drawing: copied if it is stored, drawn by `draw` otherwise."""
    recipe = page.recipe()
    again = attach_cached(recipe.cache_key, output_filename)
    if again is not None:
        report_progress(100, 100, f"{name} was already drawn")
        return again
    drawing, facts, warnings = draw()
    stored = output_folder().publish(output_filename, page.blocks(drawing))
    stats = plot_stats(drawing, page.width, page.height)
    path = attach_and_cache(
        recipe.cache_key, stored, plot=stats, recipe_sha256=recipe.sha256, **facts
    )
    report_progress(100, 100, f"stored{warnings}")
    return path
