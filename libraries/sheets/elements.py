"""The elements of a composition as they are asked for: patterns, texts, pictures and shapes, each with fields of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from libraries.errors import InvalidInput
from libraries.fields import WholeNumber, degrees, find_mistakes, millimetres
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.document import MAX_LAYER_NAME_CHARS
from libraries.geometry.transforms import ACROSS, DOWN, FITS
from libraries.lettering import DEFAULT_FONT, LINE_PITCH, check_text, font_names, is_blank
from libraries.patterns import PATTERNS
from libraries.sheets.artboard import LARGEST_SEED, MOST_PARAMS
from libraries.svg_syntax.attributes import BadColour, check_colour

DEFAULT_LAYER = "drawing"
LARGEST_PICTURE = 512_000
LONGEST_WORDS = 2000
MOST_CORNERS = 1000
SMALLEST_BOX = 1.0
WIDEST_HALO = 100.0
BOX, CIRCLE, ELLIPSE, HULL, INK = "box", "circle", "ellipse", "hull", "ink"
CUTTING = (BOX, CIRCLE, ELLIPSE)


def passes(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a validator that lets a value pass if `check(value)` raises no InvalidInput; its hint goes beside the text."""

    def validate(value: Any) -> None:
        try:
            check(value)
        except InvalidInput as error:
            raise ValidationError([str(error), *([error.hint] if error.hint else [])]) from None

    return validate


def check_ink(value: str) -> None:
    """Refuse what is no colour, or no ink.

    Raises:
        BadColour: it is not a colour, or `none`.
    """
    if check_colour(value, "color") == "none":
        raise BadColour("a pen has a colour", field="color")


class Written(Length):
    """Refuses a text that is too short or too long, else one that a further check refuses: never both."""

    def __init__(self, least: int, most: int, check: Callable[[Any], None]) -> None:
        """Take lengths from `least` to `most`, and what lets `check` raise no ValidationError."""
        super().__init__(least, most)
        self.check = check

    def __call__(self, value: Any) -> Any:
        """Return `value`, or raise what is wrong with it."""
        super().__call__(value)
        self.check(value)
        return value


def _check_words(value: str) -> None:
    if is_blank(check_text(value)):
        raise ValidationError("Must hold something to draw.")


class LayerSchema(Schema):
    """A layer of a composition: all that one pen draws."""

    name = fields.String(
        required=True,
        validate=Written(1, MAX_LAYER_NAME_CHARS, passes(check_text)),
        metadata={
            "description": "What elements call it, and what Inkscape shows.",
            "example": "gold",
        },
    )
    color = fields.String(
        load_default="black",
        validate=passes(check_ink),
        metadata={
            "description": "Colour of the ink: a name of CSS, or hexadecimal.",
            "example": "#b08d57",
        },
    )
    pen_width = millimetres(
        "Width of the pen's line; by default that of the page",
        least=0.05,
        most=5,
        load_default=None,
    )


class BoxSchema(Schema):
    """A box on the page."""

    x = millimetres("Left edge", least=-MAX_SIDE_MM, most=MAX_SIDE_MM, required=True)
    y = millimetres("Upper edge", least=-MAX_SIDE_MM, most=MAX_SIDE_MM, required=True)
    width = millimetres("Width", least=SMALLEST_BOX, most=MAX_SIDE_MM, required=True)
    height = millimetres("Height", least=SMALLEST_BOX, most=MAX_SIDE_MM, required=True)


class HatchSchema(Schema):
    """Parallel lines that fill a shape."""

    spacing = millimetres("From line to line", least=0.1, most=100, load_default=1.0)
    angle = degrees("Angle of the lines, clockwise from level", load_default=45.0)
    cross = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Whether a second set of lines crosses the first at a right angle."
        },
    )
    inset = millimetres("How far the lines keep from the edge", least=0, most=50, load_default=0.0)


class ElementSchema(Schema):
    """What every element may be told."""

    type = fields.String(required=True, metadata={"description": "What it is."})
    layer = fields.String(
        load_default=DEFAULT_LAYER,
        validate=Written(1, MAX_LAYER_NAME_CHARS, passes(check_text)),
        metadata={
            "description": "Name of its layer; made with a black pen if `layers` does not have it."
        },
    )
    rotate = degrees("How far it is turned around its middle, clockwise", load_default=0.0)
    opaque = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Whether it hides what the elements before it draw inside its outline."
        },
    )
    halo = millimetres(
        "With `opaque`: free air around the outline", least=0, most=WIDEST_HALO, load_default=0.0
    )


class BoxedSchema(ElementSchema):
    """An element that fills a box."""

    box = fields.Nested(
        BoxSchema,
        load_default=None,
        metadata={"description": "Its place on the page; by default the page inside its margin."},
    )


class OutlinedSchema(BoxedSchema):
    """An element whose outline can be chosen."""

    outline = fields.String(
        load_default=BOX,
        validate=OneOf([*CUTTING, HULL, INK]),
        metadata={
            "description": "Its outline: the `box`, a `circle` or `ellipse` in it, or the `hull` of its strokes, "
            "without dents; `ink` is the strokes themselves, made wide by the `halo`."
        },
    )

    @validates_schema
    def check_halo(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse ink that hides nothing."""
        if data["opaque"] and data["outline"] == INK and not data["halo"]:
            raise ValidationError("Must be more than 0 for ink that hides something.", "halo")


class PatternElementSchema(OutlinedSchema):
    """A pattern in a box."""

    pattern = fields.String(
        required=True,
        validate=OneOf(list(PATTERNS)),
        metadata={"description": "Name of the pattern.", "example": "spiral"},
    )
    params = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=Length(max=MOST_PARAMS),
        metadata={"description": "Parameters of the pattern, by name; each has a default."},
    )
    seed = WholeNumber(
        load_default=None,
        validate=Range(0, LARGEST_SEED),
        metadata={
            "description": "Chooses a variation of the pattern; by default one that follows from the seed of the page."
        },
    )
    clip = fields.Boolean(
        load_default=True, metadata={"description": "Whether it is cut off at its outline."}
    )

    @validates_schema
    def check_params(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse parameters that the pattern does not take."""
        mistakes = find_mistakes(PATTERNS[data["pattern"]].schema(), data["params"])
        if mistakes:
            raise ValidationError({"params": mistakes})


ALIGN = {"description": "Where it stands in its box, or its lines do, from left to right."}
VERTICAL = {
    "description": "Where it stands in its box from top to bottom; texts by their capitals and base lines."
}


class TextElementSchema(OutlinedSchema):
    """A text in a box, in single strokes."""

    text = fields.String(
        required=True,
        validate=Written(1, LONGEST_WORDS, passes(_check_words)),
        metadata={
            "description": "What to write; a line feed begins a new line.",
            "example": "Nocturne",
        },
    )
    font = fields.String(
        load_default=DEFAULT_FONT,
        validate=OneOf(font_names()),
        metadata={"description": "Name of the font."},
    )
    size = millimetres(
        "Height of a capital letter; by default the largest that fits the box",
        least=0.5,
        most=500,
        load_default=None,
    )
    align = fields.String(load_default="center", validate=OneOf(list(ACROSS)), metadata=ALIGN)
    vertical = fields.String(load_default="middle", validate=OneOf(list(DOWN)), metadata=VERTICAL)
    wrap = fields.Boolean(
        load_default=False,
        metadata={"description": "Whether lines break between words where the box is too narrow."},
    )
    line_spacing = fields.Float(
        load_default=LINE_PITCH,
        validate=Range(0.5, 10),
        metadata={"description": "From one base line to the next, in heights of a capital letter."},
    )
    letter_spacing = fields.Float(
        load_default=0.0,
        validate=Range(-0.3, 5),
        metadata={"description": "Added between letters, in heights of a capital letter."},
    )


class SvgElementSchema(OutlinedSchema):
    """Another drawing in a box."""

    svg = fields.String(
        required=True,
        validate=Length(1, LARGEST_PICTURE),
        metadata={
            "description": "The SVG itself. Its paths and shapes take the pen of the layer; what no pen can draw is left out.",
            "example": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3"/></svg>',
        },
    )
    fit = fields.String(
        load_default="contain",
        validate=OneOf(FITS),
        metadata={
            "description": "`contain` shows all of it, `cover` fills the box, `fill` stretches it, `none` keeps its own size."
        },
    )
    align = fields.String(load_default="center", validate=OneOf(list(ACROSS)), metadata=ALIGN)
    vertical = fields.String(load_default="middle", validate=OneOf(list(DOWN)), metadata=VERTICAL)
    clip = fields.Boolean(
        load_default=True, metadata={"description": "Whether it is cut off at its outline."}
    )


EDGE = {
    "description": "Whether its edge is drawn; without it only its hatching is, and with `opaque` it hides what is below."
}


class ShapeSchema(BoxedSchema):
    """A closed shape that fills its box."""

    edge = fields.Boolean(load_default=True, metadata=EDGE)
    hatch = fields.Nested(
        HatchSchema, load_default=None, metadata={"description": "Fill it with lines."}
    )


class RectSchema(ShapeSchema):
    """The box itself."""

    radius = millimetres("Radius of its corners", least=0, most=MAX_SIDE_MM, load_default=0.0)


class CircleSchema(ShapeSchema):
    """The largest circle in the box."""


class EllipseSchema(ShapeSchema):
    """The largest ellipse in the box."""


class StarSchema(ShapeSchema):
    """A star in the largest circle of the box, one tip upwards."""

    tips = WholeNumber(
        load_default=5, validate=Range(3, 120), metadata={"description": "How many tips it has."}
    )
    inner = fields.Float(
        load_default=0.4,
        validate=Range(0.05, 1),
        metadata={
            "description": "How far its inner corners are from the middle; 1 is as far as its tips."
        },
    )


def _points(least: int, most: int = MOST_CORNERS) -> fields.List[Any]:
    place = fields.List(
        fields.Float(validate=Range(-MAX_SIDE_MM, MAX_SIDE_MM)), validate=Length(equal=2)
    )
    return fields.List(
        place,
        required=True,
        validate=Length(least, most),
        metadata={
            "description": "Its corners on the page, each x and y in mm.",
            "example": [[20, 20], [80, 20], [50, 70]],
        },
    )


class LineSchema(ElementSchema):
    """A straight line; with `opaque` it hides what is nearer to it than its `halo`."""

    points = _points(2, 2)


class PolylineSchema(ElementSchema):
    """Straight lines from place to place; with `opaque` they hide what is nearer to them than their `halo`."""

    points = _points(2)


class PolygonSchema(ElementSchema):
    """Straight lines from corner to corner and back to the first."""

    points = _points(3)
    edge = fields.Boolean(load_default=True, metadata=EDGE)
    hatch = fields.Nested(
        HatchSchema, load_default=None, metadata={"description": "Fill it with lines."}
    )


ELEMENTS: dict[str, type[ElementSchema]] = {
    "pattern": PatternElementSchema,
    "text": TextElementSchema,
    "svg": SvgElementSchema,
    "rect": RectSchema,
    "circle": CircleSchema,
    "ellipse": EllipseSchema,
    "star": StarSchema,
    "line": LineSchema,
    "polyline": PolylineSchema,
    "polygon": PolygonSchema,
}


def _described_element() -> type[Schema]:
    """Return a schema with the fields of all types, for the documentation: a field says which types have it."""
    owners: dict[str, list[str]] = {}
    found: dict[str, fields.Field[Any]] = {}
    for name, schema in ELEMENTS.items():
        for field_name, field in schema._declared_fields.items():  # noqa: SLF001 - the way marshmallow's own plugins read them
            owners.setdefault(field_name, []).append(name)
            found.setdefault(field_name, field)
    members = {
        name: _described_field(field, owners[name])
        for name, field in found.items()
        if name not in {"type", "points"}
    }
    kind = fields.String(
        required=True,
        validate=OneOf(list(ELEMENTS)),
        metadata={"description": "What it is.", "example": "pattern"},
    )
    points = _described_field(_points(2), owners["points"])
    return Schema.from_dict({"type": kind, **members, "points": points}, name="ElementSchema")


def _described_field(field: fields.Field[Any], owners: list[str]) -> fields.Field[Any]:
    shown = copy.deepcopy(field)
    shown.required = False
    if len(owners) < len(ELEMENTS):
        words = str(shown.metadata.get("description", ""))
        shown.metadata = {**shown.metadata, "description": f"{words} For: {', '.join(owners)}."}
    return shown


class ElementField(fields.Nested):
    """An element: its `type` says which fields it has."""

    def __init__(self, **options: Any) -> None:
        """Describe the fields of all types; `options` go to the field."""
        super().__init__(_described_element(), **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("Must be an object.")
        if "type" not in value:
            raise ValidationError({"type": ["Missing data for required field."]})
        if not isinstance(value["type"], str) or value["type"] not in ELEMENTS:
            raise ValidationError({"type": [f"Must be one of: {', '.join(ELEMENTS)}."]})
        schema = ELEMENTS[value["type"]]()
        try:
            loaded: dict[str, Any] = schema.load(value)
        except ValidationError:
            raise ValidationError(find_mistakes(schema, value)) from None
        return loaded
