"""Documents: strokes in mm on layers with pens, stored as flat arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.arrays import Floats, Integers, flattened, ranges
from libraries.geometry.clipping import (
    Clipped,
    Ring,
    clip_to_rectangle,
    clip_to_region,
    region_of,
)
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM, Pen, Strokes, bad_strokes
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPosition,
    applied,
    fitting,
)

MAX_LAYER_NAME_CHARS = 100


@dataclass(frozen=True)
class Layer:
    """A layer of a drawing: its name and the pen that draws it."""

    name: str
    pen: Pen


class StrokeArray:
    """Strokes that are joined into flat arrays on access, as in `Strokes`; do not write to them.

    `groups` has the number of the group of each stroke within its file, or -1 for none.
    """

    def __init__(self) -> None:
        self._coordinates: list[Floats] = []
        self._counts: list[Integers] = []
        self._layers: list[Integers] = []
        self._groups: list[Integers] = []
        none = np.zeros(0, dtype=np.int64)
        self._joined = (np.zeros((0, 2)), np.zeros(1, dtype=np.int64), none, none)
        self._strokes = 0
        self._vertices = 0

    def __len__(self) -> int:
        return self._strokes

    @property
    def vertices(self) -> int:
        return self._vertices

    def extend(
        self,
        coordinates: ArrayLike,
        offsets: ArrayLike,
        layers: ArrayLike = 0,
        groups: ArrayLike = -1,
    ) -> None:
        """Add strokes as flat arrays, as in `Strokes`; float arrays are not copied."""
        bounds = np.asarray(offsets)
        levels = np.asarray(layers)
        if levels.ndim == 0:
            levels = np.full(max(bounds.size - 1, 0), levels)
        strokes = Strokes(coordinates, bounds, levels)
        if len(strokes):
            self._groups.append(np.broadcast_to(np.asarray(groups, np.int64), len(strokes)))
            self._coordinates.append(strokes.coordinates)
            self._counts.append(np.diff(strokes.offsets))
            self._layers.append(strokes.layers)
            self._strokes += len(strokes)
            self._vertices += len(strokes.coordinates)

    def add(self, lines: Iterable[ArrayLike], layer: int = 0) -> None:
        """Add `lines`, each an array of shape (n, 2) in mm, to a layer."""
        try:
            arrays = [np.asarray(line, dtype=np.float64).reshape(-1, 2) for line in lines]
        except (TypeError, ValueError, OverflowError):
            raise bad_strokes("coordinates must be pairs of x and y", "coordinates") from None
        if arrays:
            self.extend(*flattened(arrays), layer)

    @property
    def coordinates(self) -> Floats:
        return self._arrays()[0]

    @property
    def offsets(self) -> Integers:
        return self._arrays()[1]

    @property
    def layers(self) -> Integers:
        return self._arrays()[2]

    @property
    def groups(self) -> Integers:
        return self._arrays()[3]

    def _arrays(self) -> tuple[Floats, Integers, Integers, Integers]:
        if len(self._joined[2]) < self._strokes:
            counts = np.concatenate(self._counts)
            single = len(self._coordinates) == 1
            coordinates = self._coordinates[0] if single else np.concatenate(self._coordinates)
            layers, groups = np.concatenate(self._layers), np.concatenate(self._groups)
            self._joined = (coordinates, np.concatenate([[0], np.cumsum(counts)]), layers, groups)
            self._coordinates, self._counts, self._layers = [coordinates], [counts], [layers]
            self._groups = [groups]
        return self._joined


class Document:
    """Strokes on the layers of a page of `width` x `height` mm; (0, 0) is the upper left corner.

    `metadata` is stored with the drawing, such as its recipe. Layers are in drawing order.

    Raises:
        InvalidInput: a side of the page is not positive or is longer than a kilometre.

    Example:
        >>> card = Document(148, 105)
        >>> card.add([[(10, 10), (138, 10)]], card.layer("frame", Pen("fineliner", "#1a5fb4", 0.3)))
        >>> card.strokes().lengths
        array([128.])
    """

    MAX_LAYERS = 256

    def __init__(
        self,
        width: float,
        height: float,
        *,
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0 < width <= MAX_COORDINATE_MM or not 0 < height <= MAX_COORDINATE_MM:
            raise bad_strokes(
                f"the sides of a page must be more than 0 and at most {MAX_COORDINATE_MM:,.0f} mm",
                "width",
            )
        self.width, self.height, self.title = float(width), float(height), title
        self.metadata = dict(metadata or {})
        self._layers: list[Layer] = []
        self._store = StrokeArray()

    def __len__(self) -> int:
        return len(self._store)

    @property
    def page(self) -> Rectangle:
        return Rectangle(0.0, 0.0, self.width, self.height)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(self._layers)

    @property
    def pens(self) -> tuple[Pen, ...]:
        return tuple(layer.pen for layer in self._layers)

    @property
    def recipe_sha256(self) -> str:
        """Return the hash of the recipe in the metadata, in hex, or an empty string."""
        found = self.metadata.get("recipe_sha256")
        is_hash = isinstance(found, str) and re.fullmatch("[0-9a-f]{64}", found)
        return str(found) if is_hash else ""

    @property
    def store(self) -> StrokeArray:
        """Return the stored strokes, for reading."""
        return self._store

    def layer(self, name: str, pen: Pen | None = None) -> int:
        """Return the index of the layer `name`; a new one has `pen`, or a black pen of 0.3 mm."""
        if not isinstance(name, str) or not 0 < len(name) <= MAX_LAYER_NAME_CHARS:
            raise _bad_layer(f"the name of a layer has 1 to {MAX_LAYER_NAME_CHARS} characters")
        for index, layer in enumerate(self._layers):
            if layer.name == name:
                if pen is not None and pen != layer.pen:
                    raise InvalidInput(
                        f"layer {name!r} has another pen", code="layer-taken", field="layer"
                    )
                return index
        if len(self._layers) >= self.MAX_LAYERS:
            raise _bad_layer(f"a drawing has at most {self.MAX_LAYERS} layers")
        self._layers.append(Layer(name, pen or Pen(name)))
        return len(self._layers) - 1

    def add(self, lines: Iterable[ArrayLike], layer: int) -> None:
        """Add `lines`, each an array of shape (n, 2) in mm, to a layer.

        Raises:
            InvalidInput: a line is not made of pairs of finite numbers within a kilometre.
            UnknownName: no layer has that index.
        """
        self._check_layer(layer)
        self._store.add(lines, layer)

    def extend(
        self,
        coordinates: ArrayLike,
        offsets: ArrayLike,
        layers: ArrayLike,
        groups: ArrayLike = -1,
    ) -> None:
        """Add strokes as flat arrays to layers; see `add` and `StrokeArray.extend`."""
        levels = np.asarray(layers)
        if levels.size and levels.dtype.kind in "iu":
            self._check_layer(int(levels.max()))
        self._store.extend(coordinates, offsets, levels, groups)

    def strokes(self) -> Strokes:
        return Strokes(self._store.coordinates, self._store.offsets, self._store.layers)

    def bounding_box(self) -> Rectangle | None:
        return Rectangle.around(self._store.coordinates) if len(self) else None

    def transformed(self, transform: Matrix) -> Document:
        """Return a copy with transformed vertices; page and pens stay."""
        store = self._store
        points = applied(transform, store.coordinates)
        return self.with_strokes(points, store.offsets, store.layers, store.groups)

    def fitted(
        self,
        box: Rectangle,
        fit: Fit = "contain",
        *,
        align: HorizontalAlign = "center",
        vertical: VerticalPosition = "middle",
        source: Rectangle | None = None,
    ) -> Document:
        """Return a copy with the page, or `source`, moved into `box`; see `transforms.fitting`."""
        return self.transformed(
            fitting(source or self.page, box, fit, align=align, vertical=vertical)
        )

    def clipped(self, region: Rectangle | Sequence[Ring]) -> Document:
        """Return a copy with the parts inside `region`, a rectangle or `evenodd` polygons."""
        store = self._store
        cut = clip(store.coordinates, store.offsets, region)
        layers, groups = store.layers[cut.sources], store.groups[cut.sources]
        return self.with_strokes(cut.coordinates, cut.offsets, layers, groups)

    def on_layer(self, layer: int) -> StrokeArray:
        self._check_layer(layer)
        whole, part = self._store, StrokeArray()
        strokes = np.flatnonzero(whole.layers == layer)
        counts = np.diff(whole.offsets)[strokes]
        rows = np.repeat(whole.offsets[strokes], counts) + ranges(counts)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        part.extend(whole.coordinates[rows], offsets, layer, whole.groups[strokes])
        return part

    def drawn_layers(self) -> Iterator[tuple[Layer, StrokeArray]]:
        """Yield the layers that have strokes, in drawing order, and their strokes."""
        for index in np.unique(self._store.layers).tolist():
            yield self._layers[index], self.on_layer(index)

    def with_layer(self, name: str) -> Document:
        """Return a copy with the strokes of one layer; raises UnknownName."""
        names = [layer.name for layer in self._layers]
        if name not in names:
            raise UnknownName("layer", name, names, field="layer")
        part = self.on_layer(names.index(name))
        return self.with_strokes(part.coordinates, part.offsets, part.layers)

    def relabelled(self, names: Sequence[str]) -> Document:
        """Return a copy with other names for the layers that have strokes, in drawing order."""
        used = np.unique(self._store.layers)
        other = Document(self.width, self.height, title=self.title, metadata=self.metadata)
        for index, name in zip(used.tolist(), names, strict=True):
            other.layer(name[:MAX_LAYER_NAME_CHARS], self._layers[index].pen)
        layers = np.searchsorted(used, self._store.layers)
        other.extend(self._store.coordinates, self._store.offsets, layers, self._store.groups)
        return other

    def on_page(self, width: float, height: float) -> Document:
        """Return a copy on a page of another size in mm; vertices stay."""
        return self._with(width, height, self._store)

    def with_strokes(
        self,
        coordinates: ArrayLike,
        offsets: ArrayLike,
        layers: ArrayLike,
        groups: ArrayLike = -1,
    ) -> Document:
        """Return a copy with other strokes; see `StrokeArray.extend`."""
        store = StrokeArray()
        store.extend(coordinates, offsets, layers, groups)
        return self._with(self.width, self.height, store)

    def _with(self, width: float, height: float, store: StrokeArray) -> Document:
        other = Document(width, height, title=self.title, metadata=self.metadata)
        other._layers = list(self._layers)
        other._store.extend(store.coordinates, store.offsets, store.layers, store.groups)
        return other

    def _check_layer(self, layer: int) -> None:
        if not 0 <= layer < len(self._layers):
            raise UnknownName("layer", layer, map(str, range(len(self._layers))), field="layer")


def _bad_layer(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-layer", field="layer")


def clip(coordinates: Floats, offsets: Integers, region: Rectangle | Sequence[Ring]) -> Clipped:
    """Return the parts of strokes inside `region`; for errors see `region_of`."""
    if isinstance(region, Rectangle):
        return clip_to_rectangle(coordinates, offsets, region)
    return clip_to_region(coordinates, offsets, region_of(region))
