"""Compositions: a page of several elements in boxes, on layers with pens of their own, the later ones in front."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from marshmallow import Schema, ValidationError, fields, pre_load, validates_schema
from marshmallow.validate import Length
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.fields import InvalidFields, load_fields
from libraries.geometry.document import Document
from libraries.geometry.occlusion import OcclusionMask
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import HOME, Pen, Strokes
from libraries.patterns import MOST_POINTS, TooComplex
from libraries.sheets.artboard import PageSchema, area_of
from libraries.sheets.elements import DEFAULT_LAYER, LARGEST_PICTURE, ElementField, LayerSchema
from libraries.sheets.figures import Figure, cost_of_figure, draw_figure, extent_of, is_read_at_once
from libraries.sheets.recipes import LONGEST_TEXT, PLAIN, VERSION, as_text
from libraries.svg_builder import SVGBuilder, svg_blocks

MOST_ELEMENTS, MOST_LAYERS = 64, 32
MOST_CHARACTERS, MOST_PLACES = 5000, 5000
# Boxes may leave the page by as much as rounding does.
ROUNDING = 1e-6
# With more strokes than this, putting them in order takes longer than drawing them, and they keep the order they have.
MOST_ORDERED = 60_000
PAGE = ("width", "height", "margin", "seed", "pen_width", "encoding")
BASE_PEN = "black"
# Progress is told in hundredths of an element.
STEP = 100

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Report = Callable[[int, int, str], None]


class CompositionFields(Schema):
    """What makes a page a composition. Without `elements` it is none, and `layers` mean nothing."""

    layers = fields.List(
        fields.Nested(LayerSchema),
        load_default=None,
        validate=Length(max=MOST_LAYERS),
        metadata={
            "description": "Layers of `elements` in the order in which they are drawn, each with its pen."
        },
    )
    elements = fields.List(
        ElementField(),
        load_default=None,
        validate=Length(1, MOST_ELEMENTS),
        metadata={
            "description": "What the page is composed of, in place of `pattern`; the later ones lie in front."
        },
    )

    @pre_load
    def forget_layers(self, data: Any, **_: Any) -> Any:
        """Leave out layers that nothing lies on."""
        if isinstance(data, Mapping) and data.get("elements") is None:
            return {name: value for name, value in data.items() if name != "layers"}
        return data

    @validates_schema
    def check_names(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse layers that share a name; each of them is named."""
        names = [layer["name"] for layer in data["layers"] or ()]
        twice = [number for number, name in enumerate(names) if names.count(name) > 1]
        if twice:
            text = "There is another layer of that name."
            raise ValidationError({"layers": {number: {"name": [text]} for number in twice}})

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_alone(self, _: Any, original: Mapping[str, Any], **__: Any) -> None:
        """Refuse a pattern of the page beside elements."""
        if original.get("elements") is not None:
            beside = [name for name in ("pattern", "params") if name in original]
            text = "Must not be given beside elements; make it an element of the type pattern."
            if beside:
                raise ValidationError({name: [text] for name in beside})


class CompositionSchema(CompositionFields, PageSchema):
    """A composition as it is asked for."""


@dataclass(frozen=True)
class Composed:
    """A composition that was drawn.

    Attributes:
        drawing: the page.
        missing_glyphs: the characters that fonts do not have, drawn as boxes.
        dropped: what was left out of pictures, such as `image`, and how often.
    """

    drawing: SVGBuilder
    missing_glyphs: list[str] = field(default_factory=list)
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def remarks(self) -> str:
        """Return what else there is to say of it, in words; may be empty."""
        boxes = f"; drawn as boxes: {' '.join(self.missing_glyphs)}" if self.missing_glyphs else ""
        left = ", ".join(f"{name} ({times})" for name, times in sorted(self.dropped.items()))
        return boxes + (f"; left out of pictures: {left}" if left else "")


def load_composition(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a composition as `CompositionSchema` loads it.

    Raises:
        InvalidFields: one or more fields are bad, or it has no elements.
    """
    loaded = load_fields(CompositionSchema(), asked)
    if not loaded["elements"]:
        raise InvalidFields({"elements": ["Missing data for required field."]})
    return loaded


def is_composition(artboard: Mapping[str, Any]) -> bool:
    """Tell whether an artboard is composed of elements."""
    return artboard.get("elements") is not None


def composition_of(artboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an artboard belongs to its composition: what `load_composition` takes, without what is not given."""
    page = {name: artboard[name] for name in PAGE}
    found: dict[str, Any] = _given(
        {**page, "layers": artboard["layers"], "elements": artboard["elements"]}
    )
    return found


def check_composition(composition: Mapping[str, Any]) -> None:
    """Check all that can be known of a composition without drawing it; it was loaded by `CompositionSchema`.

    Raises:
        InvalidFields: a box leaves the page, a text its box, a picture cannot be read, or a polygon is too tangled.
        TooComplex: the drawing would have too many points.
    """
    elements = composition["elements"]
    _check_lengths(elements)
    mistakes: dict[str, list[str]] = {}
    total, simple = 0.0, _all_simple(elements)
    for number, element in enumerate(elements):
        try:
            total += _checked_cost(element, composition, thorough=simple)
        except TooComplex as error:
            error.field = f"elements.{number}.{error.field}"
            raise
        except InvalidInput as error:
            mistakes.update(_placed(error, number))
    if mistakes:
        raise InvalidFields(mistakes)
    _check_total(total)


def compose(composition: Mapping[str, Any], report: Report | None = None) -> Composed:
    """Return a composition as it is drawn; it was loaded by `CompositionSchema`.

    Args:
        composition: what to draw.
        report: called with how many steps are done, how many there are, and what is done now in words.

    Raises:
        InvalidInput: see `check_composition`; `field` says where.
    """
    say = report or (lambda *_: None)
    page = Rectangle(0.0, 0.0, composition["width"], composition["height"])
    steps = len(composition["elements"]) + 1
    figures = _figures(composition, say, steps)
    say((steps - 1) * STEP, steps * STEP, "putting together")
    document = _document(composition)
    for layer, strokes in _by_layer(composition, _seen(figures, page)).items():
        lines = _in_order(strokes)
        document.add(lines, document.layer(layer))
    facts = composition_recipe(composition)
    base = next((layer.pen for layer in document.layers if layer.name == DEFAULT_LAYER), None)
    colour, width = (base.colour, base.width) if base else (BASE_PEN, composition["pen_width"])
    svg = SVGBuilder(page.width, page.height, stroke=colour, pen_width=width)
    svg.title(_title(composition)).metadata(facts).place(document, page, keep_layers=True)
    missing = dict.fromkeys(glyph for figure in figures for glyph in figure.missing_glyphs)
    return Composed(
        svg, list(missing), sum((Counter(figure.dropped) for figure in figures), Counter())
    )


def composition_blocks(composition: Mapping[str, Any], drawing: SVGBuilder) -> Iterator[bytes]:
    """Return the `drawing` of a composition in blocks of bytes, in the encoding that it asks for."""
    if composition["encoding"] == PLAIN:
        return drawing.blocks()
    document = drawing.document()
    document.metadata.update(composition_recipe(composition))
    return svg_blocks(document, encoding=composition["encoding"])


def composition_recipe(composition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe of a composition, and its hash: `recipe` and `recipe_sha256`. Long texts in it are hashes themselves."""
    recipe = {**composition_of(composition), "seed": composition["seed"] or 0, "version": VERSION}
    if composition["encoding"] == PLAIN:
        del recipe["encoding"]
    return {"recipe": _short(recipe), "recipe_sha256": sha256(as_text(recipe).encode()).hexdigest()}


def seeds_of(elements: Sequence[Mapping[str, Any]], seed: int) -> list[int]:
    """Return a seed for each element, from the `seed` of the page.

    The first element of each pattern has that of the page, so that it looks as it would look alone; the second, third ... of the
    same pattern have seeds of their own. Elements of other kinds can come and go, and change places, without changing any.
    """
    seen: Counter[str] = Counter()
    seeds = []
    for element in elements:
        name = element.get("pattern", "")
        turn = seen[name]
        seen[name] += 1
        digest = sha256(f"{seed} {name} {turn}".encode()).digest()
        seeds.append(seed if turn == 0 else int.from_bytes(digest[:4], "big"))
    return seeds


def _title(composition: Mapping[str, Any]) -> str:
    count = len(composition["elements"])
    size = f"{composition['width']:g} x {composition['height']:g} mm"
    return f"Composition of {count} element{'' if count == 1 else 's'}, {size}"


def _room_of(composition: Mapping[str, Any]) -> Rectangle:
    area = area_of(composition)
    return Rectangle(area.left, area.top, area.right, area.bottom)


# -- checks


def _check_lengths(elements: Sequence[Mapping[str, Any]]) -> None:
    for name, most, unit in (
        ("text", MOST_CHARACTERS, "characters"),
        ("svg", LARGEST_PICTURE, "characters"),
        ("points", MOST_PLACES, "corners"),
    ):
        total = sum(len(element.get(name, "")) for element in elements)
        if total > most:
            raise InvalidFields(
                {"elements": [f"`{name}` has {total:,} {unit} in all; at most {most:,} are drawn."]}
            )


def _all_simple(elements: Sequence[Mapping[str, Any]]) -> bool:
    return is_read_at_once([element["svg"] for element in elements if "svg" in element])


def _checked_cost(
    element: Mapping[str, Any], composition: Mapping[str, Any], *, thorough: bool
) -> float:
    room = _room_of(composition)
    extent = extent_of(element, room)
    width, height = composition["width"], composition["height"]
    if min(extent.left, extent.top, width - extent.right, height - extent.bottom) < -ROUNDING:
        reaches = f"{extent.left:g}, {extent.top:g} to {extent.right:g}, {extent.bottom:g}"
        place = "points" if "points" in element else "box"
        raise InvalidInput(
            f"must lie on the page, {width:g} x {height:g} mm; it reaches from {reaches}",
            field=place,
        )
    return cost_of_figure(element, room, thorough=thorough)


def _placed(error: InvalidInput, number: int) -> dict[str, list[str]]:
    """Return what is wrong with an element as mistakes of the whole composition."""
    own = getattr(error, "errors", None) or {
        error.field or "": [str(error), *([error.hint] if error.hint else [])]
    }
    return {
        ".".join(filter(None, ("elements", str(number), name))): texts
        for name, texts in own.items()
    }


def _check_total(points: float) -> None:
    # Not `>`: a comparison with NaN is false.
    if not points <= MOST_POINTS:
        error = TooComplex(points)
        error.field = "elements"
        raise error


# -- drawing


def _figures(composition: Mapping[str, Any], say: Report, steps: int) -> list[Figure]:
    elements, room = composition["elements"], _room_of(composition)
    figures: list[Figure] = []
    points = 0
    for number, (element, seed) in enumerate(
        zip(elements, seeds_of(elements, composition["seed"] or 0), strict=True)
    ):
        words = f"{number + 1} of {len(elements)}: {element.get('pattern', element['type'])}"
        say(number * STEP, steps * STEP, words)

        def watch(part: float, number: int = number, words: str = words) -> None:
            say(number * STEP + int(part * STEP), steps * STEP, words)

        try:
            figures.append(draw_figure(element, room, seed, watch))
        except InvalidInput as error:
            error.field = ".".join(filter(None, ("elements", str(number), error.field)))
            raise
        points += len(figures[-1].coordinates)
        _check_total(points)
    return figures


def _seen(figures: Sequence[Figure], page: Rectangle) -> list[tuple[Floats, Integers]]:
    """Return what of each figure can be seen, from the last, which lies in front, to the first."""
    mask = OcclusionMask(page)
    seen = []
    for figure in reversed(figures):
        seen.append(mask.visible_parts(figure.coordinates, figure.offsets))
        if figure.region is not None:
            mask.add(figure.region)
    return seen[::-1]


def _document(composition: Mapping[str, Any]) -> Document:
    """Return an empty page with its layers: those that are listed, then those that elements name."""
    document = Document(composition["width"], composition["height"])
    width = composition["pen_width"]
    for layer in composition["layers"] or ():
        document.layer(
            layer["name"], Pen(layer["name"], layer["color"].lower(), layer["pen_width"] or width)
        )
    named = {layer.name for layer in document.layers}
    for element in composition["elements"]:
        if element["layer"] not in named:
            document.layer(element["layer"], Pen(element["layer"], BASE_PEN, width))
            named.add(element["layer"])
    return document


def _by_layer(
    composition: Mapping[str, Any], seen: Sequence[tuple[Floats, Integers]]
) -> dict[str, list[Floats]]:
    lines: dict[str, list[Floats]] = {}
    for element, (coordinates, offsets) in zip(composition["elements"], seen, strict=True):
        if len(coordinates):
            lines.setdefault(element["layer"], []).extend(np.split(coordinates, offsets[1:-1]))
    return lines


def _in_order(lines: list[Floats]) -> list[Floats]:
    """Return strokes of one pen in the order with the shorter way in the air: as they are, or each near the end of the last."""
    if len(lines) > MOST_ORDERED:
        return lines
    ordered = list(nearest_neighbour_order(lines))
    return min(lines, ordered, key=_travel)


def _travel(lines: Sequence[Floats]) -> float:
    counts = np.cumsum([0, *map(len, lines)])
    return float(
        Strokes(np.concatenate(lines), counts, np.zeros(len(lines), dtype=np.int64))
        .travels(HOME)
        .sum()
    )


# -- recipes


def _given(value: Any) -> Any:
    """Return JSON without the members that are null."""
    if isinstance(value, Mapping):
        return {name: _given(inner) for name, inner in value.items() if inner is not None}
    return [_given(inner) for inner in value] if isinstance(value, list) else value


def _short(value: Any) -> Any:
    """Return JSON with the hashes of long texts in their place."""
    if isinstance(value, Mapping):
        return {name: _short(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_short(inner) for inner in value]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return {"sha256": sha256(value.encode()).hexdigest()}
    return value
