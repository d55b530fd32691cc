"""The context of elements: what they inherit, and where they are."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Matrix, fitting, matrix
from libraries.svg_reader.appearance import Look, aspect, lengths
from libraries.svg_reader.foreign_xml import Node
from libraries.svg_reader.items import Clip
from libraries.svg_reader.shapes import Viewport


class Context(NamedTuple):
    """The context of an element: its matrix to mm, look, layer, clip and ancestors."""

    to_page: Matrix
    look: Look
    viewport: Viewport
    layer: str | None = None
    uses: tuple[str, ...] = ()
    depth: int = 0
    clip: Clip | None = None


def moved(node: Node, context: Context) -> Context:
    """Return `context` moved by the x and y of an element."""
    left, top = lengths(node.attributes, "x y", context.viewport)
    if not left and not top:
        return context
    # Much faster than `combined` with a translation.
    (a, c, e), (b, d, f) = context.to_page.tolist()
    moved = matrix(a, b, c, d, a * left + c * top + e, b * left + d * top + f)
    return context._replace(to_page=moved)


@lru_cache(maxsize=256)
def shown_in(box: Rectangle, size: Viewport, ratio: str | None) -> Matrix:
    """Return the transform that shows a viewBox at a size by a `preserveAspectRatio`."""
    align, vertical, fit = aspect(ratio)
    return fitting(box, Rectangle(0, 0, *size), fit, align=align, vertical=vertical)
