"""Three hundred SVGs of free licence from packages of the tests, and from programs that run here.

Icons are those that Zensical contains: Material Design (Apache-2.0), Font Awesome Free (CC BY 4.0), Lucide (ISC), Octicons (MIT) and
Simple Icons (CC0). Figures of matplotlib, flags and symbols of reportlab, and drawings of ezdxf are made by those packages. The others
are written here and in `tests/libraries/svg_reader/cases`.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
from ezdxf.addons.drawing.frontend import Frontend
from ezdxf.addons.drawing.layout import Page
from ezdxf.addons.drawing.properties import RenderContext
from ezdxf.addons.drawing.svg import SVGBackend
from matplotlib import rc_context
from matplotlib.figure import Figure
from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing
from reportlab.graphics.widgets import flags, signsandsymbols

from bench.machinery import REPOSITORY
from bench.realfiles.written import WRITTEN

LENGTHS = REPOSITORY / "tests" / "libraries" / "svg_reader" / "usvg_lengths.json"
CASES = REPOSITORY / "tests" / "libraries" / "svg_reader" / "cases"


def sources() -> dict[str, Callable[[], Iterator[tuple[str, bytes]]]]:
    """Return by source the functions that yield names and files."""
    return {
        "icons": icons,
        "matplotlib": figures,
        "reportlab": widgets,
        "ezdxf": plans,
        "written": written,
    }


def real_files() -> dict[str, bytes]:
    """Return all files by their names, `source/name`."""
    return {f"{source}/{name}": data for source, make in sources().items() for name, data in make()}


def icons(of_each: int = 44) -> Iterator[tuple[str, bytes]]:
    """Yield icons that are spread evenly over the names of each set."""
    found = importlib.util.find_spec("zensical")
    assert found is not None and found.origin is not None  # noqa: S101, PT018 - installed
    folder = Path(found.origin).parent / "templates" / ".icons"
    for icon_set in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = sorted(icon_set.rglob("*.svg"))
        for path in paths[:: max(len(paths) // of_each, 1)][:of_each]:
            yield f"{icon_set.name}-{path.stem}", path.read_bytes()


def figures() -> Iterator[tuple[str, bytes]]:
    """Yield figures of matplotlib with texts as outlines, the same on every machine."""
    with rc_context({"svg.hashsalt": "bench", "svg.fonttype": "path"}):
        for name, draw in FIGURES.items():
            figure = Figure(figsize=(5, 4))
            axes: Any = figure.add_subplot(projection="polar" if name.startswith("polar") else None)
            draw(axes, np.random.default_rng(len(name)))
            out = io.BytesIO()
            figure.savefig(out, format="svg", metadata={"Date": None})
            yield name, out.getvalue()


def _lines(axes: Any, style: str) -> None:
    x = np.linspace(0, 6, 80)
    for number in range(3):
        axes.plot(x, np.sin(x + number), style)


FIGURES: dict[str, Callable[[Any, np.random.Generator], object]] = {
    "lines": lambda axes, _: _lines(axes, "-"),
    "dashed": lambda axes, _: _lines(axes, "--"),
    "dotted": lambda axes, _: _lines(axes, ":"),
    "markers": lambda axes, _: _lines(axes, "o-"),
    "crosses": lambda axes, _: _lines(axes, "x"),
    "squares": lambda axes, _: _lines(axes, "s"),
    "bars": lambda axes, rng: axes.bar(range(9), rng.uniform(1, 5, 9)),
    "bars across": lambda axes, rng: axes.barh(range(9), rng.uniform(1, 5, 9), color="tab:green"),
    "histogram": lambda axes, rng: axes.hist(rng.normal(size=400), bins=20, histtype="step"),
    "stacked": lambda axes, rng: axes.hist(rng.normal(size=(300, 3)), stacked=True),
    "pie": lambda axes, rng: axes.pie(rng.uniform(1, 5, 6)),
    "scatter": lambda axes, rng: axes.scatter(*rng.normal(size=(2, 60)), s=30),
    "contours": lambda axes, rng: axes.contour(rng.normal(size=(9, 9)).cumsum(0).cumsum(1)),
    "filled contours": lambda axes, rng: axes.contourf(rng.normal(size=(9, 9)).cumsum(0).cumsum(1)),
    "boxes": lambda axes, rng: axes.boxplot(rng.normal(size=(60, 4))),
    "violins": lambda axes, rng: axes.violinplot(rng.normal(size=(60, 4))),
    "errors": lambda axes, rng: axes.errorbar(range(9), rng.normal(size=9), yerr=0.4),
    "area": lambda axes, rng: axes.fill_between(range(9), rng.uniform(1, 2, 9), 0.5),
    "stack": lambda axes, rng: axes.stackplot(range(9), rng.uniform(1, 2, (3, 9))),
    "steps": lambda axes, rng: axes.step(range(20), rng.normal(size=20)),
    "stems": lambda axes, rng: axes.stem(rng.uniform(1, 3, 12)),
    "arrows": lambda axes, rng: axes.quiver(*rng.normal(size=(2, 6, 6))),
    "streams": lambda axes, _: axes.streamplot(
        np.arange(9), np.arange(9), *np.mgrid[-4:5, -4:5], density=0.6
    ),
    "triangles": lambda axes, rng: axes.triplot(*rng.uniform(size=(2, 30))),
    "logarithmic": lambda axes, _: axes.loglog([1, 10, 1000], [1, 50, 90]),
    "grid": lambda axes, _: (axes.plot([0, 1], [1, 0]), axes.grid()),
    "hatched": lambda axes, rng: axes.eventplot(rng.uniform(size=(4, 20))),
    "polar line": lambda axes, _: axes.plot(np.linspace(0, 6, 60), np.linspace(0, 2, 60)),
    "polar bars": lambda axes, rng: axes.bar(np.arange(0, 6, 0.7), rng.uniform(1, 3, 9), 0.5),
}  # fmt: skip


def widgets() -> Iterator[tuple[str, bytes]]:
    """Yield flags and symbols of reportlab, and charts with straight lines."""
    for country in FLAGS:
        flag = flags.Flag()
        flag.kind = country
        yield f"flag {country}", _drawn(flag, flag.getBounds())
    for name, cls in inspect.getmembers(signsandsymbols, inspect.isclass):
        # One has a text.
        if issubclass(cls, signsandsymbols._Symbol) and name[0] != "_" and name != "StopSign":  # noqa: SLF001
            symbol: Any = cls()
            yield f"symbol {name}", _drawn(symbol, (0, 0, symbol.size, symbol.size))


FLAGS = (
    "UK", "USA", "Austria", "Belgium", "Denmark", "Finland", "France", "Germany", "Greece", "Ireland", "Italy", "Japan", "Luxembourg",
    "Holland", "Palestine", "Portugal", "Russia", "Spain", "Sweden", "Norway", "CzechRepublic", "Turkey", "Switzerland", "EU",
)  # fmt: skip


def _drawn(widget: Any, bounds: Any) -> bytes:
    left, bottom, right, top = bounds
    drawing = Drawing(right - left + 10, top - bottom + 10)
    drawing.add(widget)
    drawing.translate(5 - left, 5 - bottom)
    return str(renderSVG.drawToString(drawing)).encode()


def plans() -> Iterator[tuple[str, bytes]]:
    """Yield drawings of ezdxf."""
    for number in range(6):
        rng = np.random.default_rng(number)
        document = ezdxf.new("R2010", setup=True)  # type: ignore[attr-defined]
        space = document.modelspace()
        for x, y, size in rng.uniform(5, 95, (12, 3)).tolist():
            space.add_circle((x, y), size / 8)
            space.add_lwpolyline([(x, y, 0.5), (y, x, 0), (size, size, -0.3)], format="xyb")
            space.add_ellipse((y, size), (x / 9, 3), 0.4)
        backend = SVGBackend()
        Frontend(RenderContext(document), backend).draw_layout(space)
        yield f"plan {number}", backend.get_string(Page(0, 0)).encode()


def written() -> Iterator[tuple[str, bytes]]:
    """Yield the files that are written here, and the cases of the reader's tests without texts."""
    for name, body in WRITTEN.items():
        yield name, body.encode()
    for path in sorted(CASES.glob("*.svg")):
        data = path.read_bytes()
        # usvg leaves out transforms in style sheets.
        if b"<text" not in data and path.stem != "08-css-transform":
            yield f"case {path.stem}", data
