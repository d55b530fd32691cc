"""Canvas: the page, layers, groups and clips of a document, and what is drawn on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.document import Document, StrokeArray
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen, Strokes
from libraries.geometry.transforms import (
    Matrix,
    applied,
    combined,
    identity,
    inverse,
    magnification,
)
from libraries.lettering import check_text
from libraries.svg_builder.clips import Region, clipped_strokes, region_on_page
from libraries.svg_builder.coordinates import stroke_blocks
from libraries.svg_builder.skeleton import Marker, Metadata, as_json, layer_group, page, spliced
from libraries.svg_syntax.attributes import check_attributes, check_colour, transform_matrix
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.numbers import written_positive

Outline = Callable[[float], list[Floats]]

MAX_DEPTH = 64
# A smaller scale makes the drawing invisible, so its curves are not flattened more finely.
MIN_SCALE = 1e-9


@dataclass(frozen=True)
class _Scope:
    """An open group, layer or clip.

    `element` takes what is drawn, `to_page` leads from the coordinates of the calls to those of the
    page, `clips` are regions of the page, and `layer` is the index of the layer.
    """

    kind: str
    element: Any
    to_page: Matrix
    layer: int
    clips: tuple[Region, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """The result of one call: a run of stored strokes, or an outline that is flattened on use."""

    to_page: Matrix
    layer: int
    drawn: slice | Outline


class Canvas:
    """A page with layers, groups and clips. Its subclass has the methods that draw."""

    def __init__(
        self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3
    ) -> None:
        """Begin a page of `width` x `height` mm, drawn in `stroke` with a pen of `pen_width` mm.

        Raises:
            InvalidInput: a size is not a positive number.
            BadColour: `stroke` is not a colour.
        """
        across, down = written_positive(width, "width"), written_positive(height, "height")
        colour = check_colour(stroke, "stroke")
        self._drawing = page(
            across, down, stroke=colour, stroke_width=written_positive(pen_width, "pen_width")
        )
        # The document has only layers; the store has the strokes in the coordinates of the calls.
        self._layers = Document(width, height)
        self._layers.layer("drawing", Pen("drawing", colour, float(pen_width)))
        self._store = StrokeArray()
        self._drawn: list[_Drawn] = []
        self._runs: list[slice] = []
        self._layer_groups: dict[str, Any] = {}
        self._open = [_Scope("page", self._drawing, identity(), 0)]
        self._title_element: Any = None
        self._title = ""
        self._identifiers: set[str] = set()

    @property
    def pens(self) -> tuple[Pen, ...]:
        """Return the pen of each layer; the first draws what is outside of all layers."""
        return self._layers.pens

    def title(self, text: str) -> Self:
        """Set the title of the document."""
        words = " ".join(check_text(text).split())
        if self._title_element is not None:
            self._drawing.elements.remove(self._title_element)
        self._title = words
        self._drawing.set_desc(title=words)
        self._title_element = self._drawing.elements[0]
        return self

    def metadata(self, facts: Mapping[str, object]) -> Self:
        """Store facts about the drawing in it, as JSON; a second call replaces the first."""
        self._drawing.elements[:] = [
            element for element in self._drawing.elements if not isinstance(element, Metadata)
        ]
        place = 0 if self._title_element is None else 1
        self._drawing.elements.insert(place, Metadata(as_json(facts)))
        return self

    def begin_group(self, **attributes: object) -> Self:
        """Begin a group, which contains what is drawn until `end_group`.

        Raises:
            InvalidInput: groups are nested more than 64 deep.
        """
        self._check_depth()
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        group = self._drawing.g(**checked)
        self._add(group)
        self._open.append(replace(self._open[-1], kind="group", element=group, to_page=to_page))
        return self

    def end_group(self) -> Self:
        """End the group that was begun last.

        Raises:
            InvalidInput: no group is open, or something else was begun after it.
        """
        return self._end("group")

    def begin_layer(self, name: str, pen: Pen | None = None) -> Self:
        """Begin a layer, or continue one; it is drawn by `pen`, or by the pen of the page.

        Raises:
            InvalidInput: a group, a layer or a clip is open: layers are on the page itself.
            InvalidInput: the name is empty or too long, or there are too many layers.
            InvalidInput: there is a layer of that name with another pen.
            BadColour: the colour of the pen is none.
            BadText: the name holds control characters.
        """
        if len(self._open) > 1:
            raise InvalidInput(
                "a layer can only begin where no group, layer or clip is open",
                code="unbalanced-groups",
            )
        if not isinstance(name, str):
            raise InvalidInput("the name of a layer must be text", code="bad-layer", field="layer")
        known = name in self._layer_groups
        label = check_text(name)
        own = pen or (None if known else replace(self.pens[0], name=name))
        colour = check_colour((own or self.pens[0]).colour, "stroke")
        index = self._layers.layer(label, own)
        if not known:
            look = {
                "stroke": colour,
                "stroke_width": written_positive(self.pens[index].width, "width"),
            }
            self._layer_groups[name] = layer_group(self._drawing, label, **look)
            self._add(self._layer_groups[name])
        self._open.append(_Scope("layer", self._layer_groups[name], identity(), index))
        return self

    def end_layer(self) -> Self:
        """End the layer.

        Raises:
            InvalidInput: no layer is open, or something was begun in it and not ended.
        """
        return self._end("layer")

    def begin_clip(self, region: Rectangle | ArrayLike) -> Self:
        """Begin a clip: only what is drawn inside `region` until `end_clip` is kept, as polylines.

        A clip inside a clip narrows it further.

        Args:
            region: a rectangle, or the corners of a polygon, of shape (m, 2) in mm.

        Raises:
            InvalidInput: `region` is not a polygon.
            InvalidInput: the groups around it press everything into a line.
            InvalidInput: groups and clips are nested too deep.
        """
        self._check_depth()
        here = self._open[-1]
        inverse(here.to_page)
        on_page = region_on_page(region, here.to_page)
        self._open.append(replace(here, kind="clip", clips=(*here.clips, on_page)))
        return self

    def end_clip(self) -> Self:
        """End the clip that was begun last.

        Raises:
            InvalidInput: no clip is open, or something else was begun after it.
        """
        return self._end("clip")

    def to_string(self) -> str:
        """Return the document as text, without an XML declaration. Drawing can go on after it.

        Raises:
            InvalidInput: a group, a layer or a clip is still open.
        """
        return b"".join(self.blocks()).decode()

    def blocks(self) -> Iterator[bytes]:
        """Return the document in blocks of some hundred kilobytes.

        Raises:
            InvalidInput: a group, a layer or a clip is still open.
        """
        if len(self._open) > 1:
            raise InvalidInput(
                f"groups still open: {len(self._open) - 1}", code="unbalanced-groups"
            )
        return spliced(self._drawing, self._body)

    def document(self, *, tolerance: float = FLATNESS) -> Document:
        """Return what a pen can draw, with curves flattened to `tolerance` mm.

        A layer has one pen: colours and widths of single elements are not kept. Text elements are
        left out.

        Raises:
            InvalidInput: a transform moves something more than a kilometre away.
            InvalidInput: a curve would take too many.
        """
        made = Document(self._layers.width, self._layers.height, title=self._title)
        for layer in self._layers.layers:
            made.layer(layer.name, layer.pen)
        for drawn in self._drawn:
            coordinates, offsets = self._lines_of(drawn, tolerance)
            made.extend(applied(drawn.to_page, coordinates), offsets, drawn.layer)
        return made

    def strokes(self, *, tolerance: float = FLATNESS) -> Strokes:
        """Return the strokes of `document`; their layers are indices of `pens`."""
        return self.document(tolerance=tolerance).strokes()

    def _lines_of(self, drawn: _Drawn, tolerance: float) -> tuple[Floats, Integers]:
        if isinstance(drawn.drawn, slice):
            return self._slice(drawn.drawn)
        return _flat(drawn.drawn(tolerance / max(magnification(drawn.to_page), MIN_SCALE)))

    def _slice(self, strokes: slice) -> tuple[Floats, Integers]:
        bounds = self._store.offsets[strokes.start : strokes.stop + 1]
        return self._store.coordinates[bounds[0] : bounds[-1]], bounds - bounds[0]

    def _body(self, number: int) -> Iterator[bytes]:
        return stroke_blocks(*self._slice(self._runs[number]))

    def _draw(
        self,
        element: Callable[[dict[str, str]], Any],
        outline: Outline,
        attributes: Mapping[str, object],
    ) -> Self:
        """Draw one shape: as an element, or inside a clip as the rest of its outline."""
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        if self._open[-1].clips:
            lines = outline(FLATNESS / max(magnification(to_page), MIN_SCALE))
            return self._run(*_flat(lines), checked)
        self._drawn.append(_Drawn(to_page, self._open[-1].layer, outline))
        return self._add(element(checked))

    def _run(self, coordinates: Floats, offsets: Integers, checked: dict[str, str]) -> Self:
        """Draw strokes, in a group if they have attributes."""
        here, to_page, began = self._open[-1], self._to_page(checked), len(self._store)
        if here.clips:
            coordinates, offsets = clipped_strokes(coordinates, offsets, to_page, here.clips)
        self._store.extend(coordinates, offsets)
        if len(self._store) == began:
            return self
        strokes = slice(began, len(self._store))
        parent = self._drawing.g(**checked) if checked else here.element
        parent.elements.append(Marker(len(self._runs)))
        self._runs.append(strokes)
        self._drawn.append(_Drawn(to_page, here.layer, strokes))
        return self._add(parent) if checked else self

    def _to_page(self, checked: Mapping[str, str]) -> Matrix:
        """Return the matrix of an element with these attributes; inside a clip it has an inverse.

        Raises:
            InvalidInput: it has none, and a clip is open.
        """
        here = self._open[-1]
        if "transform" not in checked:
            return here.to_page
        to_page = combined(here.to_page, transform_matrix(checked["transform"]))
        if here.clips:
            inverse(to_page)
        return to_page

    def _check_depth(self) -> None:
        if len(self._open) > MAX_DEPTH:
            raise InvalidInput(f"groups may be nested {MAX_DEPTH} deep", code="unbalanced-groups")

    def _end(self, kind: str) -> Self:
        if self._open[-1].kind != kind:
            raise InvalidInput(f"there is no open {kind} to end", code="unbalanced-groups")
        self._open.pop()
        return self

    def _check(self, attributes: Mapping[str, object]) -> dict[str, str]:
        checked = check_attributes(attributes)
        identifier = checked.get("id")
        if identifier in self._identifiers:
            raise InvalidInput(
                f"the id {identifier!r} is taken by another element",
                code="bad-attribute",
                field="id",
            )
        if identifier is not None:
            self._identifiers.add(identifier)
        return checked

    def _add(self, element: Any) -> Self:
        self._open[-1].element.add(element)
        return self


def _flat(lines: Sequence[Floats]) -> tuple[Floats, Integers]:
    """Return `lines` as flat coordinates and offsets."""
    return np.concatenate([np.zeros((0, 2)), *lines]), np.cumsum([0, *map(len, lines)])
