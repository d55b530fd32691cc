"""The geometry store: a drawing as flat arrays of coordinates in mm, on layers with pens.

A million vertices are sixteen megabytes here and no Python object each. XML begins where a drawing
is written, see `libraries.svg_builder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.clipping import Clipped, Ring, clip_to_polygons, clip_to_rectangle
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM, Pen, Strokes
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPlace,
    applied,
    fitting,
)

MAX_LAYERS = 256
MAX_LAYER_NAME_CHARS = 100


@dataclass(frozen=True)
class Layer:
    """A layer of a drawing: its name, and the pen that draws all of it."""

    name: str
    pen: Pen


class StrokeArray:
    """Strokes that are added piece by piece, and joined into flat arrays when they are asked for.

    Attributes are as those of `libraries.plotting.Strokes`, but every stroke has a vertex or more
    from the start. The arrays that come out are shared: read them, and write copies.
    """

    def __init__(self) -> None:
        self._coordinates: list[Floats] = []
        self._counts: list[Integers] = []
        self._layers: list[Integers] = []
        self._joined = (np.zeros((0, 2)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
        self._strokes = 0
        self._vertices = 0

    def __len__(self) -> int:
        """Return the number of strokes."""
        return self._strokes

    @property
    def vertices(self) -> int:
        """Return the number of vertices."""
        return self._vertices

    def extend(self, coordinates: ArrayLike, offsets: ArrayLike, layers: ArrayLike = 0) -> None:
        """Add strokes as flat arrays; those without a vertex are left out.

        Args:
            coordinates: array of shape (n, 2) in mm. One of floats is kept as it is, not copied.
            offsets: integers of shape (k + 1,), from 0 to n, never falling.
            layers: the layer of each stroke, or one for all.

        Raises:
            InvalidInput: the arrays do not fit together, or a coordinate is not finite or beyond a
                kilometre.
        """
        bounds = np.asarray(offsets)
        levels = np.asarray(layers)
        if levels.ndim == 0:
            levels = np.full(max(bounds.size - 1, 0), levels)
        strokes = Strokes(coordinates, bounds, levels)
        if len(strokes):
            self._coordinates.append(strokes.coordinates)
            self._counts.append(np.diff(strokes.offsets))
            self._layers.append(strokes.layers)
            self._strokes += len(strokes)
            self._vertices += len(strokes.coordinates)

    def add(self, lines: Iterable[ArrayLike], layer: int = 0) -> None:
        """Add `lines`, each an array of shape (n, 2) in mm, to a layer.

        Raises:
            InvalidInput: a line is not made of pairs of finite numbers within a kilometre.
        """
        try:
            arrays = [np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in lines]
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput(
                "coordinates must be pairs of x and y", code="bad-strokes", field="coordinates"
            ) from None
        if arrays:
            self.extend(np.concatenate(arrays), np.cumsum([0, *map(len, arrays)]), layer)

    @property
    def coordinates(self) -> Floats:
        """Return all vertices: shape (n, 2), mm."""
        return self._arrays()[0]

    @property
    def offsets(self) -> Integers:
        """Return where each stroke begins, and the end: shape (k + 1,)."""
        return self._arrays()[1]

    @property
    def layers(self) -> Integers:
        """Return the layer of each stroke: shape (k,)."""
        return self._arrays()[2]

    def _arrays(self) -> tuple[Floats, Integers, Integers]:
        if len(self._joined[2]) < self._strokes:
            counts = np.concatenate(self._counts)
            coordinates = (
                self._coordinates[0]
                if len(self._coordinates) == 1
                else np.concatenate(self._coordinates)
            )
            layers = np.concatenate(self._layers)
            self._joined = (coordinates, np.concatenate([[0], np.cumsum(counts)]), layers)
            self._coordinates, self._counts, self._layers = [coordinates], [counts], [layers]
        return self._joined


class Document:
    """Strokes on the layers of a page of `width` x `height` mm; (0, 0) is the upper left corner.

    Attributes:
        width: width of the page in mm.
        height: height of the page in mm.
        title: what it is called; may be empty.
        metadata: whatever has to stay with the drawing, such as the recipe that it can be made
            again from.

    Raises:
        InvalidInput: a side of the page is not more than 0 and at most a kilometre.

    Example:
        >>> card = Document(148, 105)
        >>> card.add([[(10, 10), (138, 10)]], card.layer("frame", Pen("fineliner", "#1a5fb4", 0.3)))
        >>> card.strokes().lengths
        array([128.])
    """

    def __init__(
        self,
        width: float,
        height: float,
        *,
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0 < width <= MAX_COORDINATE_MM or not 0 < height <= MAX_COORDINATE_MM:
            raise InvalidInput(
                f"a page has sides of more than 0 and at most {MAX_COORDINATE_MM:,.0f} mm",
                code="bad-strokes",
                field="width",
            )
        self.width, self.height, self.title = float(width), float(height), title
        self.metadata = dict(metadata or {})
        self._layers: list[Layer] = []
        self._store = StrokeArray()

    def __len__(self) -> int:
        """Return the number of strokes."""
        return len(self._store)

    @property
    def page(self) -> Rectangle:
        """Return the page as a rectangle."""
        return Rectangle(0.0, 0.0, self.width, self.height)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers in drawing order; strokes refer to them by index."""
        return tuple(self._layers)

    @property
    def pens(self) -> tuple[Pen, ...]:
        """Return the pen of each layer."""
        return tuple(layer.pen for layer in self._layers)

    @property
    def store(self) -> StrokeArray:
        """Return the strokes as they are stored; see `add` for adding some."""
        return self._store

    def layer(self, name: str, pen: Pen | None = None) -> int:
        """Return the index of the layer called `name`; a new one has `pen`, or black of 0.3 mm.

        Raises:
            InvalidInput: the name is empty or longer than 100 characters, or there would be more
                than 256 layers.
            InvalidInput: the layer exists with another pen.
        """
        if not isinstance(name, str) or not 0 < len(name) <= MAX_LAYER_NAME_CHARS:
            raise InvalidInput(
                f"the name of a layer has 1 to {MAX_LAYER_NAME_CHARS} characters",
                code="bad-layer",
                field="layer",
            )
        for index, layer in enumerate(self._layers):
            if layer.name == name:
                if pen is not None and pen != layer.pen:
                    raise InvalidInput(
                        f"there is a layer {name!r} with another pen",
                        code="layer-taken",
                        field="layer",
                    )
                return index
        if len(self._layers) >= MAX_LAYERS:
            raise InvalidInput(
                f"a drawing may have {MAX_LAYERS} layers", code="bad-layer", field="layer"
            )
        self._layers.append(Layer(name, pen or Pen(name)))
        return len(self._layers) - 1

    def add(self, lines: Iterable[ArrayLike], layer: int) -> None:
        """Add `lines`, each an array of shape (n, 2) in mm, to the layer with that index.

        Raises:
            InvalidInput: a line is not made of pairs of finite numbers within a kilometre.
            UnknownName: there is no such layer.
        """
        self._check_layer(layer)
        self._store.add(lines, layer)

    def extend(self, coordinates: ArrayLike, offsets: ArrayLike, layers: ArrayLike) -> None:
        """Add strokes as flat arrays to the layers with these indices; see `StrokeArray.extend`.

        Raises:
            InvalidInput: see `StrokeArray.extend`.
            UnknownName: there is no such layer.
        """
        levels = np.asarray(layers)
        if levels.size and levels.dtype.kind in "iu":
            self._check_layer(int(levels.max()))
        self._store.extend(coordinates, offsets, levels)

    def strokes(self) -> Strokes:
        """Return the strokes as plotting takes them; coordinates are shared, not copied."""
        return Strokes(self._store.coordinates, self._store.offsets, self._store.layers)

    def bounding_box(self) -> Rectangle | None:
        """Return the smallest rectangle around all vertices, or None without any."""
        if not len(self):
            return None
        (left, top), (right, bottom) = (
            self._store.coordinates.min(axis=0),
            self._store.coordinates.max(axis=0),
        )
        return Rectangle(float(left), float(top), float(right), float(bottom))

    def transformed(self, transform: Matrix) -> Document:
        """Return this drawing with every vertex moved by `transform`; page and pens stay.

        Raises:
            InvalidInput: a vertex would end more than a kilometre away.
        """
        return self.with_strokes(
            applied(transform, self._store.coordinates), self._store.offsets, self._store.layers
        )

    def fitted(
        self,
        box: Rectangle,
        fit: Fit = "contain",
        *,
        align: HorizontalAlign = "center",
        vertical: VerticalPlace = "middle",
        source: Rectangle | None = None,
    ) -> Document:
        """Return this drawing with its page moved into `box`; see `transforms.fitting`.

        Args:
            box: where to, in mm.
            fit: `contain`, `cover`, `fill` or `none`.
            align: `left`, `center` or `right`.
            vertical: `top`, `middle` or `bottom`.
            source: what to bring there instead of the page, such as `bounding_box()`.

        Raises:
            UnknownName: a word is not one of the choices.
            InvalidInput: the source or the box has no size.
        """
        return self.transformed(
            fitting(source or self.page, box, fit, align=align, vertical=vertical)
        )

    def clipped(self, region: Rectangle | Sequence[Ring]) -> Document:
        """Return what is inside `region`: a rectangle, or polygons by the rule `evenodd`.

        Raises:
            InvalidInput, TooManyCrossings: a polygon is none, or is too much.
        """
        cut = clip(self._store.coordinates, self._store.offsets, region)
        return self.with_strokes(cut.coordinates, cut.offsets, self._store.layers[cut.sources])

    def on_layer(self, layer: int) -> StrokeArray:
        """Return the strokes of the layer with that index, in a store of their own.

        Raises:
            UnknownName: there is no such layer.
        """
        self._check_layer(layer)
        whole, part = self._store, StrokeArray()
        strokes = np.flatnonzero(whole.layers == layer)
        counts = np.diff(whole.offsets)[strokes]
        bounds = np.concatenate([[0], np.cumsum(counts)])
        rows = np.repeat(whole.offsets[strokes] - bounds[:-1], counts) + np.arange(bounds[-1])
        part.extend(whole.coordinates[rows], bounds, layer)
        return part

    def with_strokes(
        self, coordinates: ArrayLike, offsets: ArrayLike, layers: ArrayLike
    ) -> Document:
        """Return a document with this page, title, metadata and layers, and with other strokes.

        Raises:
            InvalidInput: see `StrokeArray.extend`.
        """
        other = Document(self.width, self.height, title=self.title, metadata=self.metadata)
        other._layers = list(self._layers)
        other._store.extend(coordinates, offsets, layers)
        return other

    def _check_layer(self, layer: int) -> None:
        if not 0 <= layer < len(self._layers):
            raise UnknownName("layer", layer, map(str, range(len(self._layers))), field="layer")


def clip(coordinates: Floats, offsets: Integers, region: Rectangle | Sequence[Ring]) -> Clipped:
    """Return the parts of strokes inside `region`, a rectangle or polygons.

    Raises:
        InvalidInput, TooManyCrossings: a polygon is none, or is too much.
    """
    if isinstance(region, Rectangle):
        return clip_to_rectangle(coordinates, offsets, region)
    return clip_to_polygons(coordinates, offsets, region)
