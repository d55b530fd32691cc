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


def compare_with_picture(data: bytes) -> tuple[Reading, Agreement]:
    """Read an SVG as outlines of all that it paints, and compare them with the edges in its picture.

    Strokes that are wider than two pixels are drawn by their outline, so that each line is an edge.
    """
    page = read_svg(data).document
    pixel = max(page.width, page.height) / Picture.SIDE
    options = ReadingOptions(max_pen_width=2 * pixel)
    reading = read_svg(data, options=options, tolerance=min(FLATNESS, pixel / 4))
    edges = visible_edges(data, page.width / pixel, page.height / pixel)
    lines = drawn_lines(reading.document, pixel, edges.shape)
    return reading, Agreement(_share(edges, lines), _share(lines, edges))


def visible_edges(data: bytes, width: float, height: float) -> Mask:
    """Return the pixels where colours change in the picture of an SVG on white paper."""
    text = data.decode("utf-8", "replace")
    png = resvg_py.svg_to_bytes(
        svg_string=text,
        background="white",
        width=round(width),
        height=round(height),
        dpi=96,
        skip_system_fonts=True,
    )
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    # Shapes may end at the edge of the page, where no neighbours are.
    largest, smallest = (
        np.asarray(picture.filter(one(3)), dtype=np.int16)
        for one in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
    )
    edges: Mask = (largest - smallest).max(axis=2) > Picture.EDGE
    return edges


def drawn_lines(document: Document, pixel: float, shape: tuple[int, ...]) -> Mask:
    """Return the pixels of the strokes of a document."""
    picture = Image.new("1", (shape[1], shape[0]))
    draw = ImageDraw.Draw(picture)
    store = document.store
    for line in np.split(store.coordinates / pixel - 0.5, store.offsets[1:-1]) if len(store) else ():
        points = [tuple(point) for point in line.tolist()]
        draw.line(points, fill=1) if len(points) > 1 else draw.point(points, fill=1)
    drawn: Mask = np.asarray(picture, dtype=np.bool_)
    return drawn


def _share(wanted: Mask, found: Mask) -> float:
    """Return the share of `wanted` pixels near `found` ones; those at the edge of the page do not count."""
    inner = np.zeros_like(wanted)
    border = Picture.NEAR // 2
    inner[border:-border, border:-border] = True
    picture = Image.fromarray(found.astype(np.uint8) * 255)
    near = np.asarray(picture.filter(ImageFilter.MaxFilter(Picture.NEAR)), dtype=np.bool_)
    count = int((wanted & inner).sum())
    return float((wanted & near & inner).sum() / count) if count else 1.0
