"""Base classes of elements: layer, rotation, outline and hidden area."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import shapely
from marshmallow import fields, missing
from marshmallow.validate import OneOf
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.fields import Params, angle, choice, declare, flag, mm
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.arrays import ranges
from libraries.geometry.clipping import clip_to_rectangle, clip_to_region
from libraries.geometry.document import MAX_LAYER_NAME_CHARS
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen, Strokes
from libraries.geometry.transforms import Matrix, applied, identity, rotation
from libraries.json_types import JsonObject
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


class OwnPen(NamedTuple):
    """A pen of an SVG, with the name of its layer, and whether its strokes have a width."""

    pen: Pen
    has_width: bool


@dataclasses.dataclass(frozen=True)
class ElementStrokes:
    """A drawn element.

    Attributes:
        coordinates: vertices on the page, of shape (n, 2) in mm.
        offsets: indices of the first vertices, and the number of vertices; shape (k + 1,).
        region: the area that it hides of earlier elements, or None.
        missing_glyphs: characters that its font lacks, drawn as boxes.
        problems: parts of an SVG that were left out or changed, as JSON.
        pens: own pens.
        layers: index of the own pen of each stroke, of shape (k,); None for the pen of its layer.
        whole_mm: length of its ink before it was clipped, if what is cut off is a problem.
    """

    coordinates: Floats
    offsets: Integers
    region: BaseGeometry | None = None
    missing_glyphs: list[str] = dataclasses.field(default_factory=list)
    problems: Sequence[JsonObject] = ()
    pens: Sequence[OwnPen] = ()
    layers: Integers | None = None
    whole_mm: float | None = None

    @property
    def ink_mm(self) -> float:
        """Return the length of all strokes."""
        strokes = Strokes(
            self.coordinates, self.offsets, np.zeros(len(self.offsets) - 1, dtype=int)
        )
        return float(strokes.lengths.sum())

    @classmethod
    def of_lines(cls, lines: list[Floats], **more: Any) -> ElementStrokes:
        coordinates = np.concatenate([np.zeros((0, 2)), *lines])
        return cls(coordinates, np.cumsum([0, *map(len, lines)]), **more)

    def by_pen(self) -> Iterator[tuple[OwnPen | None, Floats, Integers]]:
        """Yield the coordinates and offsets of the strokes of each pen; None is that of the layer."""
        if self.layers is None:
            yield None, self.coordinates, self.offsets
            return
        for index in np.unique(self.layers).tolist():
            strokes = np.flatnonzero(self.layers == index)
            counts = np.diff(self.offsets)[strokes]
            rows = np.repeat(self.offsets[strokes], counts) + ranges(counts)
            yield self.pens[index], self.coordinates[rows], np.concatenate([[0], counts.cumsum()])


class Box(Params):
    """A box on the page."""

    x: float = mm("Left edge", -MAX_SIDE_MM, MAX_SIDE_MM)
    y: float = mm("Upper edge", -MAX_SIDE_MM, MAX_SIDE_MM)
    width: float = mm("Width", 1, MAX_SIDE_MM)
    height: float = mm("Height", 1, MAX_SIDE_MM)


def layer_name(description: str, *, example: str | None = None, **options: Any) -> Any:
    return checked_text(
        description, 1, MAX_LAYER_NAME_CHARS, check_text, example=example, **options
    )


def kind(name: str) -> Any:
    """Declare the type of an element: the name under which `element` registers the class."""
    field = fields.String(
        validate=OneOf([name]), metadata={"description": "Type of the element.", "example": name}
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
    """An element. Types subclass it, declare `type` and their fields, and draw themselves."""

    type: str = ""
    layer: str = layer_name(
        "Name of its layer; a layer that is not in `layers` has a black pen.",
        default=DEFAULT_LAYER,
        recorded=True,
    )
    rotate: float = angle("Clockwise rotation around its middle", default=0.0, recorded=True)
    opaque: bool = flag(
        "Whether it hides earlier elements inside its outline.",
        default=False,
        recorded=True,
    )
    halo: float = mm(
        "With `opaque`: clearance around the outline", 0, 100, default=0.0, recorded=True
    )

    @property
    def label(self) -> str:
        """The name of the element in progress messages."""
        return self.type

    @property
    def place_field(self) -> str:
        """The field that positions the element on the page."""
        return "box"

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes of fields with a limit for all elements together, by field."""
        return {}

    # -- implemented by types

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        """Return the strokes, before clipping and rotation.

        `frame` is the box of the element, or the room of the page without one; `seed` is used by
        elements without a seed. `progress` receives the completed part from 0 to 1.
        """
        raise NotImplementedError

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        """Return the estimated number of points of `strokes`; raises as it does.

        SVGs are only parsed unless `thorough`.
        """
        raise NotImplementedError

    def corners(self, frame: Rectangle) -> Floats:
        """Return points of shape (n, 2) in mm that bound the element before rotation."""
        raise NotImplementedError

    def outline_region(self, frame: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        """Return the area inside the outline before rotation, or None."""
        raise NotImplementedError

    def placement(self, room: Rectangle) -> Rectangle:
        """Return the box of the element; `room` without one."""
        return room

    def clips(self) -> bool:
        """Return whether the strokes are clipped to the outline."""
        return False

    def keeps_pens(self, listed: Collection[str]) -> bool:
        """Return whether its own pens are used; `listed` are the layers whose pens are given."""
        return False

    # -- shared by all types

    def draw(self, room: Rectangle, seed: int, progress: Progress | None = None) -> ElementStrokes:
        """Return the element drawn on the page; arguments as for `strokes`.

        Raises:
            InvalidInput: a text does not fit, an SVG cannot be read, or a polygon crosses itself.
            TooComplex: the element would have too many points.
        """
        frame = self.placement(room)
        strokes = self.strokes(frame, seed, progress)
        outline = self.outline_region(frame, strokes)
        if self.clips() and outline is not None:
            strokes = _clipped(strokes, outline)
        region = self._hidden(outline, strokes) if self.opaque else None
        coordinates = strokes.coordinates
        if self.rotate:
            turn = self._turn(frame)
            coordinates = applied(turn, coordinates)
            if region is not None:
                region = shapely.transform(region, partial(applied, turn))
        return dataclasses.replace(strokes, coordinates=coordinates, region=region)

    def extent(self, room: Rectangle) -> Rectangle:
        """Return the bounding box of the rotated element."""
        frame = self.placement(room)
        return bounds_of(applied(self._turn(frame), self.corners(frame)))

    def middle(self, frame: Rectangle) -> tuple[float, float]:
        """Return the centre of rotation."""
        return middle_of(frame)

    def _turn(self, frame: Rectangle) -> Matrix:
        return rotation(self.rotate, self.middle(frame)) if self.rotate else identity()

    def _hidden(self, outline: BaseGeometry | None, strokes: ElementStrokes) -> BaseGeometry:
        """Return the hidden area: the outline, or the strokes, widened by the halo."""
        if outline is not None:
            return shapely.buffer(outline, self.halo) if self.halo else outline
        if not self.halo or not len(strokes.coordinates):
            return shapely.Polygon()
        indices = np.repeat(np.arange(len(strokes.offsets) - 1), np.diff(strokes.offsets))
        lines = shapely.linestrings(strokes.coordinates, indices=indices)
        widened = shapely.union_all(shapely.buffer(lines, self.halo, quad_segs=8))
        return shapely.simplify(widened, FLATNESS)


class BoxedElement(Element):
    """An element in a box."""

    box: Box | None = declare(
        fields.Nested(
            Box.schema(),
            metadata={"description": "Its box on the page; by default the page inside its margin."},
        ),
        default=None,
    )

    def placement(self, room: Rectangle) -> Rectangle:
        if self.box is None:
            return room
        left, top = self.box.x, self.box.y
        return Rectangle(left, top, left + self.box.width, top + self.box.height)

    def corners(self, frame: Rectangle) -> Floats:
        return corners_of(frame)


class OutlinedElement(BoxedElement):
    """An element with a selectable outline."""

    # Above this number, the outline `ink` takes longer than the drawing.
    MAX_INK_POINTS = 50_000

    outline: str = choice(
        "Its outline: the `box`, a `circle` or `ellipse` in it, or the convex `hull` of its "
        "strokes; `ink` is the strokes themselves, widened by the `halo`.",
        ["box", "circle", "ellipse", "hull", "ink"],
        default="box",
        recorded=True,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        ink = parsed.get("opaque") and parsed.get("outline") == "ink"
        if ink and parsed.get("halo") == 0:
            yield {"halo": ["Must be more than 0 if `outline` is `ink` and `opaque` is set."]}

    def corners(self, frame: Rectangle) -> Floats:
        if self.outline in {"circle", "ellipse"}:
            return round_outline(frame, circle=self.outline == "circle")
        return corners_of(frame)

    def outline_region(self, frame: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        """Return the selected outline; None for `ink`."""
        if self.outline == "ink":
            return None
        if self.outline == "hull":
            hull: BaseGeometry = shapely.convex_hull(shapely.MultiPoint(strokes.coordinates))
            return hull
        if self.outline == "box":
            return shapely.box(frame.left, frame.top, frame.right, frame.bottom)
        return shapely.Polygon(round_outline(frame, circle=self.outline == "circle"))

    def clips(self) -> bool:
        """Return whether the strokes are clipped: types with a field `clip`, at fixed outlines."""
        return getattr(self, "clip", False) and self.outline in {"box", "circle", "ellipse"}

    def check_ink(self, points: float) -> None:
        """Raise InvalidInput if opaque ink has too many points."""
        if self.opaque and self.outline == "ink" and points > self.MAX_INK_POINTS:
            raise InvalidInput(
                f"opaque ink has at most {self.MAX_INK_POINTS:,} points",
                field="outline",
                hint="use the outline `hull`",
            )


def clip_field() -> Any:
    """Declare whether an element is clipped to its outline."""
    return flag("Whether it is clipped to its outline.", default=True, recorded=True)


def middle_of(box: Rectangle) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def bounds_of(points: Floats) -> Rectangle:
    """Return the bounding box of points of shape (n, 2)."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Rectangle(left, top, right, bottom)


def corners_of(box: Rectangle) -> Floats:
    """Return the corners of `box`, of shape (4, 2), clockwise from the upper left."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


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
    layers = None if strokes.layers is None else strokes.layers[cut.sources]
    return dataclasses.replace(
        strokes, coordinates=cut.coordinates, offsets=cut.offsets, layers=layers
    )
