"""G-code for drawing machines and 3D printers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from libraries import VERSION
from libraries.characters import plain_name
from libraries.exporting.catalogue import export
from libraries.fields import Params, choice, flag, mm
from libraries.geometry.arcs import ArcFitter
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen, Strokes
from libraries.plotting import PLOTTERS, Plotter
from libraries.plotting.plotters import Gcode as Language
from libraries.plotting.plotters import check_reach


@export(media_type="text/x-gcode", suffix=".gcode")
class Gcode(Params):
    """Write G-code for a machine; the page has its lower left corner at the origin.

    The commands of the pen are those of the profile. Arcs replace runs of short segments. The pause,
    delay, height and speed of a pen are set before its first stroke.
    """

    profile: str = choice(
        "Machine; `GET /plotters` lists all.",
        [name for name, plotter in PLOTTERS.items() if plotter.gcode],
        default="grbl",
    )
    tolerance: float = mm("Maximum deviation of arcs", 0.001, 0.5, default=0.02)
    arcs: bool = flag("Whether `G2` and `G3` are used, if the machine knows them.", default=True)

    def write(self, document: Document) -> Iterator[bytes]:
        plotter = PLOTTERS[self.profile]
        assert plotter.gcode is not None  # noqa: S101 - one of the choices
        placed = _placed(document, plotter, plotter.gcode)
        with_arcs = self.arcs and plotter.gcode.arcs
        fitter = ArcFitter(placed.coordinates, self.tolerance) if with_arcs else None
        return _blocks(document, plotter, placed, _StrokeWriter(plotter.gcode, placed, fitter))


def _blocks(
    document: Document, plotter: Plotter, placed: Strokes, writer: _StrokeWriter
) -> Iterator[bytes]:
    language = writer.language
    yield _text([*_about(document), *language.start, *language.pen_up])
    for number, layer in enumerate(np.unique(placed.layers).tolist(), 1):
        pen, name = document.pens[layer], _name(document.layers[layer].name)
        change = language.pen_change if number > 1 or pen.pause else ()
        yield _text([*change, f"; pen {number} {name}", *_dwell(pen, language)])
        writer.lower_to(pen.height)
        feed = f" F{round(60 * (pen.speed or plotter.profile.drawing_speed))}"
        moving = f" F{round(60 * plotter.profile.travel_speed)}" if language.travel == "G1" else ""
        for stroke in np.flatnonzero(placed.layers == layer).tolist():
            yield writer.stroke(stroke, feed, moving)
    yield _text(language.end)


class _StrokeWriter:
    """Writes strokes with the commands of a language."""

    def __init__(self, language: Language, placed: Strokes, fitter: ArcFitter | None) -> None:
        self.language = language
        self._fitter = fitter
        self._points, self._bounds = placed.coordinates, placed.offsets.tolist()
        self._up = _text(language.pen_up)
        self.lower_to(None)
        number = f"%.{language.decimals}f"
        self._point = f"X{number} Y{number}"
        self._arc = f"%s {self._point} I{number} J{number}"

    def lower_to(self, height: float | None) -> None:
        """Set the height of the pen in percent, or that of the plotter."""
        self._down = _text(_lowering(self.language, height))

    def stroke(self, stroke: int, feed: str, moving: str) -> bytes:
        """Return the lines of a stroke; `feed` and `moving` are the feed rates with a space."""
        first, last = self._bounds[stroke], self._bounds[stroke + 1] - 1
        move = f"{self.language.travel} {self._point}{moving}\n" % tuple(
            self._points[first].tolist()
        )
        body = "".join(self._pieces(first, last))
        if body:
            # The feed rate stays until another one is given.
            command, rest = body.split("\n", 1)
            body = f"{command}{feed}\n{rest}"
        return move.encode() + self._down + body.encode() + self._up

    def _pieces(self, first: int, last: int) -> Iterator[str]:
        for arc in self._fitter.arcs(first, last) if self._fitter else ():
            yield self._lines(first, arc.first)
            start, end = self._points[arc.first], self._points[arc.last]
            values = (*end.tolist(), *(np.array(arc.centre) - start).tolist())
            yield f"{self._arc}\n" % ("G3" if arc.turn > 0 else "G2", *values)
            first = arc.last
        yield self._lines(first, last)

    def _lines(self, first: int, last: int) -> str:
        """Return lines from one vertex to another one."""
        points = self._points[first + 1 : last + 1].ravel().tolist()
        return f"G1 {self._point}\n" * (last - first) % tuple(points)


class _Heights:
    """Heights of the pen in percent, as the software of AxiDraw has them by default."""

    DOWN, UP = 30.0, 60.0
    WORD = re.compile(r"([A-Z]+=?)(-?[0-9]+(?:\.[0-9]+)?)")


def _lowering(language: Language, height: float | None) -> list[str]:
    """Return the lines that lower the pen to a height in percent.

    Numbers that differ from those of the raised pen follow the height, such as the angle of a servo.
    """
    if height is None:
        return list(language.pen_down)
    # Not below the lowered pen, which could be driven into the bed.
    lift = min(max((height - _Heights.DOWN) / (_Heights.UP - _Heights.DOWN), 0.0), 1.0)
    lines = []
    for line, raised in zip_longest(language.pen_down, language.pen_up, fillvalue=""):
        ups = dict(map(_word, raised.split()))
        words = []
        for name, value in map(_word, line.split()):
            other = ups.get(name, value)
            if name not in {"G", "M", "F", "P"} and other != value:
                number = float(value) + lift * (float(other) - float(value))
                words.append(f"{name}{round(number, 2):g}")
            else:
                words.append(name + value)
        lines.append(" ".join(words))
    return lines[: len(language.pen_down)]


def _word(text: str) -> tuple[str, str]:
    """Return a word of G-code as its name and its number, which may be empty."""
    found = _Heights.WORD.fullmatch(text)
    return (found[1], found[2]) if found else (text, "")


def _dwell(pen: Pen, language: Language) -> list[str]:
    """Return the command that waits before the first stroke of a pen, if it has a delay."""
    if not pen.delay:
        return []
    return [f"G4 P{pen.delay * 1000:.0f}" if language.dwell == "ms" else f"G4 P{pen.delay:.3f}"]


def _placed(document: Document, plotter: Plotter, language: Language) -> Strokes:
    """Return the strokes as the machine gets them, without equal neighbours.

    Raises InvalidInput if a vertex is out of its reach.
    """
    store = document.store
    x, y = store.coordinates.T
    # About the page, so that a drawing keeps its place on the paper.
    y = document.height - y if language.flip_y else y
    offset = np.array([language.offset_x, language.offset_y])
    # Adding zero turns -0.0 into 0.0.
    points = np.round(np.column_stack([x, y]) + offset, language.decimals) + 0.0
    outside = ((points < 0) | (points > [plotter.bed.width, plotter.bed.height])).any(axis=1)
    bed = plotter.bed
    hint = f"it reaches {bed.width:g} x {bed.height:g} mm from the lower left corner of the page"
    check_reach(document, outside, plotter, hint)
    return Strokes(points, store.offsets, store.layers).without_repetitions()


def _about(document: Document) -> Iterator[str]:
    if document.title:
        yield f"; {_name(document.title)}"
    yield f"; made by vector-api {VERSION}"
    if recipe := document.recipe_sha256:
        yield f"; recipe {recipe}"


def _name(text: str) -> str:
    return plain_name(text, "A-Za-z0-9 _.-", 40)


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
