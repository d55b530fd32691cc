"""Comparison of a reading with the picture that resvg draws of the same file."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from libraries.geometry.document import Document
from libraries.svg_reader import Reading, ReadingOptions, read_svg
from libraries.svg_syntax.curves import FLATNESS

Mask = NDArray[np.bool_]


class Agreement(NamedTuple):
    """How much two pictures agree: the share of the visible edges with a line, and of the lines at an edge."""

    drawn: float
    right: float

    def holds(self) -> bool:
        """Return whether almost all edges are drawn, and almost all lines are right."""
        least = 0.98
        return min(self.drawn, self.right) >= least


class Picture:
    """The size of pictures, in pixels, and how far lines may be from edges."""

    SIDE = 600
    # An odd size of the neighbourhood.
    NEAR = 7
    # Difference of a colour from those of its neighbours.
    EDGE = 20
    # Difference of colours that are equal.
    SAME = 40


def compare_with_picture(data: bytes) -> tuple[Reading, Agreement]:
    """Read an SVG as outlines of all that it paints, and compare them with the edges in its picture.

    Strokes that are wider than two pixels are drawn by their outline, so that each line is an edge, or is inside of an area of its
    own colour.
    """
    page = read_svg(data).document
    pixel = max(page.width, page.height) / Picture.SIDE
    # White shapes have edges, too; no file has this colour.
    options = ReadingOptions(max_pen_width=2 * pixel, paper="#123457")
    reading = read_svg(data, options=options, tolerance=min(FLATNESS, pixel / 4))
    picture = painted(data, page.width / pixel, page.height / pixel)
    edges = visible_edges(picture)
    drawn, lines = drawn_lines(reading.document, pixel, picture.size)
    own = np.abs(drawn - np.asarray(picture, dtype=np.int16)).max(axis=2) <= Picture.SAME
    return reading, Agreement(_share(edges, lines), _share(lines, edges, own))


def painted(data: bytes, width: float, height: float) -> Image.Image:
    """Return the picture of an SVG on white paper."""
    png = resvg_py.svg_to_bytes(
        svg_string=data.decode("utf-8", "replace"),
        background="white",
        width=round(width),
        height=round(height),
        dpi=96,
        skip_system_fonts=True,
    )
    return Image.open(io.BytesIO(bytes(png))).convert("RGB")


def visible_edges(picture: Image.Image) -> Mask:
    """Return the pixels where colours change."""
    largest, smallest = (
        np.asarray(picture.filter(one(3)), dtype=np.int16)
        for one in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    edges: Mask = (largest - smallest).max(axis=2) > Picture.EDGE
    return edges


def drawn_lines(
    document: Document, pixel: float, size: tuple[int, int]
) -> tuple[NDArray[np.int16], Mask]:
    """Return the colours of the strokes of a document, one pixel wide, and which pixels they cover."""
    colours, mask = Image.new("RGB", size), Image.new("1", size)
    for layer, store in document.drawn_layers():
        for line in np.split(store.coordinates / pixel - 0.5, store.offsets[1:-1]):
            points = [tuple(point) for point in line.tolist()]
            for picture, fill in ((colours, layer.pen.colour), (mask, 1)):
                draw = ImageDraw.Draw(picture)
                if len(points) > 1:
                    draw.line(points, fill=fill)
                else:
                    draw.point(points, fill=fill)
    covered: Mask = np.asarray(mask, dtype=np.bool_)
    return np.asarray(colours, dtype=np.int16), covered


def _share(wanted: Mask, found: Mask, also: Mask | None = None) -> float:
    """Return the share of `wanted` pixels that are near `found` ones, or in `also`.

    Those at the edge of the page do not count.
    """
    inner = np.zeros_like(wanted)
    border = Picture.NEAR // 2
    inner[border:-border, border:-border] = True
    picture = Image.fromarray(found.astype(np.uint8) * 255)
    near = np.asarray(picture.filter(ImageFilter.MaxFilter(Picture.NEAR)), dtype=np.bool_)
    right = near if also is None else near | also
    count = int((wanted & inner).sum())
    return float((wanted & right & inner).sum() / count) if count else 1.0
