"""Certificates of optimised drawings: how far each figure is from the best possible one.

Everything can be checked from the drawing before, the drawing after and the certificate alone: see
`examples/check_certificate.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from libraries.geometry.document import Document
from libraries.geometry.joining.euler import least_strokes
from libraries.geometry.joining.pieces import Pieces, keys_of, micrometres
from libraries.geometry.nearest import connected_parts
from libraries.geometry.routing import Bound
from libraries.geometry.strokes import HOME
from libraries.plotting.comparison import Comparison
from libraries.plotting.layers import on_layer
from libraries.plotting.planner import plan
from libraries.plotting.profiles import PlotterProfile


@dataclass(frozen=True, kw_only=True)
class Search:
    """Facts of a search that its result does not show.

    `ink_mm` has the changes of the length of all strokes by step, `widest_join_mm` the widest gap
    between ends that were joined. `constraints` are the options that limit the order; the least
    lifts and the bound of the travel are without them.
    """

    effort: str
    tolerance_mm: float
    simplify_mm: float
    moves: int
    stopped: str | None
    ink_mm: Mapping[str, float]
    widest_join_mm: float
    bounds: Sequence[Bound] = ()
    estimated_gap: float | None = None
    constraints: Sequence[str] = ()


@dataclass(frozen=True)
class Certificate:
    """The figures of a plan; lengths are in mm and times in seconds."""

    VERSION = 1

    before: Document
    after: Document
    search: Search
    profiles: Iterable[PlotterProfile] = field(default=())

    def as_record(self) -> dict[str, Any]:
        """Return the certificate for JSON, lengths rounded to 0.001 mm."""
        before, after, search = self.before, self.after, self.search
        compared = Comparison(before, after)
        return {
            "version": self.VERSION,
            "input_sha256": strokes_sha256(before),
            "output_sha256": strokes_sha256(after),
            "effort": search.effort,
            "constraints": list(search.constraints),
            "moves": search.moves,
            "stopped": search.stopped,
            "tolerance_mm": search.tolerance_mm,
            "simplify_mm": search.simplify_mm,
            "lifts": {
                "before": len(before),
                "after": len(after),
                "minimum": least_lifts(after),
            },
            **self._travel(),
            "ink_mm": self._ink(),
            "widest_join_mm": round(search.widest_join_mm, 3),
            "deviation_mm": math.ceil(compared.deviation_mm() * 1000) / 1000,
            "changed_ink": round(compared.changed_ink(), 6),
            "seconds": self._seconds(),
        }

    def _travel(self) -> dict[str, Any]:
        before, after = (travel_mm(document) for document in (self.before, self.after))
        bounds = self.search.bounds
        # Rounded down, so that it stays a bound.
        bound = math.floor(math.fsum(one.mm for one in bounds) * 1000) / 1000
        penalties = [
            None if one.penalties is None else np.round(one.penalties, 6).tolist() for one in bounds
        ]
        pen_up = {"before": round(before, 3), "after": round(after, 3), "bound": bound}
        return {
            "pen_up_mm": pen_up | {"penalties": penalties},
            "gap": round(pen_up["after"] / bound - 1, 6) if bound > 0 else None,
            "estimated_gap": self.search.estimated_gap,
        }

    def _ink(self) -> dict[str, float]:
        before, after = (float(one.strokes().lengths.sum()) for one in (self.before, self.after))
        changes = self.search.ink_mm
        figures = {"before": before, "after": after, "duplicates": -changes.get("duplicates", 0.0)}
        figures |= {name: changes.get(name, 0.0) for name in ("joins", "simplified", "passes")}
        return {name: round(length, 3) + 0.0 for name, length in figures.items()}

    def _seconds(self) -> dict[str, dict[str, float]]:
        return {
            profile.name: {
                name: round(plan(document.strokes(), document.pens, profile).seconds, 3)
                for name, document in (("before", self.before), ("after", self.after))
            }
            for profile in self.profiles
        }


def without_penalties(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a certificate without the penalties of its bound, of which there is one per stroke."""
    travel = {key: one for key, one in record["pen_up_mm"].items() if key != "penalties"}
    return {**record, "pen_up_mm": travel}


def strokes_sha256(document: Document) -> str:
    """Return a hash of the strokes of each layer, in micrometres, which is the same for any file.

    A layer without strokes is left out. Each other one contributes its number of strokes, their
    numbers of vertices and all coordinates, as little-endian integers of 64 bits.
    """
    digest = sha256()
    for layer in np.unique(document.store.layers).tolist():
        pieces = on_layer(document, layer)
        grid = micrometres(pieces.coordinates)
        for numbers in (np.array([len(pieces.counts)]), pieces.counts, grid):
            digest.update(numbers.astype("<i8").tobytes())
    return digest.hexdigest()


def least_lifts(document: Document) -> int:
    """Return the least number of strokes that draw all lines, each once, layer by layer.

    Vertices with equal coordinates are one point of the drawing; a lone dot is a stroke.
    """
    used = np.unique(document.store.layers).tolist()
    return sum(_least_strokes(on_layer(document, layer)) for layer in used)


def _least_strokes(pieces: Pieces) -> int:
    _, nodes = np.unique(keys_of(pieces.coordinates), return_inverse=True)
    owners = pieces.owners
    rows = np.flatnonzero(owners[1:] == owners[:-1])
    edges = np.column_stack((nodes[rows], nodes[rows + 1]))
    parts = connected_parts(int(nodes.max()) + 1, edges)
    return int(least_strokes(edges, parts).sum())


def travel_mm(document: Document) -> float:
    """Return the travel with the pen up in mm, from and to the origin."""
    return math.fsum(document.strokes().travels(HOME))
