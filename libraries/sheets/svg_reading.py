"""Options of requests for how a foreign SVG is read."""

from __future__ import annotations

from marshmallow import fields

from libraries.fields import Params, angle, choice, declare, flag, mm, whole
from libraries.sheets.checks import library_check
from libraries.sheets.composition import check_ink_colour
from libraries.svg_reader import ReadingOptions


class SvgOptions(Params):
    """Options of the conversion of an SVG to strokes."""

    occlude: bool = flag(
        "Opaque fills hide what is below them; clip paths and masks cut.", default=True
    )
    paper: str = declare(
        fields.String(
            validate=library_check(check_ink_colour),
            metadata={
                "description": "Colour of the paper. Fills of this colour hide what is below and are "
                "not drawn."
            },
        ),
        default=ReadingOptions.paper,
    )
    fills: str = choice(
        "How fills are drawn: `outline` by their edge, `hatch` also by parallel lines, `none` not.",
        ReadingOptions.FILLS,
        default=ReadingOptions.fills,
    )
    hatch_spacing: float = mm(
        "Distance between hatch lines", 0.1, 50, default=ReadingOptions.hatch_spacing
    )
    hatch_angle: float = angle(
        "Angle of hatch lines, clockwise from the x axis", default=ReadingOptions.hatch_angle
    )
    pens_by: str = choice(
        "What becomes a pen: `layer`, `colour` (and width), or `one` for everything; `auto` are the "
        "layers if there are several, else colours.",
        ReadingOptions.PENS,
        default=ReadingOptions.pens,
    )
    max_pens: int = whole(
        "Maximum number of pens from colours; further colours are drawn with the nearest ones.",
        1,
        64,
        default=ReadingOptions.max_pens,
    )
    max_pen_width: float | None = mm(
        "Width of the widest pen: strokes that are much wider are drawn by their outline; by default "
        "a stroke of any width is a pen",
        0.05,
        10,
        default=None,
    )

    def reading(self) -> ReadingOptions:
        """Return the options for the reader."""
        return ReadingOptions(
            occlude=self.occlude,
            paper=self.paper,
            fills=self.fills,
            hatch_spacing=self.hatch_spacing,
            hatch_angle=self.hatch_angle,
            pens=self.pens_by,
            max_pens=self.max_pens,
            layer_codes=True,
            max_pen_width=self.max_pen_width,
        )
