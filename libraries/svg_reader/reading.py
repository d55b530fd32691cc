"""Conversion of an SVG to a document of strokes, with a list of problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.document import Document, StrokeArray
from libraries.geometry.rectangle import Rectangle
from libraries.json_types import JsonObject
from libraries.svg_reader.appearance import MM_PER_INCH
from libraries.svg_reader.cascade import resolve_styles
from libraries.svg_reader.foreign_xml import parse_svg
from libraries.svg_reader.frames import has_own_size, page_size
from libraries.svg_reader.inks import PenChoice
from libraries.svg_reader.items import Item
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.reader import Reader
from libraries.svg_reader.visibility.planar import visible_strokes
from libraries.svg_syntax.curves import FLATNESS
from libraries.work import Work


@dataclass(frozen=True)
class Reading:
    """A document, and what was left out or changed, as JSON objects; see `problems.Problems`.

    `loose` are the indices of the layers whose strokes have no width, such as the edges of fills.
    """

    document: Document
    problems: list[JsonObject] = field(default_factory=list)
    loose: frozenset[int] = frozenset()

    @property
    def dropped(self) -> Mapping[str, int]:
        """Return the number of elements and properties left out, by kind."""
        return {one["kind"]: one["count"] for one in self.problems if one["action"] == "ignored"}


def read_svg(
    source: str | bytes,
    *,
    tolerance: float | Callable[[Rectangle], float] = FLATNESS,
    options: ReadingOptions | None = None,
    enlargement: Callable[[Rectangle], float] = lambda _: 1.0,
    work: Work | None = None,
) -> Reading:
    """Return the visible strokes of the SVG `source`, on a page of its size in mm.

    Style sheets, transforms, units, nested viewports, `use`, clip paths, plain masks, markers,
    dashes and text are drawn as a viewer shows them; filled shapes by their outline. Opaque fills
    hide what is below. A part that cannot be read is left out and listed. `tolerance` is the maximum
    distance of lines from curves in mm, or a function of the page. `enlargement` returns the factor
    by which the drawing is enlarged later, for the distance of hatch lines. `work` is counted, by
    default that of a job.

    Raises:
        InvalidInput: the SVG is malformed or too large, repeats too much, or needs more than `work`.
    """
    # Names of layers in own drawings have no codes.
    options = options or ReadingOptions(layer_codes=False)
    problems = Problems()
    work = work or Work(Work.IN_JOBS)
    root = parse_svg(source, work)
    resolve_styles(root, problems, work)
    size, pixel = page_size(root, problems, options.dpi), MM_PER_INCH / options.dpi
    document = Document(size[0] * pixel, size[1] * pixel)
    options = for_enlargement(options, enlargement(document.page))
    fine = tolerance(document.page) if callable(tolerance) else tolerance
    reader = Reader(
        root, document.page, fine, problems=problems, size=size, work=work, options=options
    )
    reader.draw(root, size)
    # Parts that need too much are not left out.
    work.spend(0)
    store, items, groups = reader.gathering.store, reader.items, reader.groups
    layers = reader.layer_attributes
    has_size, line = has_own_size(root), root.line
    # The tree of a large file takes much memory.
    del reader, root
    if len(store) and not has_size:
        document = _grown(document, store.coordinates)
        problems.note("page-size", line, "approximated")
    return reading_of(
        document,
        store,
        items,
        options=options,
        problems=problems,
        work=work,
        layers=layers,
        groups=groups,
    )


def for_enlargement(options: ReadingOptions, factor: float) -> ReadingOptions:
    """Return options for a drawing that is enlarged later, with the distance of hatch lines of then."""
    return replace(options, hatch_spacing=options.hatch_spacing / max(factor, 1e-6))


def reading_of(
    document: Document,
    store: StrokeArray,
    items: Sequence[Item],
    *,
    options: ReadingOptions,
    problems: Problems,
    work: Work,
    layers: Mapping[str, Mapping[str, str]] | None = None,
    groups: Sequence[range] = (),
) -> Reading:
    """Add the visible strokes of items to `document`; the layers of `store` are their indices.

    The items of other formats than SVG go through the same stages. `layers` are the attributes of
    the groups of layers, by name. `groups` are the items that belong together, inner groups before
    outer ones.
    """
    drawn = visible_strokes(
        store, items, document.page, options=options, problems=problems, work=work
    )
    if not len(drawn.strokes):
        problems.note("empty", 0, "hidden")
        return Reading(document, problems.listed())
    used = list(dict.fromkeys(drawn.strokes.tolist()))
    chosen = PenChoice(document, options, problems, layers).layers_of(drawn.inks, used)
    numbers = _numbers(groups, len(items))[drawn.items]
    document.extend(drawn.coordinates, drawn.offsets, chosen[drawn.strokes], numbers)
    wide = {int(chosen[number]) for number in used if not drawn.inks[number].loose}
    loose = frozenset(range(len(document.layers))) - wide
    return Reading(document, problems.listed(), loose)


def _numbers(groups: Sequence[range], count: int) -> Integers:
    """Return for each item the number of its innermost group, or -1."""
    numbers = np.full(count, -1)
    for number, group in enumerate(reversed(groups)):
        numbers[group.start : group.stop] = number
    return numbers


def _grown(document: Document, points: Floats) -> Document:
    """Return a page as large as the drawing, if that is larger: viewers show such files whole."""
    right, bottom = points.max(axis=0).tolist()
    return document.on_page(max(document.width, right), max(document.height, bottom))
