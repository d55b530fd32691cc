"""Drawing of compositions: hidden lines are removed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.geometry.clipping import clip_to_rectangle
from libraries.geometry.document import MAX_LAYER_NAME_CHARS, Document
from libraries.geometry.occlusion import OcclusionMask
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.json_types import JsonObject
from libraries.sheets.composition import Composition, check_total, seeds_of
from libraries.sheets.elements import Element, ElementStrokes
from libraries.sheets.elements.base import OwnPen
from libraries.sheets.plot_stats import off_page, off_page_note
from libraries.svg_reader.colours import components, parse_colour
from libraries.svg_syntax.layer_codes import LayerCodes

BASE_COLOUR = "black"
# Progress steps per element.
STEP = 100

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Report = Callable[[int, int, str], None]
# Coordinates and offsets of the strokes with a pen of an SVG, or with that of the layer.
Part = tuple[OwnPen | None, Floats, Integers]


@dataclass(frozen=True)
class Composed:
    """A drawn composition.

    Attributes:
        drawing: the page.
        missing_glyphs: characters that the fonts lack, drawn as boxes.
        problems: parts of SVGs that were left out or changed, as JSON with the number of the
            `element`.
    """

    drawing: Document
    missing_glyphs: list[str] = field(default_factory=list)
    problems: list[JsonObject] = field(default_factory=list)

    @property
    def warnings(self) -> str:
        """Notes on missing glyphs and skipped parts, for the end of a message; may be empty."""
        boxes = f"; drawn as boxes: {' '.join(self.missing_glyphs)}" if self.missing_glyphs else ""
        dropped = Counter[str]()
        for one in self.problems:
            if one["action"] == "ignored":
                dropped[one["kind"]] += one["count"]
        left = ", ".join(f"{name} ({times})" for name, times in sorted(dropped.items()))
        skipped = f"; skipped parts of SVGs: {left}" if left else ""
        empty = "" if len(self.drawing) else "; the drawing is empty"
        return boxes + skipped + off_page_note(self.problems) + empty


def compose(composition: Composition, report: Report | None = None) -> Composed:
    """Return the drawing of a composition; raises as `Composition.check_cost`.

    `report` is called with the completed steps, their total and the name of the current step.
    """
    progress = report or (lambda *_: None)
    page = Rectangle(0.0, 0.0, composition.width, composition.height)
    steps = (len(composition.elements or ()) + 1) * STEP
    drawn = _draw_elements(composition, progress, steps)
    progress(steps - STEP, steps, "composing the page")
    layers = Layers(composition)
    lines: dict[int, list[Floats]] = {}
    for element, parts in zip(composition.elements or (), _visible(drawn, page), strict=True):
        for pen, coordinates, offsets in parts:
            layer = layers.of(element, pen)
            if len(coordinates):
                lines.setdefault(layer, []).extend(np.split(coordinates, offsets[1:-1]))
    order = layers.in_order()
    document = Document(page.width, page.height, title=composition.drawing_title)
    for index in order:
        layer = document.layer(layers.document.layers[index].name, layers.document.pens[index])
        document.add(lines.get(index, []), layer)
    document = document.clipped(page)
    missing = dict.fromkeys(glyph for one in drawn for glyph in one.missing_glyphs)
    problems = [
        {**problem, "element": number}
        for number, one in enumerate(drawn)
        for problem in (*one.problems, *_cut_off(one, page))
    ]
    if not len(document):
        problems.append({"kind": "empty", "action": "hidden", "count": 1, "lines": []})
    return Composed(document, list(missing), problems)


def _cut_off(one: ElementStrokes, page: Rectangle) -> list[JsonObject]:
    """Return the ink of an SVG outside of its box and of the page as a problem, or none."""
    if one.whole_mm is None:
        return []
    cut = clip_to_rectangle(one.coordinates, one.offsets, page)
    left = ElementStrokes(cut.coordinates, cut.offsets)
    return off_page(one.whole_mm, left.ink_mm)


def _draw_elements(composition: Composition, report: Report, steps: int) -> list[ElementStrokes]:
    elements, room = composition.elements or [], composition.room
    seeds = seeds_of(elements, composition.seed or 0)
    drawn: list[ElementStrokes] = []
    points = 0
    for number, (element, seed) in enumerate(zip(elements, seeds, strict=True)):
        step = f"{number + 1} of {len(elements)}: {element.label}"
        report(number * STEP, steps, step)

        def progress(part: float, number: int = number, step: str = step) -> None:
            report(number * STEP + int(part * STEP), steps, step)

        try:
            drawn.append(element.draw(room, seed, progress))
        except InvalidInput as error:
            error.field = ".".join(filter(None, ("elements", str(number), error.field)))
            raise
        points += len(drawn[-1].coordinates)
        check_total(points)
    return drawn


def _visible(drawn: Sequence[ElementStrokes], page: Rectangle) -> list[list[Part]]:
    """Return the visible parts of each element by pen; later elements are in front."""
    mask = OcclusionMask(page)
    visible: list[list[Part]] = []
    for one in reversed(drawn):
        visible.append(
            [(pen, *mask.visible_parts(points, offsets)) for pen, points, offsets in one.by_pen()]
        )
        if one.region is not None:
            mask.add(one.region)
    return visible[::-1]


class Layers:
    """Layers of a composition in the order in which they are drawn, on an empty page.

    Those that the composition lists are the first; then follow those that elements name, and the
    pens of SVGs.
    """

    MAX_SAME_NAME = 99

    def __init__(self, composition: Composition) -> None:
        page = composition
        self.document = Document(page.width, page.height, title=page.drawing_title)
        self._pen_width = page.pen_width
        for layer in page.layers or ():
            pen = Pen(layer.name, layer.color.lower(), layer.pen_width or page.pen_width)
            self.document.layer(layer.name, pen)
        self._listed = [layer.name for layer in self.document.layers]
        # Numbers at the beginning of names of layers of SVGs, by index.
        self._numbers: dict[int, float] = {}

    def of(self, element: Element, own: OwnPen | None) -> int:
        """Return the index of the layer for strokes of an element with an own pen, if any."""
        base = self._base(element)
        if own is None or not element.keeps_pens(self._listed):
            return self._index(base)
        pen = own.pen if own.has_width else replace(own.pen, width=self._pen_width)
        same_name = next((one for one in self.document.layers if one.name == pen.name), None)
        if not own.has_width and same_name and same_name.pen.colour == pen.colour:
            # Any pen of the colour draws what has no width.
            return self.document.layer(pen.name)
        listed = self._listed_as(pen)
        if listed is not None:
            return self.document.layer(listed)
        same_colour = components(pen.colour) == components(base.colour)
        same = same_colour and replace(base, name=pen.name, colour=pen.colour) == pen
        # A layer of the drawing keeps its name; a pen that is named after its colour need not.
        if same and _is_colour(pen.name):
            return self._index(base)
        index = self._index(pen, instead=base)
        number = LayerCodes.of(pen.name).order
        has_codes = getattr(element, "layer_codes", False)
        if has_codes and number < math.inf and self.document.layers[index].pen != base:
            self._numbers[index] = number
        return index

    def in_order(self) -> list[int]:
        """Return the indices of all layers; those with numbers are in their order among themselves."""
        order = list(range(len(self.document.layers)))
        places = sorted(self._numbers)
        for place, index in zip(
            places, sorted(places, key=lambda one: self._numbers[one]), strict=True
        ):
            order[place] = index
        return order

    def _listed_as(self, own: Pen) -> str | None:
        """Return the name of the listed layer for a pen: its own, or its colour in other words."""
        if own.name in self._listed:
            return own.name
        same = (
            name
            for name in self._listed
            if _is_colour(own.name)
            and parse_colour(name)
            and components(name) == components(own.colour)
        )
        return next(same, None)

    def _base(self, element: Element) -> Pen:
        """Return the pen of the layer of an element."""
        known = {layer.name: layer.pen for layer in self.document.layers}
        return known.get(element.layer) or Pen(element.layer, BASE_COLOUR, self._pen_width)

    def _index(self, pen: Pen, instead: Pen | None = None) -> int:
        """Return the layer of a pen; one of the same name with another pen gets a number."""
        known = {layer.name: layer.pen for layer in self.document.layers}
        for number in range(1, self.MAX_SAME_NAME):
            name = pen.name if number == 1 else f"{pen.name[: MAX_LAYER_NAME_CHARS - 3]} {number}"
            named = replace(pen, name=name)
            if known.get(name, named) == named:
                full = name not in known and len(known) >= Document.MAX_LAYERS
                return (
                    self._index(instead) if full and instead else self.document.layer(name, named)
                )
        return self._index(instead) if instead else self.document.layer(pen.name)


def _is_colour(name: str) -> bool:
    """Return whether a pen is named after its colour, with its width or not."""
    return parse_colour(name.partition(" ")[0]) is not None
