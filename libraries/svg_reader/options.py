"""Options of the reader, which are also fields of requests."""

from __future__ import annotations

from marshmallow import fields
from marshmallow.validate import OneOf

from libraries.fields import (
    Params,
    WholeNumber,
    angle,
    choice,
    declare,
    flag,
    library_check,
    mm,
    whole,
)
from libraries.svg_syntax.attributes import check_ink_colour


class ReadingOptions(Params):
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
        default="#ffffff",
    )
    fills: str = choice(
        "How fills are drawn: `outline` by their edge, `hatch` also by parallel lines, `none` not.",
        ("outline", "hatch", "none"),
        default="outline",
    )
    hatch_spacing: float = mm("Distance between hatch lines", 0.1, 50, default=1.0)
    hatch_angle: float = angle("Angle of hatch lines, clockwise from the x axis", default=45.0)
    pens_by: str = choice(
        "What becomes a pen: `layer`, `group` (those directly below the root), `colour` (and "
        "width), or `one` for everything; `auto` are the layers if there are several, else colours.",
        ("auto", "layer", "group", "colour", "one"),
        default="auto",
    )
    max_pens: int = whole(
        "Maximum number of pens from colours; further colours are drawn with the nearest ones.",
        1,
        64,
        default=16,
    )
    max_pen_width: float | None = mm(
        "Width of the widest pen: strokes that are much wider are drawn by their outline; by default "
        "a stroke of any width is a pen",
        0.05,
        10,
        default=None,
    )
    layer_codes: bool = flag(
        "Whether names of layers are read as AxiDraw and NextDraw do: layers that begin with `%` are "
        "not drawn, `!` is a pause, a number the order of plotting, and `+S`, `+H` and `+D` are the "
        "speed, height and delay.",
        default=True,
    )
    dpi: int = declare(
        WholeNumber(
            validate=OneOf((72, 90, 96, 300)),
            metadata={
                "description": "Pixels per inch of sizes in px and without a unit: 72 for old files "
                "of Illustrator, 90 of Inkscape, 96 by CSS.",
                "x-unit": "px/in",
            },
        ),
        default=96,
    )
