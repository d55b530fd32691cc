"""Readers of exported files: interpreters from the manuals, and those of other programs.

Each returns strokes by pen, in mm from the upper left corner of the page. Each fails for a command
that the exporter has no reason to write.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from typing import Any, cast
from xml.etree import ElementTree as ET

import ezdxf
import numpy as np
import pikepdf
from numpy.typing import NDArray

Stroke = NDArray[np.float64]
Pens = list[list[Stroke]]
Point = tuple[float, float]


class Pen:
    """Collects strokes while it is down; a pen that is lowered and lifted leaves a dot."""

    def __init__(self) -> None:
        self.pens: Pens = []
        self.at: Point = (0.0, 0.0)
        self._line: list[Point] | None = None

    def change(self) -> None:
        assert self._line is None, "the pen is changed while it is down"
        self.pens.append([])

    def down(self) -> None:
        if self._line is None:
            self._line = [self.at]

    def up(self) -> None:
        if self._line is not None:
            self.pens[-1].append(np.array(self._line))
        self._line = None

    def move(self, *points: Point) -> None:
        for point in points:
            self.at = point
            if self._line is not None:
                self._line.append(point)


def read_hpgl(data: bytes) -> Pens:
    """Interpret HP-GL as the HP 7475A Interfacing and Programming Manual defines it, in units.

    An instruction is two letters and numbers between commas. It ends with a semicolon or a line feed.
    """
    pen, numbers = Pen(), []
    for text in re.split(r"[;\n]", data.decode("ascii")):
        if not text:
            continue
        assert len(text) < 1024, "an instruction is longer than the buffer"
        name, parameters = text[:2], text[2:]
        values = [int(one) for one in parameters.split(",")] if parameters else []
        points = list(zip(values[::2], values[1::2], strict=name in ("PU", "PD")))
        if name in ("PU", "PD"):
            (pen.up if name == "PU" else pen.down)()
            pen.move(*points)
        elif name == "SP" and values != [0]:
            numbers.append(values[0])
            pen.change()
        else:
            assert name in ("IN", "PS", "VS", "SP"), text
    assert numbers == list(range(1, len(numbers) + 1))
    assert data.endswith(b"PU;SP0;\n")
    return pen.pens


def read_gcode(data: bytes, height: float, *, up: str, down: str, change: str) -> Pens:
    """Interpret G-code after NIST RS274: words of a letter and a number, and comments from `;`."""
    pen = Pen()
    pen.change()
    for line in data.decode("ascii").splitlines():
        assert len(line) < 80
        command = line.partition(";")[0].strip()
        words = {word[0]: word[1:] for word in command.split()}
        if command == up:
            pen.up()
        elif command == down:
            pen.down()
        elif command == change:
            pen.change()
        elif re.match(r"G[0123] ", command):
            end = (float(words["X"]), float(words["Y"]))
            if words["G"] in ("2", "3"):
                pen.move(
                    *_arc(pen.at, end, (float(words["I"]), float(words["J"])), words["G"] == "3")
                )
            pen.move(end)
        else:
            assert command.split(" ")[0] in ("", "G21", "G90", "G94", "G4", "M400"), line
    flip = np.array([1.0, -1.0]), np.array([0.0, height])
    return [[stroke * flip[0] + flip[1] for stroke in strokes] for strokes in pen.pens]


def _arc(start: Point, end: Point, offset: Point, counterclockwise: bool) -> list[Point]:
    centre = start[0] + offset[0], start[1] + offset[1]
    radius, other = math.dist(start, centre), math.dist(end, centre)
    # GRBL refuses an arc whose ends are not on one circle.
    assert abs(radius - other) < 0.005
    begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
    turn = (math.atan2(end[1] - centre[1], end[0] - centre[0]) - begin) % (2 * math.pi)
    turn = turn if counterclockwise else turn - 2 * math.pi
    assert abs(turn) < math.pi + 0.01
    angles = np.linspace(begin, begin + turn, 50)[1:-1]
    circle = np.column_stack([np.cos(angles), np.sin(angles)]) * radius + centre
    return [(x, y) for x, y in circle.tolist()]


def read_dxf(data: bytes, height: float) -> dict[str, list[Stroke]]:
    """Read the strokes of a DXF by layer with ezdxf, which also checks its structure."""
    document = ezdxf.read(io.StringIO(data.decode("ascii")))  # type: ignore[attr-defined]
    assert document.dxfversion == "AC1009"
    assert not document.audit().has_errors
    found: dict[str, list[Stroke]] = {}
    for entity in document.modelspace():
        kind: Any = entity
        if kind.dxftype() == "POINT":
            points = [kind.dxf.location]
        else:
            assert kind.dxftype() == "POLYLINE"
            points = list(kind.points())
            points += points[:1] if kind.is_closed else []
        stroke = np.array([(point.x, height - point.y) for point in points])
        found.setdefault(kind.dxf.layer, []).append(stroke)
    assert set(found) <= {layer.dxf.name for layer in document.layers}
    return found


def read_pdf(data: bytes) -> tuple[Point, dict[str, list[Stroke]]]:
    """Read the size of the page in mm, and the strokes by optional content group, with pikepdf."""
    file = pikepdf.open(io.BytesIO(data))
    (page,) = file.pages
    box = [float(cast("Any", side)) * 25.4 / 72 for side in cast("Any", page.MediaBox)]
    groups: Any = file.Root.OCProperties.OCGs
    assert [one.objgen for one in cast("Any", file.Root.OCProperties.D.Order)] == [
        one.objgen for one in groups
    ]
    names: Any = page.Resources.Properties
    found: dict[str, list[Stroke]] = {str(one.Name): [] for one in groups}
    matrix, current, line = np.eye(3), "", []
    for instruction in pikepdf.parse_content_stream(page):
        operands: list[Any] = list(instruction.operands)
        match str(instruction.operator):
            case "cm":
                a, b, c, d, e, f = map(float, operands)
                matrix = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ matrix
            case "BDC":
                assert str(operands[0]) == "/OC"
                current = str(names[str(operands[1])].Name)
            case "m" | "l":
                x, y, _ = np.array([float(operands[0]), float(operands[1]), 1]) @ matrix
                line.append((x * 25.4 / 72, box[3] - y * 25.4 / 72))
            case "S":
                points = line[:1] if line[1:] == line[:1] else line
                found[current].append(np.array(points))
                line = []
            case operator:
                assert operator in ("q", "Q", "J", "j", "RG", "w", "EMC"), operator
    return (box[2], box[3]), found


def read_svg_layers(data: bytes) -> dict[str, list[Stroke]]:
    """Read the strokes of an SVG by layer, whose paths have absolute coordinates in mm."""
    root = ET.fromstring(data)  # noqa: S314 - made by the test
    label = "{http://www.inkscape.org/namespaces/inkscape}label"
    found: dict[str, list[Stroke]] = {}
    for group in root:
        if group.tag.endswith("}g"):
            numbers = [re.findall(r"[-0-9.]+", path.attrib["d"]) for path in group]
            strokes = [np.array(one, dtype=np.float64).reshape(-1, 2) for one in numbers]
            found[group.attrib[label]] = [
                one[:1] if (one == one[0]).all() else one for one in strokes
            ]
    return found


def read_svg_pens(data: bytes) -> dict[str, list[Stroke]]:
    """Read the strokes of a zip file by file name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        parts = {name: read_svg_layers(archive.read(name)) for name in archive.namelist()}
    return {name: next(iter(layers.values())) for name, layers in parts.items()}
