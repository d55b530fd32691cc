"""Compositions: pages of several elements on layers, each layer with its pen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import InvalidFields, OneOfField, Params, declare, mm
from libraries.geometry.rectangle import Rectangle
from libraries.patterns import MAX_POINTS, TooComplex
from libraries.sheets.checks import library_check
from libraries.sheets.elements import ELEMENTS, Element
from libraries.sheets.elements.base import layer_name
from libraries.sheets.elements.patterns import PatternElement
from libraries.sheets.elements.pictures import MAX_SVG_CHARS, SvgElement, is_cheap_to_read
from libraries.sheets.page import DrawnPage
from libraries.sheets.recipes import Recipe, recorded
from libraries.svg_syntax.attributes import check_colour

MAX_ELEMENTS = 64
# What all elements of a composition may have together: the limit and its unit, by field.
MAX_SIZES = {
    "text": (5000, "characters"),
    "svg": (MAX_SVG_CHARS, "characters"),
    "points": (5000, "corners"),
}
# Boxes may leave the page by rounding errors.
ROUNDING_MM = 1e-6


def check_ink_colour(value: str) -> None:
    """Refuse what is not a colour, or `none`.

    Raises:
        InvalidInput: `value` is refused.
    """
    if check_colour(value, "color") == "none":
        raise InvalidInput("a pen has a colour", field="color", code="bad-colour")


class Layer(Params):
    """A layer of a composition: what one pen draws."""

    name: str = layer_name("What elements call it, and what Inkscape shows.", example="gold")
    color: str = declare(
        fields.String(
            validate=library_check(check_ink_colour),
            metadata={
                "description": "Colour of the ink: a name of CSS, or hexadecimal.",
                "example": "#b08d57",
            },
        ),
        default="black",
        recorded=True,
    )
    pen_width: float | None = mm(
        "Width of the pen's line; by default that of the page", 0.05, 5, default=None
    )


class Composition(DrawnPage):
    """A page with several elements on layers."""

    layers: list[Layer] | None = declare(
        fields.List(
            fields.Nested(Layer.schema()),
            validate=Length(max=32),
            metadata={
                "description": "Layers of `elements` in the order in which they are drawn, each "
                "with its pen."
            },
        ),
        default=None,
    )
    elements: list[Element] | None = declare(
        fields.List(
            OneOfField("type", ELEMENTS, name="Element"),
            validate=Length(1, MAX_ELEMENTS),
            metadata={
                "description": "What the page is composed of, in place of `pattern`; the later "
                "ones are in front."
            },
        ),
        default=None,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Refuse layers with the same name."""
        yield from super().mistakes(parsed, given)
        layers = parsed.get("layers") or ()
        names = [layer.name for layer in layers if isinstance(layer, Layer)]
        if len(names) < len(layers):
            return  # others are wrong by themselves
        twice = [number for number, name in enumerate(names) if names.count(name) > 1]
        if twice:
            text = "There is another layer of that name."
            yield {"layers": {number: {"name": [text]} for number in twice}}

    def recipe(self) -> Recipe:
        """Return the recipe; parameters that are None are not part of it."""
        return Recipe(without_null(super().recipe().values))

    def arguments(self, **names: str) -> dict[str, Any]:
        """Return the keyword arguments of the task that draws this, without `output_filename`."""
        return {"composition": without_null(recorded(self, picture_only=False))}

    @property
    def drawing_title(self) -> str:
        """The title of the drawing."""
        count = len(self.elements or ())
        size = f"{self.width:g} x {self.height:g} mm"
        return f"Composition of {count} element{'' if count == 1 else 's'}, {size}"

    @property
    def room(self) -> Rectangle:
        """The box of an element without a box: the page inside its margin."""
        area = self.area
        return Rectangle(area.left, area.top, area.right, area.bottom)

    def check_cost(self) -> None:
        """Check what can be known without drawing it.

        Raises:
            InvalidFields: a box leaves the page, a text its box, an SVG cannot be read, or a
                polygon crosses itself too often.
            TooComplex: the drawing would have too many points.
        """
        elements = self.elements or []
        _check_sizes(elements)
        mistakes: dict[str, list[str]] = {}
        svgs = [element.svg for element in elements if isinstance(element, SvgElement)]
        total, thorough = 0.0, is_cheap_to_read(svgs)
        for number, element in enumerate(elements):
            try:
                self._check_place(element)
                total += element.cost(element.place(self.room), thorough=thorough)
            except TooComplex as error:
                error.field = f"elements.{number}.{error.field}"
                raise
            except InvalidInput as error:
                mistakes.update(_of_composition(error, number))
        if mistakes:
            raise InvalidFields(mistakes)
        check_total(total)

    def _check_place(self, element: Element) -> None:
        extent = element.extent(self.room)
        rest = (extent.left, extent.top, self.width - extent.right, self.height - extent.bottom)
        if min(rest) < -ROUNDING_MM:
            reaches = f"{extent.left:g}, {extent.top:g} to {extent.right:g}, {extent.bottom:g}"
            raise InvalidInput(
                f"must be on the page, {self.width:g} x {self.height:g} mm; "
                f"it reaches from {reaches}",
                field=element.place_field,
            )


def load_composition(given: Mapping[str, Any]) -> Composition:
    """Return a composition from the argument of its task.

    Raises:
        InvalidFields: one or more fields are bad, or there are no elements.
    """
    loaded = Composition.load(given)
    if not loaded.elements:
        raise InvalidFields({"elements": ["Missing data for required field."]})
    return loaded


def seeds_of(elements: Sequence[Element], seed: int) -> list[int]:
    """Return a seed for each element, from the `seed` of the page.

    The first element of each pattern has the seed of the page, so that it looks as it does alone;
    the second, third ... of the same pattern have other seeds. Elements of other types can be
    added, removed and moved without a change.
    """
    counts: dict[str, int] = {}
    seeds = []
    for element in elements:
        name = element.pattern if isinstance(element, PatternElement) else ""
        turn = counts[name] = counts.get(name, -1) + 1
        digest = sha256(f"{seed} {name} {turn}".encode()).digest()
        seeds.append(seed if turn == 0 else int.from_bytes(digest[:4], "big"))
    return seeds


def check_total(points: float) -> None:
    """Refuse more points than a drawing may have.

    Raises:
        TooComplex: they are too many.
    """
    # Not `>`: a comparison with NaN is false.
    if not points <= MAX_POINTS:
        error = TooComplex(points)
        error.field = "elements"
        raise error


def without_null(value: Any) -> Any:
    """Return JSON without the members that are null."""
    if isinstance(value, Mapping):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def _check_sizes(elements: Sequence[Element]) -> None:
    for name, (most, unit) in MAX_SIZES.items():
        total = sum(element.sizes().get(name, 0) for element in elements)
        if total > most:
            text = f"`{name}` has {total:,} {unit} in all; at most {most:,} are drawn."
            raise InvalidFields({"elements": [text]})


def _of_composition(error: InvalidInput, number: int) -> dict[str, list[str]]:
    """Return the mistakes of the element with this number as mistakes of its composition."""
    errors = getattr(error, "errors", None) or {
        error.field or "": [str(error), *([error.hint] if error.hint else [])]
    }
    return {
        ".".join(filter(None, ("elements", str(number), name))): texts
        for name, texts in errors.items()
    }
