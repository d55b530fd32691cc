"""Compositions: pages with several elements on layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import (
    BoundedList,
    InvalidFields,
    OneOfField,
    Params,
    declare,
    library_check,
    mm,
)
from libraries.geometry.rectangle import Rectangle
from libraries.patterns import MAX_POINTS, TooComplex
from libraries.sheets.elements import ELEMENTS, Element
from libraries.sheets.elements.base import layer_name
from libraries.sheets.elements.patterns import PatternElement
from libraries.sheets.elements.pictures import MAX_SVG_CHARS, SvgElement, is_cheap_to_read
from libraries.sheets.page import DrawnPage
from libraries.sheets.recipes import Recipe, recorded
from libraries.sheets.sources import read_source
from libraries.svg_syntax.attributes import check_ink_colour

MAX_ELEMENTS = 64
# Limits for the sum over all elements, with units, by field.
MAX_SIZES = {
    "text": (5000, "characters"),
    "svg": (MAX_SVG_CHARS, "characters"),
    "points": (5000, "corners"),
}
# Tolerance for rounding errors of boxes.
ROUNDING_MM = 1e-6


class Layer(Params):
    """A layer of a composition, drawn with one pen."""

    name: str = layer_name("Name of the layer, also shown in Inkscape.", example="gold")
    color: str = declare(
        fields.String(
            validate=library_check(check_ink_colour),
            metadata={
                "description": "Colour of the ink: a CSS colour name or hexadecimal.",
                "example": "#b08d57",
            },
        ),
        default="black",
        recorded=True,
    )
    pen_width: float | None = mm(
        "Line width of the pen; by default that of the page", 0.05, 5, default=None
    )


class Composition(DrawnPage):
    """A page with several elements on layers."""

    layers: list[Layer] | None = declare(
        BoundedList(
            fields.Nested(Layer.schema()),
            validate=Length(max=32),
            metadata={"description": "Layers of `elements` in drawing order, each with its pen."},
        ),
        default=None,
    )
    elements: list[Element] | None = declare(
        BoundedList(
            OneOfField("type", ELEMENTS, name="Element"),
            validate=Length(1, MAX_ELEMENTS),
            metadata={
                "description": "Elements of the page instead of `pattern`; later ones are in front."
            },
        ),
        default=None,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject duplicate layer names."""
        yield from super().mistakes(parsed, given)
        layers = parsed.get("layers") or ()
        names = [layer.name for layer in layers if isinstance(layer, Layer)]
        if len(names) < len(layers):
            return  # invalid layers are reported by their own schema
        duplicates = [number for number, name in enumerate(names) if names.count(name) > 1]
        if duplicates:
            text = "Duplicate layer name."
            yield {"layers": {number: {"name": [text]} for number in duplicates}}

    def recipe(self) -> Recipe:
        """Return the recipe, without parameters that are None."""
        return Recipe(without_null(super().recipe().values))

    def arguments(self, **names: str) -> dict[str, Any]:
        return {"composition": without_null(recorded(self, picture_only=False))}

    @property
    def drawing_title(self) -> str:
        count = len(self.elements or ())
        size = f"{self.width:g} x {self.height:g} mm"
        return f"Composition of {count} element{'' if count == 1 else 's'}, {size}"

    @property
    def room(self) -> Rectangle:
        """The box of elements without a box: the page inside its margin."""
        area = self.area
        return Rectangle(area.left, area.top, area.right, area.bottom)

    def check_cost(self) -> None:
        """Check the elements without drawing them; raises InvalidFields and TooComplex."""
        elements = self.elements or []
        _check_sizes(elements)
        mistakes: dict[str, list[str]] = {}
        svgs = [one.svg for one in elements if isinstance(one, SvgElement) and one.svg]
        total, thorough = 0.0, is_cheap_to_read(svgs)
        for number, element in enumerate(elements):
            try:
                self._check_place(element)
                total += element.cost(element.placement(self.room), thorough=thorough)
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
            left, top, right, bottom = (
                f"{round(side, 2):g}"
                for side in (extent.left, extent.top, extent.right, extent.bottom)
            )
            reaches = f"{left}, {top} to {right}, {bottom}"
            raise InvalidInput(
                f"must be on the page, {self.width:g} x {self.height:g} mm; it covers {reaches}",
                field=element.place_field,
            )


def load_composition(given: Mapping[str, Any]) -> Composition:
    """Load a composition from the argument of its task; raises InvalidFields."""
    loaded = Composition.load(given)
    if not loaded.elements:
        raise InvalidFields({"elements": ["Missing data for required field."]})
    return loaded


def with_sources(page: Composition) -> Composition:
    """Return a page with the contents of its stored drawings, so that its recipe reproduces it.

    Raises:
        InvalidInput: an SVG is no text in a known encoding, or too large.
        NotFound: a file was removed.
    """
    elements = [
        one.with_file(read_source(one.source))
        if isinstance(one, SvgElement) and one.source is not None
        else one
        for one in page.elements or ()
    ]
    return dataclasses.replace(page, elements=elements)


def seeds_of(elements: Sequence[Element], seed: int) -> list[int]:
    """Return a seed for each element, derived from the `seed` of the page.

    The first element of a pattern has the seed of the page; later elements of the same pattern have
    other seeds. Elements of other types can be added, removed and moved without changing them.
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
    """Raise TooComplex for more points than a drawing may have."""
    # Not `>`: a comparison with NaN is false.
    if not points <= MAX_POINTS:
        error = TooComplex(points)
        error.field = "elements"
        raise error


def without_null(value: Any) -> Any:
    """Return JSON without null members."""
    if isinstance(value, Mapping):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return [without_null(inner) for inner in value] if isinstance(value, list) else value


def _check_sizes(elements: Sequence[Element]) -> None:
    for name, (limit, unit) in MAX_SIZES.items():
        total = sum(element.sizes().get(name, 0) for element in elements)
        if total > limit:
            text = f"`{name}` has {total:,} {unit} in total; the limit is {limit:,}."
            raise InvalidFields({"elements": [text]})


def _of_composition(error: InvalidInput, number: int) -> dict[str, list[str]]:
    """Return the errors of an element as errors of its composition."""
    errors = getattr(error, "errors", None) or {
        error.field or "": [str(error), *([error.hint] if error.hint else [])]
    }
    return {
        ".".join(filter(None, ("elements", str(number), name))): texts
        for name, texts in errors.items()
    }
