"""DXF of AutoCAD release 12, which most programs for machines read."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

import numpy as np

from libraries import VERSION
from libraries.characters import plain_name
from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document, Layer
from libraries.previews import rgba

Group = tuple[int, object]


@export(media_type="image/vnd.dxf", suffix=".dxf")
class Dxf(Params):
    """Write polylines on a layer for each pen; a unit is a millimetre.

    The lower left corner of the page is the origin. Dots are points, and closed strokes closed
    polylines.
    """

    def write(self, document: Document) -> Iterator[bytes]:
        layers = [layer for layer, _ in document.drawn_layers()]
        names, colours = _names(layers), [_colour_index(layer.pen.colour) for layer in layers]
        return _blocks(document, names, colours)


def _blocks(document: Document, names: list[str], colours: list[int]) -> Iterator[bytes]:
    yield _groups(_head(document, names, colours))
    for name, (_, strokes) in zip(names, document.drawn_layers(), strict=True):
        # About the page, so that a drawing keeps its place.
        points = np.column_stack(
            [strokes.coordinates[:, 0], document.height - strokes.coordinates[:, 1]]
        )
        # Adding zero turns -0.0 into 0.0.
        points = np.round(points, 4) + 0.0
        bounds = strokes.offsets.tolist()
        for first, last in pairwise(bounds):
            yield _stroke(points[first:last], name)
    yield _groups([(0, "ENDSEC"), (0, "EOF")])


def _head(document: Document, names: list[str], colours: list[int]) -> Iterator[Group]:
    about = [plain_name(document.title, "A-Za-z0-9 _.-", 40), f"made by vector-api {VERSION}"]
    if document.recipe_sha256:
        about.append(f"recipe {document.recipe_sha256}")
    for text in filter(None, about):
        yield 999, text
    yield from [(0, "SECTION"), (2, "HEADER"), (9, "$ACADVER"), (1, "AC1009")]
    for name, x, y in (("$EXTMIN", 0.0, 0.0), ("$EXTMAX", document.width, document.height)):
        yield from [(9, name), (10, x), (20, y)]
    yield from [(0, "ENDSEC"), (0, "SECTION"), (2, "TABLES")]
    yield from [(0, "TABLE"), (2, "LTYPE"), (70, 1), (0, "LTYPE"), (2, "CONTINUOUS"), (70, 0)]
    yield from [(3, "Solid line"), (72, 65), (73, 0), (40, 0.0), (0, "ENDTAB")]
    yield from [(0, "TABLE"), (2, "LAYER"), (70, len(names) + 1)]
    for name, colour in zip(["0", *names], [7, *colours], strict=True):
        yield from [(0, "LAYER"), (2, name), (70, 0), (62, colour), (6, "CONTINUOUS")]
    yield from [(0, "ENDTAB"), (0, "ENDSEC"), (0, "SECTION"), (2, "ENTITIES")]


def _stroke(points: Floats, name: str) -> bytes:
    if len(points) == 1 or (points == points[0]).all():
        return _groups([(0, "POINT"), (8, name), (10, points[0, 0]), (20, points[0, 1])])
    least = 3  # A line there and back has the same ends, and is not closed.
    is_closed = len(points) > least and bool((points[0] == points[-1]).all())
    corners = points[:-1] if is_closed else points
    begin: list[Group] = [
        (0, "POLYLINE"),
        (8, name),
        (66, 1),
        (10, 0.0),
        (20, 0.0),
        (70, int(is_closed)),
    ]
    vertex = f"0\nVERTEX\n8\n{name}\n10\n%.4f\n20\n%.4f\n"
    body = (vertex * len(corners)) % tuple(corners.ravel().tolist())
    return _groups(begin) + body.encode() + _groups([(0, "SEQEND"), (8, name)])


def _groups(groups: Iterable[Group]) -> bytes:
    lines = [
        f"{code}\n{value:.4f}\n" if isinstance(value, float) else f"{code}\n{value}\n"
        for code, value in groups
    ]
    return "".join(lines).encode()


def _names(layers: list[Layer]) -> list[str]:
    """Return names with the characters that R12 allows, each with its number."""
    names = [plain_name(layer.name.upper(), "A-Z0-9$_-", 28).replace(" ", "_") for layer in layers]
    return [f"{number}_{name}"[:31].rstrip("_") for number, name in enumerate(names, 1)]


def _colour_index(colour: str) -> int:
    """Return the number of the nearest colour of AutoCAD; black is 7, which is white on black."""
    red, green, blue, alpha = rgba(colour, "colour")
    if not alpha or max(red, green, blue) < 32:  # noqa: PLR2004 - nearly black
        return 7
    palette = _palette()
    distances = ((palette - np.array([red, green, blue])) ** 2).sum(axis=1)
    return int(distances.argmin()) + 1


@cache
def _palette() -> Floats:
    """Return the 255 colours of AutoCAD, from 1: shape (255, 3).

    After nine fixed ones there are 24 hues of five values, each also with half the saturation, and
    six greys.
    """
    fixed = [
        (255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255), (255, 0, 255),
        (255, 255, 255), (128, 128, 128), (192, 192, 192),
    ]  # fmt: skip
    hues = [
        [255 * part for part in colorsys.hsv_to_rgb(hue / 24, saturation, value)]
        for hue in range(24)
        for value in (1.0, 0.65, 0.5, 0.3, 0.15)
        for saturation in (1.0, 0.5)
    ]
    greys = [(grey, grey, grey) for grey in (51, 91, 132, 173, 214, 255)]
    return np.array([*fixed, *hues, *greys], dtype=np.float64)
