"""Drawings of PlotBench: random strokes, the product's own drawings, and files from other projects.

A set has one or more drawings, whose figures are added up. The files of other projects are packages of npm with free licences, which
are downloaded into the cache, icons of a package of the tests, figures that matplotlib writes in its own environment, and those of
gnuplot and graphviz, if they are installed.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.machinery import REPOSITORY, BenchError
from bench.peers.foreign import ADAPTERS, Environment
from bench.peers.npm import NpmPackage
from bench.plotbench.programs import gnuplot_figures, graphs
from bench.plotbench.routing import random_strokes
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.patterns import PATTERNS, draw_pattern
from libraries.sheets.composing import compose
from libraries.sheets.composition import load_composition
from libraries.svg_reader import read_svg

A4, A3 = (210.0, 297.0), (420.0, 297.0)
PEN = Pen("black", width=0.3)
FEATHER = NpmPackage(
    "feather-icons",
    "4.29.2",
    "0TaCFTnBTVCz6U+baY2UJNKne5ifGh7sMG4ZC2LoBWCZdIyPa+y6UiR4lEYGws1JOFWdee8KAsAIvu0VcXqiqA==",
)
ATLAS = NpmPackage(
    "world-atlas",
    "2.0.2",
    "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==",
)
MATPLOTLIB = ["matplotlib==3.11.2"]
TIMEOUT_S = 120


@dataclass(frozen=True)
class DrawingSet:
    """Drawings whose figures are added up; `make` returns them, `source` describes them.

    `is_large` is set if slow tools are left out, `is_many` if those that use all the time that they get are.
    """

    name: str
    source: str
    make: Callable[[], Sequence[Document]]
    is_large: bool = False
    is_many: bool = False


def drawing_sets(*, quick: bool, foreign: bool) -> list[DrawingSet]:
    """Return the sets of a run; `foreign` adds those that need other projects."""
    sizes = (60, 120) if quick else (1_000, 10_000, 100_000)
    sets = [
        DrawingSet(
            f"{count:,} random strokes",
            "random strokes: 2 to 6 vertices, on A4",
            lambda count=count: [random_drawing(count)],  # type: ignore[misc]
            is_large=count > 10_000,  # noqa: PLR2004
        )
        for count in sizes
    ]
    names = ["lsystem", "noise_lines"] if quick else list(PATTERNS)
    files = sorted((REPOSITORY / "examples" / "compositions").glob("*.json"))
    # The last one is the smallest.
    files = files[-1:] if quick else files
    sets += [
        DrawingSet(
            "patterns",
            f"patterns: {len(names)}, each with its defaults on A4, strokes as the pattern draws them",
            lambda: [pattern_drawing(name) for name in names],
            is_many=True,
        ),
        DrawingSet(
            "compositions",
            f"compositions: {len(files)} of examples/compositions, as composed",
            lambda: [composed(path) for path in files],
            is_many=True,
        ),
    ]
    return sets + (FOREIGN if foreign and not quick else [])


def random_drawing(count: int) -> Document:
    coordinates, offsets = random_strokes(count)
    document = Document(*A4)
    document.extend(coordinates, offsets, document.layer("black", PEN))
    return document


def pattern_drawing(name: str) -> Document:
    document = Document(*A4)
    document.add(draw_pattern(name, Area(*A4, 15), {}, seed=0), document.layer("black", PEN))
    return document


def composed(path: Path) -> Document:
    """Return the drawing of a composition in the order of its elements."""
    given = json.loads(path.read_text())
    # The name of the file of a request; the library does not know it.
    given.pop("id", None)
    return compose(load_composition(given)).drawing


def line_icons() -> Document:
    paths = sorted((FEATHER.folder() / "dist" / "icons").glob("*.svg"))
    return icon_sheet([path.read_bytes() for path in paths])


def filled_icons() -> Document:
    """Return icons of five sets by their outlines."""
    try:
        # Packages of the tests, which a run without other projects does not need.
        from bench.realfiles.files import icons  # noqa: PLC0415
    except ImportError as error:
        raise BenchError(f"{error.name} is not installed") from None
    return icon_sheet([data for _, data in icons()])


def icon_sheet(icons: Sequence[bytes]) -> Document:
    """Return icons on A3, in rows of 21, each 14 mm wide."""
    document = Document(*A3)
    layer = document.layer("black", PEN)
    for number, data in enumerate(icons):
        column, row = number % 21, number // 21
        left, top = 23 + column * 18.0, 20 + row * 18.0
        icon = read_svg(data).document
        placed = icon.fitted(Rectangle(left, top, left + 14, top + 14)).store
        document.extend(placed.coordinates, placed.offsets, layer)
    return document


def world_map() -> Document:
    """Return the borders of all countries on A3: a closed stroke for each ring, so that common borders are drawn twice."""
    topology = json.loads((ATLAS.folder() / "countries-110m.json").read_text())
    arcs = _arcs(topology)
    document = Document(*A3)
    layer = document.layer("black", PEN)
    for country in topology["objects"]["countries"]["geometries"]:
        for ring in _rings(country):
            lines = [arcs[arc] if arc >= 0 else arcs[~arc][::-1] for arc in ring]
            points = np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
            # 1 mm per degree, north above.
            document.add([points * [1.0, -1.0] + [210, 148.5]], layer)
    return document


def _arcs(topology: Mapping[str, Any]) -> list[Floats]:
    """Return the arcs of a TopoJSON file, shape (n, 2), in degrees."""
    scale, shift = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def _rings(country: Mapping[str, Any]) -> list[list[int]]:
    if country.get("type") == "Polygon":
        return list(country["arcs"])
    return [ring for polygon in country.get("arcs", ()) for ring in polygon]


def figures() -> list[Document]:
    """Return figures that matplotlib writes as SVG: a surface as a wireframe, contour lines, and curves."""
    environment = Environment("plotbench-matplotlib", MATPLOTLIB)
    environment.prepare(lambda _: None)
    command = [environment.program("python"), str(ADAPTERS / "matplotlib_figures.py")]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"matplotlib did not draw: {error}") from None
    return in_black([text.encode() for text in json.loads(done.stdout)])


def in_black(figures: Sequence[bytes]) -> list[Document]:
    return [_in_black(read_svg(data).document) for data in figures]


def _in_black(figure: Document) -> Document:
    """Return a figure with a single pen, without the outlines of its white background."""
    document = Document(figure.width, figure.height)
    document.layer("black", PEN)
    for layer, part in figure.drawn_layers():
        if layer.pen.colour != "#ffffff":
            document.extend(part.coordinates, part.offsets, 0)
    return document


FOREIGN = [
    DrawingSet(
        "icons", f"icons: {FEATHER} (MIT), all 287 on a sheet of A3", lambda: [line_icons()]
    ),
    DrawingSet(
        "filled icons",
        "filled icons: 220 of Font Awesome (CC BY 4.0), Lucide (ISC), Material Design (Apache-2.0), Octicons (MIT) and Simple Icons (CC0), "
        "by their outlines, on a sheet of A3",
        lambda: [filled_icons()],
    ),
    DrawingSet(
        "world map",
        f"map: {ATLAS} (ISC; Natural Earth, public domain), 110m countries, each ring a stroke, on A3",
        lambda: [world_map()],
    ),
    DrawingSet(
        "figures",
        f"figures: {MATPLOTLIB[0].replace('==', ' ')}, a wireframe, contour lines and curves",
        figures,
        is_many=True,
    ),
    DrawingSet(
        "gnuplot",
        "gnuplot: a surface with hidden lines, contour lines and curves, as the installed version draws them",
        lambda: in_black(gnuplot_figures()),
        is_many=True,
    ),
    DrawingSet(
        "graphviz",
        "graphviz: random graphs with labels by dot, neato and circo, as the installed version draws them",
        lambda: in_black(graphs()),
        is_many=True,
    ),
]
