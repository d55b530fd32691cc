"""Assignment of strokes to pens: by layers, or by colours and widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.document import MAX_LAYER_NAME_CHARS, Document
from libraries.geometry.strokes import Pen
from libraries.svg_reader.colours import components
from libraries.svg_reader.items import Ink
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.problems import Problems
from libraries.svg_syntax.layer_codes import LayerCodes, PenAttributes


class PenChoice:
    """Chooses the pen of each ink, in the order in which they are drawn."""

    # Widths that differ by less are drawn with the same pen.
    SAME_WIDTH = 1.05
    MIN_WIDTH_MM, MAX_WIDTH_MM = 0.05, 50.0

    def __init__(
        self,
        document: Document,
        options: ReadingOptions,
        problems: Problems,
        attributes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """`attributes` are those of the groups of layers, by name."""
        self._document = document
        self._attributes = attributes or {}
        self._is_one_layer = False
        self._options = options
        self._problems = problems
        self._widths: dict[str, list[tuple[float, int]]] = {}

    def layers_of(self, inks: Sequence[Ink], used: Sequence[int]) -> Integers:
        """Return the layer of the document for each ink; `used` are the inks with strokes."""
        layers = {inks[number].layer for number in used}
        named = layers - {None}
        self._is_one_layer = len(layers) == 1
        by_layer = self._options.pens_by in {"layer", "group"} or (
            self._options.pens_by == "auto" and (len(named) > 1 or self._is_one_pen(inks, used))
        )
        colours = self._colours([inks[n] for n in used if not (by_layer and inks[n].layer)])
        chosen = np.zeros(len(inks), dtype=np.int64)
        ordered = sorted(used, key=lambda one: LayerCodes.of(inks[one].layer or "").order)
        for number in ordered if self._options.layer_codes else used:
            ink = inks[number]
            if self._options.pens_by == "one":
                chosen[number] = self._pen(inks[used[0]].colour, inks[used[0]])
            elif by_layer and ink.layer is not None:
                chosen[number] = self._pen(ink.layer, ink)
            else:
                chosen[number] = self._by_width(ink._replace(colour=colours[ink.colour]))
        return chosen

    @staticmethod
    def _is_one_pen(inks: Sequence[Ink], used: Sequence[int]) -> bool:
        """Return whether each layer has one colour and one width."""
        pens: dict[str | None, set[tuple[str, float]]] = {}
        for number in used:
            ink = inks[number]
            pens.setdefault(ink.layer, set()).add((ink.colour, ink.width))
        return all(len(found) == 1 for layer, found in pens.items() if layer is not None)

    def _pen(self, name: str, ink: Ink) -> int:
        known = [layer.name for layer in self._document.layers]
        if name in known:
            return known.index(name)
        if len(known) >= Document.MAX_LAYERS:
            self._problems.note("pens", 0, "approximated")
            return len(known) - 1
        width = round(min(max(ink.width, self.MIN_WIDTH_MM), self.MAX_WIDTH_MM), 3)
        pen = Pen(name, ink.colour, width)
        # The colours of a single layer are plotted as it says.
        if ink.layer is not None and (name == ink.layer or self._is_one_layer):
            if self._options.layer_codes:
                pen = LayerCodes.of(ink.layer).applied(pen)
            pen = PenAttributes.read(pen, self._attributes.get(ink.layer, {}))
        return self._document.layer(name, pen)

    def _by_width(self, ink: Ink) -> int:
        """Return the pen of a colour whose width is that of the ink."""
        known = self._widths.setdefault(ink.colour, [])
        width = min(max(ink.width, self.MIN_WIDTH_MM), self.MAX_WIDTH_MM)
        full = len(self._document.layers) >= self._options.max_pens
        for other, layer in known:
            if ink.loose or max(width, other) <= min(width, other) * self.SAME_WIDTH:
                return layer
        if full and known:
            self._problems.note("pens", 0, "approximated")
            return min(known, key=lambda pair: abs(pair[0] - width))[1]
        name = ink.colour if not known else f"{ink.colour} {width:.3g} mm"
        layer = self._pen(name[:MAX_LAYER_NAME_CHARS], ink)
        known.append((width, layer))
        return layer

    def _colours(self, inks: Sequence[Ink]) -> Mapping[str, str]:
        """Return the colour that each one is drawn with; distant ones stay if there are too many."""
        # Equal colours may be written in several ways.
        written: dict[tuple[int, int, int], str] = {}
        same = {ink.colour: written.setdefault(components(ink.colour), ink.colour) for ink in inks}
        found = list(written.values())
        if len(found) <= self._options.max_pens:
            return same
        places = np.array([lab(colour) for colour in found])
        kept = [0]
        away = np.hypot.reduce(places - places[0], axis=1)
        while len(kept) < self._options.max_pens:
            kept.append(int(away.argmax()))
            away = np.minimum(away, np.hypot.reduce(places - places[kept[-1]], axis=1))
        nearest = np.array([np.hypot.reduce(places - places[one], axis=1) for one in kept])
        self._problems.note("pens", 0, "approximated", colours=float(len(found) - len(kept)))
        drawn = {
            colour: found[kept[one]]
            for colour, one in zip(found, nearest.argmin(axis=0).tolist(), strict=True)
        }
        return {colour: drawn[one] for colour, one in same.items()}


def lab(colour: str) -> Floats:
    """Return a colour in CIELAB, where distances are those that are seen."""
    parts = np.array(components(colour)) / 255
    bends = 0.04045
    linear = np.where(parts <= bends, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    roots = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)  # noqa: PLR2004 - CIE 1976
    return np.array([116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])])
