"""Entities of a DXF as lines; this module needs the optional package ezdxf."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ezdxf import colors, path
from ezdxf.document import Drawing

from libraries.errors import InvalidInput
from libraries.geometry.transforms import combined, matrix, rotation
from libraries.svg_reader.appearance import Look
from libraries.svg_reader.shapes import Shape
from libraries.vector_input.canvas import (
    Canvas,
    PathBuilder,
    filled_look,
    layer_name,
    pen_look,
    polylines,
)


@dataclass(frozen=True)
class _Style:
    """The layer, colour, width and line type that entities of a block have from outside."""

    layer: str = "0"
    colour: str = "#000000"
    width: float = 0.3
    dashes: tuple[float, ...] = ()


class Entities:
    """Draws the entities of the model space, and those of blocks."""

    MAX_ENTITIES = 200_000
    MAX_DEPTH = 16
    MAX_SPLINE_DEGREE = 20
    MAX_SPLINE_POINTS = 100_000
    # Curves for a quarter of a circle: the deviation is a millionth of the radius.
    SEGMENTS = 8
    BY_LAYER, BY_BLOCK = 256, 0
    FILLED = frozenset({"HATCH", "MPOLYGON", "SOLID", "TRACE"})
    TEXTS = frozenset({"TEXT", "ATTRIB", "MTEXT"})
    # Entities that are made of others.
    COMPOUND = frozenset(
        {"DIMENSION", "LEADER", "MULTILEADER", "MLINE", "ACAD_TABLE", "ARC_DIMENSION"}
    )
    SILENT = frozenset({"ATTDEF", "VIEWPORT", "SEQEND"})

    def __init__(self, document: Drawing, canvas: Canvas, factor: float) -> None:
        self._document: Any = document
        self._canvas = canvas
        self._factor = factor
        self._left = self.MAX_ENTITIES
        self._layers: dict[str, tuple[_Style, bool]] = {}

    def draw(self) -> None:
        """Draw all; entities that cannot be read are left out and listed.

        Raises:
            InvalidInput: there are too many entities or vertices.
        """
        self._draw_all(self._document.modelspace(), _Style(), 0)

    def _draw_all(self, entities: Iterable[Any], outer: _Style, depth: int) -> None:
        members = iter(entities)
        while True:
            self._left -= 1
            if self._left < 0:
                raise InvalidInput(
                    f"the DXF draws more than {self.MAX_ENTITIES:,} entities",
                    code="too-many-vertices",
                    field="file",
                )
            try:
                entity = next(members, None)
                if entity is None:
                    return
                self._draw_one(entity, outer, depth)
            except MemoryError:
                raise
            # The package raises errors of many types for damaged entities.
            except Exception as error:
                if isinstance(error, InvalidInput) and error.code == "too-many-vertices":
                    raise
                self._canvas.problems.note("entity", 0)

    def _draw_one(self, entity: Any, outer: _Style, depth: int) -> None:
        kind = entity.dxftype()
        style, is_shown = self._style(entity, outer)
        if not is_shown:
            self._canvas.problems.note("layer", 0, "hidden")
        elif kind == "INSERT":
            self._draw_block(entity, style, depth)
        elif kind in self.COMPOUND:
            self._draw_inner(entity.virtual_entities(), style, depth)
        elif kind in self.TEXTS:
            self._write(kind, entity, style)
        elif kind == "POINT":
            x, y, _ = entity.dxf.location
            self._add(polylines([np.array([[x, y]])]), style)
        elif kind not in self.SILENT:
            self._draw_path(kind, entity, style)

    def _draw_block(self, insert: Any, style: _Style, depth: int) -> None:
        if depth >= self.MAX_DEPTH:
            self._canvas.problems.note("block", 0)
        elif insert.mcount > 1:
            self._draw_inner(insert.multi_insert(), style, depth)
        else:
            self._draw_inner(insert.attribs, style, depth)
            self._draw_inner(insert.virtual_entities(), style, depth)

    def _draw_inner(self, entities: Iterable[Any], style: _Style, depth: int) -> None:
        self._draw_all(entities, style, depth + 1)

    # Lines

    def _draw_path(self, kind: str, entity: Any, style: _Style) -> None:
        if kind in self.FILLED:
            look = filled_look(style.colour, style.width)
            paths = list(self._filled_paths(kind, entity))
        else:
            look = self._look(style)
            if kind == "SPLINE" and self._is_complex(entity):
                self._canvas.problems.note("spline", 0)
                return
            try:
                paths = [path.make_path(entity, segments=self.SEGMENTS)]
            except TypeError:
                self._canvas.problems.note_names("entity", 0, "ignored", [kind])
                return
        self._canvas.add(self._shape(paths), look, style.layer)

    def _is_complex(self, spline: Any) -> bool:
        count = max(len(spline.control_points), len(spline.fit_points))
        return spline.dxf.degree > self.MAX_SPLINE_DEGREE or count > self.MAX_SPLINE_POINTS

    @staticmethod
    def _filled_paths(kind: str, entity: Any) -> Iterator[Any]:
        if kind in {"SOLID", "TRACE"}:
            yield path.from_vertices(entity.wcs_vertices(), close=True)
        else:
            yield from path.from_hatch(entity)

    def _shape(self, paths: Iterable[Any]) -> Shape:
        builder = PathBuilder()
        for one in paths:
            builder.move(one.start.x, one.start.y)
            at = one.start
            for command in one.commands():
                end = command.end
                if command.type == path.Command.LINE_TO:
                    builder.line(end.x, end.y)
                elif command.type == path.Command.MOVE_TO:
                    builder.move(end.x, end.y)
                else:
                    controls = _controls(at, command)
                    builder.curve(*controls, (end.x, end.y))
                at = end
        return builder.shape(self._canvas.tolerance)

    def _add(self, shape: Shape, style: _Style) -> None:
        self._canvas.add(shape, self._look(style), style.layer)

    def _look(self, style: _Style) -> Look:
        return pen_look(style.colour, style.width, style.dashes)

    # Texts

    def _write(self, kind: str, entity: Any, style: _Style) -> None:
        dxf = entity.dxf
        rows = entity.plain_text(split=True) if kind == "MTEXT" else [entity.plain_text()]
        size = float(dxf.char_height if kind == "MTEXT" else dxf.height)
        place = dxf.insert
        column, row, pitch = 0, 0, 5 / 3 * size
        if kind == "MTEXT":
            column, row = (dxf.attachment_point - 1) % 3, (dxf.attachment_point - 1) // 3
        # Base lines below the place, in the direction of the text.
        tall = size + pitch * (len(rows) - 1)
        first = size - tall * row / 2
        stretch = float(dxf.get("width", 1.0)) if kind != "MTEXT" else 1.0
        turn = rotation(-float(dxf.get("rotation", 0.0)))
        anchored = matrix(1, 0, 0, 1, place.x, place.y)
        for number, text in enumerate(rows):
            down = first + pitch * number if kind == "MTEXT" else 0.0
            local = combined(matrix(1, 0, 0, -1, 0, 0), turn, matrix(1, 0, 0, 1, 0, down))
            to_mm = combined(
                self._canvas.to_mm, anchored, local, matrix(size * stretch, 0, 0, size, 0, 0)
            )
            look = pen_look(style.colour, style.width)
            self._canvas.write(text, to_mm, look, style.layer, anchor=column / 2)

    # Styles

    def _style(self, entity: Any, outer: _Style) -> tuple[_Style, bool]:
        """Return the style of an entity, and whether it is shown."""
        dxf = entity.dxf
        name = str(dxf.get("layer", "0"))
        of_layer, is_shown = (
            (outer, True) if name == "0" and outer.layer != "0" else self._layer(name)
        )
        colour = of_layer.colour
        index = int(dxf.get("color", self.BY_LAYER))
        if dxf.hasattr("true_color"):
            colour = _hexadecimal(colors.int2rgb(dxf.true_color))
        elif index == self.BY_BLOCK:
            colour = outer.colour
        elif index != self.BY_LAYER:
            colour = _colour(index)
        weight = int(dxf.get("lineweight", -1))
        # In hundredths of a mm; others mean those of the layer or of the block.
        width = weight / 100 if weight > 0 else of_layer.width
        line_type = str(dxf.get("linetype", "BYLAYER"))
        dashes = of_layer.dashes
        if line_type.upper() == "BYBLOCK":
            dashes = outer.dashes
        elif line_type.upper() != "BYLAYER":
            dashes = self._dashes(line_type, float(dxf.get("ltscale", 1.0)))
        style = replace(of_layer, colour=colour, width=width, dashes=dashes)
        return style, is_shown and not dxf.get("invisible", 0)

    def _layer(self, name: str) -> tuple[_Style, bool]:
        if name not in self._layers:
            shown = layer_name(name) or "layer"
            style, is_shown = _Style(layer=shown), True
            if self._document.layers.has_entry(name):
                layer = self._document.layers.get(name)
                weight = int(layer.dxf.get("lineweight", -3))
                rgb = layer.rgb
                style = _Style(
                    shown,
                    _hexadecimal(rgb) if rgb else _colour(abs(int(layer.dxf.get("color", 7)))),
                    weight / 100 if weight > 0 else 0.3,
                    self._dashes(str(layer.dxf.get("linetype", "CONTINUOUS")), 1.0),
                )
                is_shown = not (layer.is_off() or layer.is_frozen()) and bool(
                    layer.dxf.get("plot", 1)
                )
            self._layers[name] = style, is_shown
        return self._layers[name]

    def _dashes(self, name: str, scale: float) -> tuple[float, ...]:
        """Return the dashes and gaps of a line type in mm; none for continuous lines."""
        if name.upper() == "CONTINUOUS" or not self._document.linetypes.has_entry(name):
            return ()
        pattern = self._document.linetypes.get(name).simplified_line_pattern()
        scale *= self._factor * float(self._document.header.get("$LTSCALE", 1.0))
        dashes = tuple(abs(one) * scale for one in pattern[:32])
        return dashes if sum(dashes) > 0.01 else ()  # noqa: PLR2004 - shorter ones are a line


def _controls(at: Any, command: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the control points of a cubic or quadratic curve as those of a cubic one."""
    if command.type == path.Command.CURVE4_TO:
        return (command.ctrl1.x, command.ctrl1.y), (command.ctrl2.x, command.ctrl2.y)
    first, second = at.lerp(command.ctrl, 2 / 3), command.end.lerp(command.ctrl, 2 / 3)
    return (first.x, first.y), (second.x, second.y)


def _hexadecimal(rgb: Any) -> str:
    return f"#{int(rgb[0]):02x}{int(rgb[1]):02x}{int(rgb[2]):02x}"


def _colour(index: int) -> str:
    """Return the colour of an index; 7 is white on a black screen and black on paper."""
    black = 7
    known = 1 <= index <= 255 and index != black  # noqa: PLR2004
    return _hexadecimal(colors.aci2rgb(index)) if known else "#000000"
