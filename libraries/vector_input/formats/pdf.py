"""Vector pages of PDF."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from libraries.errors import InvalidInput
from libraries.extras import Extra
from libraries.geometry.arrays import Floats
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Matrix, applied, combined, determinant, matrix
from libraries.json_types import JsonObject
from libraries.svg_reader import Reading
from libraries.svg_reader.appearance import Look
from libraries.svg_reader.items import Area, Clip
from libraries.vector_input.canvas import Canvas, PathBuilder, layer_name
from libraries.vector_input.catalogue import (
    InputOptions,
    VectorFormat,
    damaged,
    register,
)


class _Process:
    """The process that reads a page."""

    SCRIPT = Path(__file__).parents[1] / "pdf_objects.py"
    TIMEOUT_S = 120.0
    # Numbers for a segment: kind (0 line, 1 curve, 2 move), x, y, and whether it closes the path.
    COLUMNS = 4
    MM_PER_POINT = 25.4 / 72
    # Height of capitals in font sizes, as in common fonts.
    CAPITAL = 0.7


def matches(head: bytes) -> bool:
    """Return whether a file begins as a PDF."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-")


def read(data: bytes, options: InputOptions) -> Reading:
    """Return the visible strokes of a page in true size, with its layers or colours as pens.

    Fills, clip paths, dashes and texts are drawn as those of an SVG.

    Raises:
        InvalidInput: the file is damaged or locked, or has no such page.
    """
    described, segments = _page(data, options.pdf_page)
    left, bottom, right, top = described["box"]
    turn = described["rotation"] % 4
    width, height = right - left, top - bottom
    # Points with y up; the page is turned clockwise when it is shown.
    turned = {
        0: matrix(1, 0, 0, -1, -left, top),
        1: matrix(0, 1, 1, 0, -bottom, -left),
        2: matrix(-1, 0, 0, 1, right, -bottom),
        3: matrix(0, -1, -1, 0, top, right),
    }[turn]
    mm = _Process.MM_PER_POINT * (described["unit"] or 1.0)
    to_mm = combined(matrix(mm, 0, 0, mm, 0, 0), turned)
    width, height = (height, width) if turn % 2 else (width, height)
    page = Rectangle(0, 0, width * mm, height * mm)
    drawer = _Drawer(described, segments, to_mm, options)
    for one in described["objects"]:
        drawer.draw(one)
    canvas = drawer.canvas
    for kind, count in described["left_out"].items():
        for _ in range(count):
            canvas.problems.note(kind, 0)
    for layer, count in described["hidden"].items():
        for _ in range(count):
            names = [name for name in (layer_name(layer),) if name]
            canvas.problems.note_names("layer", 0, "hidden", names)
    if described["pages"] > 1:
        canvas.problems.note("other-pages", 0, pages=float(described["pages"] - 1))
    return canvas.reading(page, options)


def _page(data: bytes, number: int) -> tuple[JsonObject, Floats]:
    """Return the description of a page, and its segments: shape (n, 4)."""
    # Isolated, so that no module of the project is in the way of others.
    command = [sys.executable, "-I", str(_Process.SCRIPT), str(number)]
    try:
        done = subprocess.run(  # noqa: S603 - our own script
            command, input=data, capture_output=True, check=False, timeout=_Process.TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise _too_complex() from None
    if done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise _too_complex()
    if done.returncode:
        raise damaged("PDF", "is damaged or needs too much memory")
    line, _, rest = done.stdout.partition(b"\n")
    described: JsonObject = json.loads(line)
    if "error" in described:
        is_page = "pages" in described
        raise InvalidInput(
            f"the PDF {described['error']}",
            code="bad-drawing",
            field="pdf_page" if is_page else "file",
        )
    return described, np.frombuffer(rest).reshape(-1, _Process.COLUMNS)


def _too_complex() -> InvalidInput:
    return damaged("PDF", "takes too long to read", "draw its page with another program")


class _Drawer:
    """Draws the objects of a page."""

    def __init__(
        self, described: JsonObject, segments: Floats, to_mm: Matrix, options: InputOptions
    ) -> None:
        self.canvas = Canvas(to_mm, options)
        self._fine = options.flatness
        self._segments = segments.tolist()
        self._to_mm = to_mm
        self._clips = [self._area(one) for one in described["clips"]]
        self._made: dict[tuple[int, ...], Clip] = {}

    def draw(self, one: JsonObject) -> None:
        """Draw a path or a text."""
        try:
            to_mm = combined(self._to_mm, matrix(*one["matrix"]))
        except InvalidInput:
            self.canvas.problems.note("transform", 0)
            return
        scale = abs(determinant(to_mm)) ** 0.5
        if not scale > 0:
            self.canvas.problems.note("invisible", 0, "hidden")
            return
        layer = layer_name(one["layer"])
        clip = self._clip(one["clip"])
        if "text" in one:
            size = one["size"] * _Process.CAPITAL
            placed = combined(to_mm, matrix(size, 0, 0, -size, 0, 0))
            self.canvas.write(one["text"], placed, self._text_look(one), layer, clip=clip)
            return
        fine = self._fine / max(scale, 1e-9)
        shape = self._path(one["first"], one["last"]).shape(fine)
        look = self._look(one, scale)
        self.canvas.add(shape, look, layer, clip=clip, to_mm=to_mm)

    def _look(self, one: JsonObject, scale: float) -> Look:
        """Return the look of a path, whose units are `scale` mm."""
        stroke, fill = _paint(one["stroke"]), _paint(one["fill"])
        return Look(
            stroke=stroke[0],
            stroke_alpha=stroke[1],
            fill=fill[0],
            fill_alpha=fill[1],
            fill_rule="evenodd" if one["evenodd"] else "nonzero",
            # The thinnest line has a width of 0, and fills have none.
            width=max(one["width"] * scale, 0.05) if one["stroke"] else 0.3,
            cap=("butt", "round", "square")[one["cap"]] if 0 <= one["cap"] <= 2 else "butt",  # noqa: PLR2004
            dashes=tuple(dash * scale for dash in one["dashes"]) if sum(one["dashes"]) > 0 else (),
            dash_offset=one["phase"] * scale,
        )

    @staticmethod
    def _text_look(one: JsonObject) -> Look:
        colour, alpha = _paint(one["fill"] or [0, 0, 0, 255])
        return Look(stroke=colour, stroke_alpha=alpha, fill="none", width=0.3, cap="round")

    def _path(self, first: int, last: int) -> PathBuilder:
        path = PathBuilder()
        controls: list[Any] = []
        for kind, x, y, closes in self._segments[first:last]:
            if kind == 2:  # noqa: PLR2004 - see `pdf_objects`
                path.move(x, y)
            elif kind == 0:
                path.line(x, y)
            elif len(controls) < 2:  # noqa: PLR2004 - control points of a curve
                controls.append((x, y))
            else:
                path.curve(controls[0], controls[1], (x, y))
                controls = []
            if closes:
                path.close()
        return path

    def _area(self, one: list[float]) -> Area:
        first, last = int(one[0]), int(one[1])
        to_mm = combined(self._to_mm, matrix(*one[2:]))
        fine = self._fine / max(abs(determinant(to_mm)) ** 0.5, 1e-9)
        lines = self._path(first, last).shape(fine).flattened()
        return Area([applied(to_mm, line) for line in lines])

    def _clip(self, numbers: list[int]) -> Clip | None:
        """Return the clip inside of all areas of these numbers."""
        clip: Clip | None = None
        for count in range(1, len(numbers) + 1):
            key = tuple(numbers[:count])
            if key not in self._made:
                self._made[key] = Clip("clip-path", 0, [self._clips[key[-1]]], clip)
            clip = self._made[key]
        return clip


def _paint(colour: list[int] | None) -> tuple[str, float]:
    """Return a colour and its opacity."""
    if colour is None:
        return "none", 1.0
    red, green, blue, alpha = colour
    return f"#{red:02x}{green:02x}{blue:02x}", alpha / 255


register(
    "pdf",
    VectorFormat(
        title="PDF",
        suffixes=(".pdf",),
        media_types=("application/pdf",),
        matches=matches,
        read=read,
        extra=Extra.PDF,
    ),
)
