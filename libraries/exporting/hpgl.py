"""HP-GL for pen plotters of the 1980s."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from libraries.exporting.catalogue import export
from libraries.fields import Params, choice, whole
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.strokes import Strokes
from libraries.plotting import PLOTTERS, Plotter
from libraries.plotting.plotters import Hpgl as Language
from libraries.plotting.plotters import HpglPaper, check_reach, not_plottable


class _Sheet(NamedTuple):
    """The paper for a page, and whether the page is turned by 90 degrees on it."""

    paper: HpglPaper
    is_turned: bool


@export(media_type="application/vnd.hp-hpgl", suffix=".hpgl")
class Hpgl(Params):
    """Write HP-GL for a plotter, with a pen for each layer.

    Portrait pages are turned counterclockwise, because paper is loaded in landscape orientation. A
    page of another size is in the middle of the first paper that holds it.
    """

    profile: str = choice(
        "Plotter; `GET /plotters` lists all.",
        [name for name, plotter in PLOTTERS.items() if plotter.hpgl],
        default="hp7475a",
    )
    velocity: int | None = whole(
        "Drawing speed in cm/s; by default that of the pen, or the highest of the plotter.",
        1,
        999,
        default=None,
    )

    def write(self, document: Document) -> Iterator[bytes]:
        plotter = PLOTTERS[self.profile]
        assert plotter.hpgl is not None  # noqa: S101 - one of the choices
        layers = len(np.unique(document.store.layers))
        if layers > plotter.pens.count:
            raise not_plottable(
                f"{plotter.title} has {plotter.pens.count} pens, the drawing {layers}"
            )
        sheet = _sheet(document, plotter, plotter.hpgl)
        placed = _placed(document, sheet, plotter, plotter.hpgl)
        return self._blocks(document, plotter, plotter.hpgl, sheet.paper, placed)

    def _blocks(
        self,
        document: Document,
        plotter: Plotter,
        language: Language,
        paper: HpglPaper,
        placed: Strokes,
    ) -> Iterator[bytes]:
        yield b"IN;\n" if paper.ps is None else b"IN;PS%d;\n" % paper.ps
        bounds = placed.offsets.tolist()
        for number, layer in enumerate(np.unique(placed.layers).tolist(), 1):
            pen = document.pens[layer]
            speed = (pen.speed or plotter.profile.drawing_speed) / 10
            velocity = max(1, min(self.velocity or round(speed), language.velocity))
            # A stroke leaves the pen down.
            lift = b"PU;" if number > 1 else b""
            # There is no pause; a pen that is put away can be exchanged.
            away = b"SP0;" if pen.pause else b""
            yield lift + away + b"SP%d;VS%d;\n" % (number, velocity)
            for stroke in np.flatnonzero(placed.layers == layer).tolist():
                points = placed.coordinates[bounds[stroke] : bounds[stroke + 1]]
                yield _stroke(points, language.instruction_bytes)
        yield b"PU;SP0;\n"


def _sheet(document: Document, plotter: Plotter, language: Language) -> _Sheet:
    """Return the paper of the size of the page, else the first one that holds it.

    Raises InvalidInput if there is none.
    """
    is_turned = document.height > document.width
    width, height = max(document.width, document.height), min(document.width, document.height)
    if not language.papers:
        flexible = HpglPaper(
            name="page",
            width=width,
            height=height,
            x_range=(0, round(plotter.bed.width / language.unit)),
            y_range=(0, round(plotter.bed.height / language.unit)),
            origin=(0.0, height),
        )
        return _Sheet(flexible, is_turned)
    # Papers are rounded to a millimetre in many programs.
    large = [one for one in language.papers if width < one.width + 1 and height < one.height + 1]
    if not large:
        known = ", ".join(
            f"{one.name} ({one.width:g} x {one.height:g} mm)" for one in language.papers
        )
        raise not_plottable(
            f"the page of {width:g} x {height:g} mm is larger than the papers of {plotter.title}: {known}"
        )
    equal = [one for one in large if width > one.width - 1 and height > one.height - 1]
    return _Sheet((equal or large)[0], is_turned)


def _placed(document: Document, sheet: _Sheet, plotter: Plotter, language: Language) -> Strokes:
    """Return the strokes in whole plotter units, without equal neighbours.

    Raises InvalidInput if a vertex is out of the range.
    """
    points = document.store.coordinates
    size = np.array([document.width, document.height])
    if sheet.is_turned:
        points, size = np.column_stack([points[:, 1], document.width - points[:, 0]]), size[::-1]
    paper = sheet.paper
    origin = np.array(paper.origin) - (np.array([paper.width, paper.height]) - size) / 2
    # y points up on the plotter.
    unit = np.array([1.0, -1.0]) * (-language.unit if paper.turned else language.unit)
    units = np.rint((points - origin) / unit)
    least, most = np.array([paper.x_range, paper.y_range]).T
    outside = ((units < least) | (units > most)).any(axis=1)
    corners = np.array([least, most]) * unit + origin
    margin = math.ceil(max(corners.min(axis=0).max(), (size - corners.max(axis=0)).max()))
    check_reach(document, outside, plotter, f"leave a margin of {margin} mm")
    return Strokes(units, document.store.offsets, document.store.layers).without_repetitions()


def _stroke(points: Floats, most_bytes: int) -> bytes:
    """Return the instructions of a stroke or a dot."""
    move = b"PU%d,%d;" % tuple(points[0].tolist())
    if len(points) == 1:
        return move + b"PD;PU;\n"
    # A point has at most two numbers of six characters, with commas.
    at_once = max(1, (most_bytes - 3) // 14)
    parts = [move]
    for first in range(1, len(points), at_once):
        some = points[first : first + at_once]
        parts.append(
            b"PD" + b",".join([b"%d,%d"] * len(some)) % tuple(some.ravel().tolist()) + b";"
        )
    return b"".join(parts) + b"\n"
