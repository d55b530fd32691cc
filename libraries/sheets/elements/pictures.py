"""SVGs as elements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import choice, declare
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPosition,
    applied,
    fitting,
    magnification,
)
from libraries.sheets.elements.base import (
    ElementStrokes,
    OutlinedElement,
    Progress,
    clip_field,
    element,
    kind,
)
from libraries.sheets.elements.texts import align_field, vertical_field
from libraries.svg_reader import read_svg
from libraries.svg_reader.foreign_xml import parse_svg
from libraries.svg_syntax.curves import FLATNESS

MAX_SVG_CHARS = 512_000
# Limit of the enlargement for which curves are refined.
MAX_MAGNIFICATION = 100.0
MAX_CHEAP_CHARS = 32_000
# Upper limit for SVGs without arcs and `use`.
VERTICES_PER_CHARACTER = 0.25


@element
class SvgElement(OutlinedElement):
    """An SVG in a box."""

    type: str = kind("svg")
    svg: str = declare(
        fields.String(
            validate=Length(1, MAX_SVG_CHARS),
            metadata={
                "description": "The SVG document. Its paths and shapes are drawn with the pen of "
                "the layer; parts that a pen cannot draw are skipped.",
                "example": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
                '<circle cx="4" cy="4" r="3"/></svg>',
            },
        )
    )
    fit: Fit = choice(
        "`contain` shows all of it, `cover` fills the box, `fill` stretches it, `none` keeps its "
        "size.",
        Fit,
        default="contain",
        recorded=True,
    )
    align: HorizontalAlign = align_field()
    vertical: VerticalPosition = vertical_field()
    clip: bool = clip_field()

    def sizes(self) -> Mapping[str, int]:
        return {"svg": len(self.svg)}

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        """Return the strokes of the SVG, fitted into its box."""
        reading = read_svg(self.svg, tolerance=lambda page: _tolerance(self._fitting(page, frame)))
        store = reading.document.store
        if not len(store):
            skipped = ", ".join(f"{name} ({n})" for name, n in sorted(reading.dropped.items()))
            raise InvalidInput(
                "the SVG has no strokes",
                code="empty-picture",
                field="svg",
                hint=f"a pen cannot draw: {skipped}" if skipped else "add a path or a shape",
            )
        moved = applied(self._fitting(reading.document.page, frame), store.coordinates)
        return ElementStrokes(moved, store.offsets, dropped=reading.dropped)

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        """Return the number of vertices, or an upper limit from the length of the SVG."""
        if thorough:
            cost = float(len(self.strokes(frame, 0).coordinates))
        else:
            parse_svg(self.svg)
            cost = len(self.svg) * VERTICES_PER_CHARACTER
        self.check_ink(cost)
        return cost

    def _fitting(self, page: Rectangle, frame: Rectangle) -> Matrix:
        return fitting(page, frame, self.fit, align=self.align, vertical=self.vertical)


def is_cheap_to_read(svgs: list[str]) -> bool:
    """Return whether all SVGs can be read in milliseconds."""
    return sum(map(len, svgs)) <= MAX_CHEAP_CHARS and not any("use" in svg for svg in svgs)


def _tolerance(fit: Matrix) -> float:
    """Return the tolerance of curves in mm of the SVG that `fit` transforms."""
    return FLATNESS / float(np.clip(magnification(fit), 1.0, MAX_MAGNIFICATION))
