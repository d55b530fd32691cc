"""Items: the elements of a drawing in order, each with its look, layer and clip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats
from libraries.geometry.transforms import Matrix
from libraries.svg_reader.appearance import Look

# Left, top, right and bottom in mm; empty if the right is left of the left.
Frame = tuple[float, float, float, float]


@dataclass(eq=False)
class Clip:
    """An area outside of which an element is not visible, inside of an `outer` one.

    With `box`, the areas are in units of the bounding box of the items from `first` to below
    `last`, whose units `to_page` transforms to mm.
    """

    kind: str
    line: int
    areas: list[Area]
    outer: Clip | None = None
    box: bool = False
    to_page: Matrix | None = None
    first: int = 0
    last: int = 0
    # The whole area, with that of `outer`, if it is such a rectangle.
    frame: Frame | None = None
    # Computed when it is needed.
    region: BaseGeometry | None = field(default=None, repr=False)


class Area(NamedTuple):
    """A part of a clip: closed lines, their fill rule, whether it is added or removed, and its own clip."""

    lines: list[Floats]
    evenodd: bool = False
    shown: bool = True
    within: Clip | None = None


class Item(NamedTuple):
    """An element that is drawn; `scale` is the size of its units in mm.

    `edge` is false for texts, which are drawn by the middle of their strokes.
    """

    look: Look
    layer: str | None
    clip: Clip | None
    scale: float
    line: int
    edge: bool = True


class Ink(NamedTuple):
    """The pen that a stroke asks for; a `loose` width is that of any pen of the colour."""

    layer: str | None
    colour: str
    width: float
    loose: bool
