"""Items: the elements of a drawing in order, each with its look, layer and clip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats
from libraries.geometry.transforms import Matrix
from libraries.svg_reader.appearance import Look


@dataclass(frozen=True)
class ReadingOptions:
    """Options of the reader.

    Attributes:
        occlude: opaque fills hide what is below them, and clip paths and masks cut.
        paper: colour of the page; fills of this colour hide and are not drawn.
        fills: `outline` draws the edge of fills, `hatch` also parallel lines, `none` nothing.
        hatch_spacing: distance between hatch lines in mm.
        hatch_angle: angle of hatch lines in degrees, clockwise from the x axis.
        pens: `auto` are the layers if there are several, else colours and widths; or `layer`,
            `colour` or `one`.
        max_pens: colours above this number are drawn with the nearest others.
        layer_codes: names of layers are read as AxiDraw does: a number at the beginning is the order
            of plotting, and layers that begin with `%` are not drawn.
        max_pen_width: wider strokes are drawn by their outline with a pen of this width in mm, or
            None.
    """

    FILLS: ClassVar[tuple[str, ...]] = ("outline", "hatch", "none")
    PENS: ClassVar[tuple[str, ...]] = ("auto", "layer", "colour", "one")

    occlude: bool = True
    paper: str = "#ffffff"
    fills: str = "outline"
    hatch_spacing: float = 1.0
    hatch_angle: float = 45.0
    pens: str = "auto"
    max_pens: int = 16
    layer_codes: bool = False
    max_pen_width: float | None = None


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
