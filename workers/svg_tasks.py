"""Tasks that draw artboards, compositions and postcards."""

from __future__ import annotations

from collections.abc import Callable

from libraries.geometry.document import Document
from libraries.job_manager import attach, report_progress
from libraries.json_types import JsonObject
from libraries.sheets.artboard import Artboard
from libraries.sheets.cache import attach_and_cache, attach_cached
from libraries.sheets.composing import compose
from libraries.sheets.composition import load_composition, with_sources
from libraries.sheets.page import DrawnPage
from libraries.sheets.planned import planned, reported
from libraries.sheets.postcards import load_postcard
from libraries.storage import check_name, output_folder

# A drawing, fields of its artifact, and the end of the last message.
Drawn = tuple[Document, JsonObject, str]


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

    A stored drawing of the same owner with the same recipe is copied instead.

    Args:
        width: width of the page in mm.
        height: height of the page in mm.
        pattern_type: name of a pattern.
        output_filename: name of the file in the output folder.
        params: parameters of the pattern.
        seed: 0 to 2**32 - 1, by default 0; the same seed gives the same drawing.
        margin: in mm; by default a tenth of the shorter side, at most 10.
        pen_width: in mm, by default 0.3.
        encoding: `plain` (default) or `compact`.
        artboard: further fields of an artboard, as for `POST /artboard/create`.

    Raises:
        InvalidInput: an argument is invalid; nothing was written.
        Unavailable: the store has no room.
    """
    page = Artboard.of_arguments(locals(), pattern="pattern_type")
    check_name(output_filename, field="output_filename")

    def draw() -> Drawn:
        drawing = page.draw(
            lambda part: report_progress(int(part * 80), 100, f"drawing {pattern_type}")
        )
        return drawing.document(), {}, ""

    return _draw_or_copy(page, output_filename, pattern_type, draw)


def draw_composition(composition: JsonObject, output_filename: str) -> str:
    """Draw a page with several elements, and return the path of the SVG file.

    A stored drawing of the same owner with the same recipe is copied instead. The last progress
    message contains warnings. In the artifact, `missing_glyphs` lists characters that were drawn as
    boxes, and `problems` what of SVGs was left out, hidden, cut or changed.

    Args:
        composition: width, height, elements and other fields, as for `POST /artboard/create`.
        output_filename: name of the file in the output folder.
    """
    check_name(output_filename, field="output_filename")
    page = with_sources(load_composition(composition))

    def draw() -> Drawn:
        made = compose(page, _report_part)
        facts = {"missing_glyphs": made.missing_glyphs, "problems": made.problems}
        return made.drawing, facts, made.warnings

    return _draw_or_copy(page, output_filename, "the composition", draw)


def generate_postcard_svg(
    recipient: str, message: str, template_name: str, *, optimize: bool = True
) -> str:
    """Draw a postcard of 210 x 148 mm, and return the path of the SVG file.

    `missing_glyphs` of the artifact and the last progress message list characters that were drawn
    as boxes.

    Args:
        recipient: 1 to 100 characters.
        message: 1 to 500 characters; wrapped, and reduced in size until it fits.
        template_name: name of a template.
        optimize: order the strokes for the shortest plot.
    """
    postcard = load_postcard(recipient, message, template_name)
    card = postcard.draw()
    made = planned(card.document(), optimize=optimize, watch=reported(1, 2))
    stored = output_folder().publish(postcard.file_name, made.blocks())
    more: JsonObject = {"missing_glyphs": card.missing_glyphs}
    if not stored.name.endswith(postcard.title):
        more["download_name"] = postcard.title
    path = attach(stored, **made.facts(), **more)
    boxes = f"; drawn as boxes: {' '.join(card.missing_glyphs)}" if card.missing_glyphs else ""
    report_progress(2, 2, f"stored{boxes}")
    return path


def _draw_or_copy(
    page: DrawnPage, output_filename: str, name: str, draw: Callable[[], Drawn]
) -> str:
    recipe = page.recipe()
    copied = attach_cached(recipe.cache_key, output_filename)
    if copied is not None:
        report_progress(100, 100, f"{name} was already drawn")
        return copied
    drawing, facts, warnings = draw()
    made = page.planned(drawing, watch=reported(80, 100))
    report_progress(95, 100, "storing")
    stored = output_folder().publish(output_filename, made.blocks())
    facts = {**made.facts(), "recipe_sha256": recipe.sha256, **facts}
    if made.is_complete:
        path = attach_and_cache(recipe.cache_key, stored, **facts)
    else:
        path = attach(stored, **facts)
    report_progress(100, 100, f"stored{warnings}")
    return path


def _report_part(done: int, total: int, message: str) -> None:
    """Report the drawing of a page; the rest is for its order."""
    report_progress(int(80 * done / total), 100, message)
