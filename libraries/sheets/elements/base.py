"""Base of the elements: layer, rotation, outline, and what they hide."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import shapely
from marshmallow import fields, missing
from marshmallow.validate import OneOf
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.fields import Params, angle, choice, declare, flag, mm
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.clipping import clip_to_rectangle, clip_to_region
from libraries.geometry.document import MAX_LAYER_NAME_CHARS
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Matrix, applied, identity, rotation
from libraries.lettering import check_text
from libraries.registry import Registry
from libraries.sheets.checks import checked_text
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.outlines import ellipse_outline

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Progress = Callable[[float], None]
Kind = TypeVar("Kind", bound="type[Element]")

DEFAULT_LAYER = "drawing"
# Beyond it, the outline `ink` takes longer than the drawing.
MAX_INK_POINTS = 50_000


@dataclasses.dataclass(frozen=True)
class ElementStrokes:
    """A drawn element.

    Attributes:
        coordinates: vertices on the page, of shape (n, 2) in mm.
        offsets: index of the first vertex of each stroke, and the number of vertices: shape (k +
            1,).
        region: what it hides of the elements before it, None for nothing.
        missing_glyphs: characters that its font lacks, drawn as boxes.
        dropped: number of parts of an SVG that were left out, by their kind, such as `image`.
    """

    coordinates: Floats
    offsets: Integers
    region: BaseGeometry | None = None
    missing_glyphs: list[str] = dataclasses.field(default_factory=list)
    dropped: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def of_lines(cls, lines: list[Floats], **more: Any) -> ElementStrokes:
        """Return the strokes in `lines`; `more` are further attributes."""
        coordinates = np.concatenate([np.zeros((0, 2)), *lines])
        return cls(coordinates, np.cumsum([0, *map(len, lines)]), **more)


class Box(Params):
    """A box on the page."""

    x: float = mm("Left edge", -MAX_SIDE_MM, MAX_SIDE_MM)
    y: float = mm("Upper edge", -MAX_SIDE_MM, MAX_SIDE_MM)
    width: float = mm("Width", 1, MAX_SIDE_MM)
    height: float = mm("Height", 1, MAX_SIDE_MM)


def layer_name(description: str, *, example: str | None = None, **options: Any) -> Any:
    """Declare the name of a layer; `options` go to `declare`."""
    return checked_text(
        description, 1, MAX_LAYER_NAME_CHARS, check_text, example=example, **options
    )


def kind(name: str) -> Any:
    """Declare the type of an element: the name under which `element` registers its class."""
    field = fields.String(
        validate=OneOf([name]), metadata={"description": "What it is.", "example": name}
    )
    declared = declare(field, default=name, recorded=True)
    field.required, field.load_default = True, missing
    return declared


ELEMENTS: Registry[type[Element]] = Registry("element")


def element(cls: Kind) -> Kind:
    """Register the decorated class as the element of its `type`."""
    ELEMENTS.add(str(cls.declared()["type"].default), cls)
    return cls


class Element(Params):
    """An element. A type derives from it, declares its `type` and its fields, and draws itself."""

    type: str = ""
    layer: str = layer_name(
        "Name of its layer; made with a black pen if `layers` does not have it.",
        default=DEFAULT_LAYER,
        recorded=True,
    )
    rotate: float = angle(
        "How far it is turned around its middle, clockwise", default=0.0, recorded=True
    )
    opaque: bool = flag(
        "Whether it hides what the elements before it draw inside its outline.",
        default=False,
        recorded=True,
    )
    halo: float = mm(
        "With `opaque`: free air around the outline", 0, 100, default=0.0, recorded=True
    )

    @property
    def label(self) -> str:
        """The name of the element in progress messages."""
        return self.type

    @property
    def place_field(self) -> str:
        """The field that has its place on the page."""
        return "box"

    def sizes(self) -> Mapping[str, int]:
        """Return the lengths of the fields that are limited for all elements together, by field."""
        return {}

    # -- what a type provides

    def strokes(
        self, place: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        """Return the strokes, before the element is clipped and turned.

        Args:
            place: its box, or the room of the page for an element without one.
            seed: for an element without a seed.
            progress: called with the part that is drawn, from 0 to 1.
        """
        raise NotImplementedError

    def cost(self, place: Rectangle, *, thorough: bool) -> float:
        """Return about how many points `strokes` gives; refuse what it refuses.

        Args:
            place: as for `strokes`.
            thorough: whether to read an SVG whole; it is only parsed otherwise.
        """
        raise NotImplementedError

    def corners(self, place: Rectangle) -> Floats:
        """Return points of shape (n, 2) in mm that bound the element before it is turned."""
        raise NotImplementedError

    def outline_region(self, place: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        """Return the area inside the outline before the element is turned; None without one."""
        raise NotImplementedError

    def place(self, room: Rectangle) -> Rectangle:
        """Return the box of the element; `room` for an element without one."""
        return room

    def clips(self) -> bool:
        """Return whether the strokes are clipped to the outline."""
        return False

    # -- what all types share

    def draw(self, room: Rectangle, seed: int, progress: Progress | None = None) -> ElementStrokes:
        """Return the element drawn on the page.

        Args:
            room: the place of an element without a box.
            seed: for a pattern without a seed.
            progress: called with the part that is drawn, from 0 to 1.

        Raises:
            InvalidInput: a text does not fit, an SVG cannot be read, or a polygon crosses itself
                too often.
            TooComplex: it would have too many points.
        """
        place = self.place(room)
        strokes = self.strokes(place, seed, progress)
        outline = self.outline_region(place, strokes)
        if self.clips() and outline is not None:
            strokes = _clipped(strokes, outline)
        region = self._hidden(outline, strokes) if self.opaque else None
        coordinates = strokes.coordinates
        if self.rotate:
            turn = self._turn(place)
            coordinates = applied(turn, coordinates)
            if region is not None:
                region = shapely.transform(region, lambda places: applied(turn, places))
        return dataclasses.replace(strokes, coordinates=coordinates, region=region)

    def extent(self, room: Rectangle) -> Rectangle:
        """Return the smallest upright rectangle around the turned element."""
        place = self.place(room)
        turned = applied(self._turn(place), self.corners(place))
        (left, top), (right, bottom) = turned.min(axis=0).tolist(), turned.max(axis=0).tolist()
        return Rectangle(left, top, right, bottom)

    def middle(self, place: Rectangle) -> tuple[float, float]:
        """Return the point that the element is turned around."""
        return middle_of(place)

    def _turn(self, place: Rectangle) -> Matrix:
        return rotation(self.rotate, self.middle(place)) if self.rotate else identity()

    def _hidden(self, outline: BaseGeometry | None, strokes: ElementStrokes) -> BaseGeometry:
        """Return what an opaque element hides: its outline, or its strokes, widened by its halo."""
        if outline is not None:
            return shapely.buffer(outline, self.halo) if self.halo else outline
        if not self.halo or not len(strokes.coordinates):
            return shapely.Polygon()
        indices = np.repeat(np.arange(len(strokes.offsets) - 1), np.diff(strokes.offsets))
        lines = shapely.linestrings(strokes.coordinates, indices=indices)
        widened = shapely.union_all(shapely.buffer(lines, self.halo, quad_segs=8))
        return shapely.simplify(widened, FLATNESS)


class BoxedElement(Element):
    """An element that fills a box."""

    box: Box | None = declare(
        fields.Nested(
            Box.schema(),
            metadata={
                "description": "Its place on the page; by default the page inside its margin."
            },
        ),
        default=None,
    )

    def place(self, room: Rectangle) -> Rectangle:
        """Return the box as a rectangle; `room` without one."""
        if self.box is None:
            return room
        left, top = self.box.x, self.box.y
        return Rectangle(left, top, left + self.box.width, top + self.box.height)

    def corners(self, place: Rectangle) -> Floats:
        """Return the corners of the box."""
        return corners_of(place)


class OutlinedElement(BoxedElement):
    """An element whose outline can be chosen."""

    outline: str = choice(
        "Its outline: the `box`, a `circle` or `ellipse` in it, or the `hull` of its strokes, "
        "without dents; `ink` is the strokes themselves, made wide by the `halo`.",
        ["box", "circle", "ellipse", "hull", "ink"],
        default="box",
        recorded=True,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Refuse ink that hides nothing."""
        yield from super().mistakes(parsed, given)
        ink = parsed.get("opaque") and parsed.get("outline") == "ink"
        if ink and parsed.get("halo") == 0:
            yield {"halo": ["Must be more than 0 for ink that hides something."]}

    def corners(self, place: Rectangle) -> Floats:
        """Return the box, or the circle or ellipse in it."""
        if self.outline in {"circle", "ellipse"}:
            return round_outline(place, circle=self.outline == "circle")
        return corners_of(place)

    def outline_region(self, place: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        """Return the chosen outline; None for `ink`."""
        if self.outline == "ink":
            return None
        if self.outline == "hull":
            hull: BaseGeometry = shapely.convex_hull(shapely.MultiPoint(strokes.coordinates))
            return hull
        if self.outline == "box":
            return shapely.box(place.left, place.top, place.right, place.bottom)
        return shapely.Polygon(round_outline(place, circle=self.outline == "circle"))

    def cuts(self) -> bool:
        """Return whether the outline is one that strokes can be clipped to."""
        return self.outline in {"box", "circle", "ellipse"}

    def check_ink(self, points: float) -> None:
        """Refuse ink of too many points that is to hide something.

        Raises:
            InvalidInput: `points` are too many.
        """
        if self.opaque and self.outline == "ink" and points > MAX_INK_POINTS:
            raise InvalidInput(
                f"ink of more than {MAX_INK_POINTS:,} points cannot hide anything",
                field="outline",
                hint="use the hull",
            )


def clip_field() -> Any:
    """Declare whether an element is clipped to its outline."""
    return flag("Whether it is cut off at its outline.", default=True, recorded=True)


def middle_of(box: Rectangle) -> tuple[float, float]:
    """Return the middle of `box`."""
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def corners_of(box: Rectangle) -> Floats:
    """Return the corners of `box`, of shape (4, 2), clockwise from the upper left one."""
    across, down = (box.left, box.right), (box.top, box.bottom)
    return np.array(
        [(across[0], down[0]), (across[1], down[0]), (across[1], down[1]), (across[0], down[1])]
    )


def round_outline(box: Rectangle, *, circle: bool) -> Floats:
    """Return the largest circle or ellipse in `box` as a closed polyline."""
    across, down = box.width / 2, box.height / 2
    radii = (min(across, down), min(across, down)) if circle else (across, down)
    return ellipse_outline(middle_of(box), radii, FLATNESS)


def _clipped(strokes: ElementStrokes, outline: BaseGeometry) -> ElementStrokes:
    left, top, right, bottom = outline.bounds
    if outline.equals(shapely.box(left, top, right, bottom)):
        rectangle = Rectangle(left, top, right, bottom)
        cut = clip_to_rectangle(strokes.coordinates, strokes.offsets, rectangle)
    else:
        cut = clip_to_region(strokes.coordinates, strokes.offsets, outline)
    return dataclasses.replace(strokes, coordinates=cut.coordinates, offsets=cut.offsets)
