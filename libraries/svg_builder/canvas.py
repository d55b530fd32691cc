"""Page, layers, groups and clips of an SVG drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from numpy.typing import ArrayLike

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers, flattened
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
from libraries.svg_syntax.layer_codes import PenAttributes
from libraries.svg_syntax.numbers import written_positive

Outline = Callable[[float], list[Floats]]

MAX_DEPTH = 64
# Limits the precision of curves that are scaled down.
MIN_SCALE = 1e-9


@dataclass(frozen=True)
class _Scope:
    """An open group, layer or clip; `to_page` transforms its coordinates to those of the page."""

    kind: str
    element: Any
    to_page: Matrix
    layer: int
    clips: tuple[Region, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """The result of a call: a range of stored strokes, or an outline that is flattened on use."""

    to_page: Matrix
    layer: int
    drawn: slice | Outline


class Canvas:
    """A page with layers, groups and clips; the subclass `SVGBuilder` draws on it."""

    def __init__(
        self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3
    ) -> None:
        across, down = written_positive(width, "width"), written_positive(height, "height")
        colour = check_colour(stroke, "stroke")
        self._drawing = page(
            across, down, stroke=colour, stroke_width=written_positive(pen_width, "pen_width")
        )
        # The document has no strokes; the store has them in the coordinates of the calls.
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
        """Return the pen of each layer; the first draws everything outside of layers."""
        return self._layers.pens

    def title(self, text: str) -> Self:
        words = " ".join(check_text(text).split())
        if self._title_element is not None:
            self._drawing.elements.remove(self._title_element)
        self._title = words
        self._drawing.set_desc(title=words)
        self._title_element = self._drawing.elements[0]
        return self

    def paper(self, colour: str) -> Self:
        """Set the colour of the paper on screens; nothing is drawn with a pen."""
        self._drawing["style"] = f"background-color:{check_colour(colour, 'paper')}"
        return self

    def metadata(self, facts: Mapping[str, object]) -> Self:
        """Store metadata in the document as JSON; a second call replaces the first."""
        self._drawing.elements[:] = [
            element for element in self._drawing.elements if not isinstance(element, Metadata)
        ]
        index = 0 if self._title_element is None else 1
        self._drawing.elements.insert(index, Metadata(as_json(facts)))
        return self

    def begin_group(self, **attributes: object) -> Self:
        """Begin a group with attributes, at most 64 deep; end it with `end_group`."""
        self._check_depth()
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        group = self._drawing.g(**checked)
        self._add(group)
        self._open.append(replace(self._open[-1], kind="group", element=group, to_page=to_page))
        return self

    def end_group(self) -> Self:
        """End the innermost group; raise `InvalidInput` if something else is open."""
        return self._end("group")

    def begin_layer(self, name: str, pen: Pen | None = None) -> Self:
        """Begin a layer, or continue one; it is drawn by `pen`, or by the pen of the page.

        Raises:
            InvalidInput: the name or pen is invalid or differs, or another element is open.
        """
        if len(self._open) > 1:
            raise _unbalanced("a layer cannot begin inside a group, layer or clip")
        if not isinstance(name, str):
            raise InvalidInput("the name of a layer must be text", code="bad-layer", field="layer")
        known = name in self._layer_groups
        label = check_text(name)
        own = pen or (None if known else replace(self.pens[0], name=name))
        colour = check_colour((own or self.pens[0]).colour, "stroke")
        index = self._layers.layer(label, own)
        if not known:
            width = written_positive(self.pens[index].width, "width")
            self._layer_groups[name] = layer_group(
                self._drawing, label, stroke=colour, stroke_width=width
            )
            self._layer_groups[name].attribs.update(PenAttributes.written(self.pens[index]))
            self._add(self._layer_groups[name])
        self._open.append(_Scope("layer", self._layer_groups[name], identity(), index))
        return self

    def end_layer(self) -> Self:
        return self._end("layer")

    def begin_clip(self, region: Rectangle | ArrayLike) -> Self:
        """Keep only what is drawn inside `region` until `end_clip`, as polylines.

        A region is a rectangle, or a polygon of shape (m, 2) in mm. Clips are intersected.
        """
        self._check_depth()
        here = self._open[-1]
        inverse(here.to_page)
        on_page = region_on_page(region, here.to_page)
        self._open.append(replace(here, kind="clip", clips=(*here.clips, on_page)))
        return self

    def end_clip(self) -> Self:
        return self._end("clip")

    def to_string(self) -> str:
        """Return the document; raise `InvalidInput` if a group, a layer or a clip is open."""
        return b"".join(self.blocks()).decode()

    def blocks(self) -> Iterator[bytes]:
        """Return the document in blocks of some hundred kilobytes; see `to_string`."""
        if len(self._open) > 1:
            raise _unbalanced(f"groups still open: {len(self._open) - 1}")
        return spliced(self._drawing, self._body)

    def document(self, *, tolerance: float = FLATNESS) -> Document:
        """Return the strokes of the drawing, with curves flattened to `tolerance` mm.

        Layers have one pen: colours and widths of elements are lost, as are text elements.
        """
        made = Document(self._layers.width, self._layers.height, title=self._title)
        for layer in self._layers.layers:
            made.layer(layer.name, layer.pen)
        for drawn in self._drawn:
            coordinates, offsets = self._lines_of(drawn, tolerance)
            made.extend(applied(drawn.to_page, coordinates), offsets, drawn.layer)
        return made

    def strokes(self, *, tolerance: float = FLATNESS) -> Strokes:
        return self.document(tolerance=tolerance).strokes()

    def _lines_of(self, drawn: _Drawn, tolerance: float) -> tuple[Floats, Integers]:
        if isinstance(drawn.drawn, slice):
            return self._slice(drawn.drawn)
        return flattened(drawn.drawn(tolerance / max(magnification(drawn.to_page), MIN_SCALE)))

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
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        if self._open[-1].clips:
            lines = outline(FLATNESS / max(magnification(to_page), MIN_SCALE))
            return self._run(*flattened(lines), checked)
        self._drawn.append(_Drawn(to_page, self._open[-1].layer, outline))
        return self._add(element(checked))

    def _run(self, coordinates: Floats, offsets: Integers, checked: dict[str, str]) -> Self:
        here, to_page, first = self._open[-1], self._to_page(checked), len(self._store)
        if here.clips:
            coordinates, offsets = clipped_strokes(coordinates, offsets, to_page, here.clips)
        self._store.extend(coordinates, offsets)
        if len(self._store) == first:
            return self
        strokes = slice(first, len(self._store))
        parent = self._drawing.g(**checked) if checked else here.element
        parent.elements.append(Marker(len(self._runs)))
        self._runs.append(strokes)
        self._drawn.append(_Drawn(to_page, here.layer, strokes))
        return self._add(parent) if checked else self

    def _to_page(self, checked: Mapping[str, str]) -> Matrix:
        """Return the matrix of an element; inside a clip it must be invertible."""
        here = self._open[-1]
        if "transform" not in checked:
            return here.to_page
        to_page = combined(here.to_page, transform_matrix(checked["transform"]))
        if here.clips:
            inverse(to_page)
        return to_page

    def _check_depth(self) -> None:
        if len(self._open) > MAX_DEPTH:
            raise _unbalanced(f"groups must be nested at most {MAX_DEPTH} deep")

    def _end(self, kind: str) -> Self:
        if self._open[-1].kind != kind:
            raise _unbalanced(f"no open {kind} to end")
        self._open.pop()
        return self

    def _check(self, attributes: Mapping[str, object]) -> dict[str, str]:
        checked = check_attributes(attributes)
        identifier = checked.get("id")
        if identifier in self._identifiers:
            raise InvalidInput(f"duplicate id {identifier!r}", code="bad-attribute", field="id")
        if identifier is not None:
            self._identifiers.add(identifier)
        return checked

    def _add(self, element: Any) -> Self:
        self._open[-1].element.add(element)
        return self


def _unbalanced(text: str) -> InvalidInput:
    return InvalidInput(text, code="unbalanced-groups")
