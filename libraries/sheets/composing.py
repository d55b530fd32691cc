"""Drawing of compositions: hidden lines are removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.geometry.document import Document
from libraries.geometry.occlusion import OcclusionMask
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.sheets.composition import Composition, check_total, seeds_of
from libraries.sheets.elements import ElementStrokes

BASE_COLOUR = "black"
# Progress steps per element.
STEP = 100

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Composed:
    """A drawn composition.

    Attributes:
        drawing: the page.
        missing_glyphs: characters that the fonts lack, drawn as boxes.
        dropped: number of skipped parts of SVGs, by kind, such as `image`.
    """

    drawing: Document
    missing_glyphs: list[str] = field(default_factory=list)
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def warnings(self) -> str:
        """Notes on missing glyphs and skipped parts, for the end of a message; may be empty."""
        boxes = f"; drawn as boxes: {' '.join(self.missing_glyphs)}" if self.missing_glyphs else ""
        left = ", ".join(f"{name} ({times})" for name, times in sorted(self.dropped.items()))
        return boxes + (f"; skipped parts of SVGs: {left}" if left else "")


def compose(composition: Composition, report: Report | None = None) -> Composed:
    """Return the drawing of a composition; raises as `Composition.check_cost`.

    `report` is called with the completed steps, their total and the name of the current step.
    """
    progress = report or (lambda *_: None)
    page = Rectangle(0.0, 0.0, composition.width, composition.height)
    steps = (len(composition.elements or ()) + 1) * STEP
    drawn = _draw_elements(composition, progress, steps)
    progress(steps - STEP, steps, "composing the page")
    document = _empty_document(composition)
    for layer, strokes in _by_layer(composition, _visible(drawn, page)).items():
        document.add(strokes, document.layer(layer))
    missing = dict.fromkeys(glyph for one in drawn for glyph in one.missing_glyphs)
    return Composed(
        document.clipped(page),
        list(missing),
        sum((Counter(one.dropped) for one in drawn), Counter()),
    )


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


def _visible(drawn: Sequence[ElementStrokes], page: Rectangle) -> list[tuple[Floats, Integers]]:
    """Return the visible parts of each element; later elements are in front."""
    mask = OcclusionMask(page)
    visible = []
    for one in reversed(drawn):
        visible.append(mask.visible_parts(one.coordinates, one.offsets))
        if one.region is not None:
            mask.add(one.region)
    return visible[::-1]


def _empty_document(composition: Composition) -> Document:
    """Return a page with the listed layers, then those that only elements name."""
    document = Document(composition.width, composition.height, title=composition.drawing_title)
    width = composition.pen_width
    for layer in composition.layers or ():
        document.layer(layer.name, Pen(layer.name, layer.color.lower(), layer.pen_width or width))
    named = {layer.name for layer in document.layers}
    for element in composition.elements or ():
        if element.layer not in named:
            document.layer(element.layer, Pen(element.layer, BASE_COLOUR, width))
            named.add(element.layer)
    return document


def _by_layer(
    composition: Composition, visible: Sequence[tuple[Floats, Integers]]
) -> dict[str, list[Floats]]:
    lines: dict[str, list[Floats]] = {}
    for element, (coordinates, offsets) in zip(composition.elements or (), visible, strict=True):
        if len(coordinates):
            lines.setdefault(element.layer, []).extend(np.split(coordinates, offsets[1:-1]))
    return lines
