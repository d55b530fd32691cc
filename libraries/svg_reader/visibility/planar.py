"""The visible strokes of items: dashes, clips, fills, and what opaque fills hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers, flattened, line_length, total_length
from libraries.geometry.clipping import clip_to_region, overlaid
from libraries.geometry.dashes import dashed
from libraries.geometry.document import StrokeArray
from libraries.geometry.filling import are_tangled, boundary_of, fill_region, hatch_lines
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.svg_reader.clips import region_of_clip
from libraries.svg_reader.items import Ink, Item
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.problems import Action, Problems
from libraries.svg_reader.visibility.covering import Cover, stroke_area, visible_lines
from libraries.svg_reader.visibility.edges import box_of, closed_line, fill_edges
from libraries.svg_reader.visibility.simple import (
    has_fills,
    inks_of,
    invisible_dots,
    is_near_paper,
    without_wide_clips,
)
from libraries.svg_syntax.curves import MAX_VERTICES, too_many_vertices
from libraries.work import Work


class Drawn(NamedTuple):
    """Strokes in order, the item and the ink of each, and the inks."""

    coordinates: Floats
    offsets: Integers
    items: Integers
    strokes: Integers
    inks: list[Ink]


class Piece(NamedTuple):
    """The strokes of an item with one ink."""

    item: int
    ink: Ink
    lines: list[Floats]


def visible_strokes(
    store: StrokeArray,
    items: Sequence[Item],
    page: Rectangle,
    *,
    options: ReadingOptions,
    problems: Problems,
    work: Work,
) -> Drawn:
    """Return the visible strokes of items; the layers of `store` are their indices."""
    items = without_wide_clips(store, items)
    inks = inks_of(items)
    plain = all(item.clip is None and not item.look.dashes for item in items)
    plain = plain and options.max_pen_width is None and not has_fills(store, items)
    dots = invisible_dots(store, items)
    # White lines are rare, but have to be found.
    pale = any(is_near_paper(ink.colour, options.paper) for ink in dict.fromkeys(inks))
    if plain and not dots.any() and not pale:
        different = list(dict.fromkeys(inks))
        known = {ink: number for number, ink in enumerate(different)}
        numbers = np.array([known[ink] for ink in inks], dtype=np.int64)
        return Drawn(
            store.coordinates, store.offsets, store.layers, numbers[store.layers], different
        )
    plane = _Plane(items, inks, page, options=options, problems=problems, work=work)
    return plane.drawn(store, dots)


class _Plane:
    """Works on the items one by one, then hides what is covered."""

    MAX_DASHES = 100_000
    # Finer patterns look like a line, as no pen could draw them.
    MIN_DASHES_MM = 0.02
    # Strokes of an item whose area is computed.
    MAX_AREA_STROKES = 5000
    MAX_HATCH_LINES = 20_000
    # Strokes are drawn by their outline if they are this much wider than the pen.
    MUCH_WIDER = 1.5
    # Steps of work per item.
    STEPS = 15
    # Smaller areas show nothing.
    MIN_AREA_MM2 = 1e-6

    def __init__(
        self,
        items: Sequence[Item],
        inks: list[Ink],
        page: Rectangle,
        *,
        options: ReadingOptions,
        problems: Problems,
        work: Work,
    ) -> None:
        self._items = items
        self._inks = inks
        self._page = page
        self._options = options
        self._problems = problems
        self._work = work
        # The areas in mm² of fills with one line that does not cross itself.
        self._areas: dict[int, float] = {}
        # Items with a fill whose area is not known.
        self._tangled: set[int] = set()
        self._paper = options.paper
        self._points: dict[int, Floats] = {}
        self._covers: list[Cover] = []
        self._vertices = 0
        self._has_ink = False

    def drawn(self, store: StrokeArray, dots: NDArray[np.bool_]) -> Drawn:
        """Return what is visible of the strokes in `store`, without its `dots`."""
        lines = np.split(store.coordinates, store.offsets[1:-1]) if len(store) else []
        bounds = np.searchsorted(store.layers, np.arange(len(self._items) + 1)).tolist()
        own = [
            [line for line, gone in zip(lines[a:b], dots[a:b], strict=True) if not gone]
            for a, b in pairwise(bounds)
        ]
        regions = self._regions(own)
        if any(item.clip is not None for item in self._items):
            self._points = {n: np.concatenate(some) for n, some in enumerate(own) if some}
        pieces: list[Piece] = []
        for number, lines_of_item in enumerate(own):
            if self._is_plain(number):
                self._work.spend(self.STEPS)
                found = [Piece(number, self._inks[number], lines_of_item)] if lines_of_item else []
            else:
                found = list(self._pieces(number, lines_of_item, regions.get(number)))
            pieces += found
            self._has_ink = self._has_ink or bool(found)
            for piece in found:
                self._vertices += sum(map(len, piece.lines))
            if self._vertices > MAX_VERTICES:
                raise too_many_vertices()
        # Most files have a background, which hides nothing.
        self._covers = [one for one in self._covers if pieces and one.level > pieces[0].item]
        if self._covers:
            pieces = self._uncovered(pieces)
        return self._joined(pieces)

    def _is_plain(self, number: int) -> bool:
        """Return whether all strokes of an item are drawn as they are, apart from what covers them."""
        item, ink = self._items[number], self._inks[number]
        return (
            item.look.is_plain
            and item.clip is None
            and item.edge
            and self._options.max_pen_width is None
            and not is_near_paper(ink.colour, self._paper)
        )

    def _regions(self, own: list[list[Floats]]) -> dict[int, BaseGeometry]:
        """Return the areas of the items with a fill; those of one line at once."""
        filled = [
            n for n, item in enumerate(self._items) if item.look.has_fill and item.edge and own[n]
        ]
        corners = 3
        most = 500
        single = [n for n in filled if len(own[n]) == 1 and corners <= len(own[n][0]) <= most]
        regions: dict[int, BaseGeometry] = {}
        if single:
            counts = [len(own[n][0]) for n in single]
            rings = shapely.linearrings(
                np.concatenate([own[n][0] for n in single]),
                indices=np.repeat(np.arange(len(single)), counts),
            )
            polygons = np.asarray(shapely.polygons(rings), dtype=np.object_)
            good = np.flatnonzero(shapely.is_valid(polygons))
            numbers = np.array(single)[good].tolist()
            regions = dict(zip(numbers, polygons[good], strict=True))
            self._areas = dict(zip(numbers, shapely.area(polygons[good]).tolist(), strict=True))
        for n in filled:
            if n not in regions and any(len(line) >= corners for line in own[n]):
                evenodd = self._items[n].look.fill_rule == "evenodd"
                try:
                    regions[n] = fill_region(own[n], evenodd=evenodd, work=self._work)
                except InvalidInput:
                    self._tangled.add(n)
        return regions

    def _pieces(
        self, number: int, lines: list[Floats], region: BaseGeometry | None
    ) -> Iterator[Piece]:
        """Yield the strokes of an item; notes its cover."""
        item = self._items[number]
        self._work.spend(self.STEPS)
        clip = self._clip_region(item)
        if region is not None and clip is not None and not overlaid(shapely.contains, clip, region):
            region, lines_of_fill = overlaid(shapely.intersection, region, clip), None
            self._areas.pop(number, None)
        else:
            lines_of_fill = lines
        if region is not None and self._area_of(number, region) < self.MIN_AREA_MM2:
            region = None
        if item.look.has_fill and item.edge:
            if number in self._tangled:
                yield from self._tangled_edges(number, lines, clip)
            elif region is not None:
                yield from self._filled(number, region, lines_of_fill)
            elif not item.look.has_stroke:
                self._problems.note("invisible", item.line, "hidden")
        if not item.edge or item.look.has_stroke:
            yield from self._pieces_of_stroke(number, lines, clip)

    def _area_of(self, number: int, region: BaseGeometry) -> float:
        area = self._areas.get(number)
        return float(region.area) if area is None else area

    def _filled(
        self, number: int, region: BaseGeometry, lines: list[Floats] | None
    ) -> Iterator[Piece]:
        """Yield the edge and the hatching of a fill, unless it is of the colour of the paper."""
        item = self._items[number]
        look = item.look
        if not look.has_stroke and self._is_background(number, region):
            self._paper = look.fill if look.covers else self._paper
        if look.covers and self._options.occlude:
            self._covers.append(Cover(number, region))
        if is_near_paper(look.fill, self._paper):
            if not look.has_stroke:
                self._problems.note(
                    "paper-colour", item.line, "hidden", mm2=self._area_of(number, region)
                )
            return
        done: Mapping[str, Action] = {"none": "ignored", "hatch": "replaced"}
        how = self._options.fills
        area = self._area_of(number, region)
        self._problems.note("fill", item.line, done.get(how, "approximated"), mm2=area)
        if how == "none":
            return
        ink = Ink(item.layer, look.fill, Pen.width, loose=True)
        edges = fill_edges(look, region, lines, crosses=number not in self._areas)
        if edges:
            yield Piece(number, ink, edges)
        if how == "hatch":
            spacing, angle = self._options.hatch_spacing, self._options.hatch_angle
            yield Piece(
                number, ink, hatch_lines(region, spacing, angle, self.MAX_HATCH_LINES, self._work)
            )

    def _tangled_edges(
        self, number: int, lines: list[Floats], clip: BaseGeometry | None
    ) -> Iterator[Piece]:
        """Yield the edge of a fill whose area is not known; it hides nothing."""
        item = self._items[number]
        self._problems.note("tangled-fill", item.line, "approximated")
        if not item.look.has_stroke and self._options.fills != "none":
            ink = Ink(item.layer, item.look.fill, Pen.width, loose=True)
            yield Piece(
                number, ink, self._clipped(item, clip, [closed_line(line) for line in lines])
            )

    def _is_background(self, number: int, region: BaseGeometry) -> bool:
        """Return whether a fill below everything else covers the page, with other colours above it."""
        if self._has_ink:
            return False
        left, top, right, bottom = region.bounds
        page = self._page
        room = 0.01 * min(page.width, page.height)
        if left > room or top > room or right < page.right - room:
            return False
        if bottom < page.bottom - room:
            return False
        colour = self._items[number].look.fill
        if all(is_near_paper(ink.colour, colour) for ink in self._inks[number + 1 :]):
            return False
        inner = box_of(Rectangle(room, room, page.right - room, page.bottom - room))
        return bool(overlaid(shapely.contains, region, inner))

    def _pieces_of_stroke(
        self, number: int, lines: list[Floats], clip: BaseGeometry | None
    ) -> Iterator[Piece]:
        item, ink = self._items[number], self._inks[number]
        lines = self._clipped(item, clip, self._dashed(item, lines))
        if not lines or self._is_left_out(number, ink, lines):
            return
        widest = self._options.max_pen_width
        if widest is None or not item.edge or ink.width <= widest * self.MUCH_WIDER:
            yield Piece(number, ink, lines)
            return
        if not self._has_area(lines):
            self._problems.note("wide-stroke", item.line, "approximated")
            yield Piece(number, ink._replace(width=widest), lines)
            return
        # The ink of the pen stays inside of the stroke.
        area = stroke_area(lines, (ink.width - widest) / 2, item.look)
        self._problems.note("wide-stroke", item.line, "replaced", mm2=area.area)
        thin = ink._replace(width=widest)
        yield Piece(number, thin, boundary_of(area))
        if self._options.fills == "hatch":
            spacing, angle = self._options.hatch_spacing, self._options.hatch_angle
            yield Piece(
                number, thin, hatch_lines(area, spacing, angle, self.MAX_HATCH_LINES, self._work)
            )

    def _has_area(self, lines: list[Floats]) -> bool:
        """Return whether the area of strokes is computed: they are not too many, nor too tangled."""
        self._work.spend(50 * sum(map(len, lines)))
        return len(lines) <= self.MAX_AREA_STROKES and not are_tangled(lines, self._work)

    def _is_left_out(self, number: int, ink: Ink, lines: list[Floats]) -> bool:
        """Return whether a stroke has the colour of the paper; such a stroke hides what is below."""
        item = self._items[number]
        if item.layer is not None or not is_near_paper(ink.colour, self._paper):
            return False
        mm = sum(map(line_length, lines))
        self._problems.note("paper-colour", item.line, "hidden", mm=mm)
        is_opaque = item.edge and item.look.stroke_opacity >= 1
        if self._options.occlude and is_opaque and self._has_area(lines):
            area = stroke_area(lines, ink.width / 2, item.look)
            self._covers.append(Cover(number, area))
        return True

    def _dashed(self, item: Item, lines: list[Floats]) -> list[Floats]:
        if not item.look.dashes or not item.edge:
            return lines
        pattern = [dash * item.scale for dash in item.look.dashes]
        if sum(pattern) < self.MIN_DASHES_MM:
            self._problems.note("stroke-dasharray", item.line, "approximated")
            return lines
        dots = item.look.cap != "butt"
        most = sum(map(line_length, lines)) / sum(pattern) * len(pattern)
        self._work.spend(5 * min(most, self.MAX_DASHES * len(lines)))
        found = [
            part
            for line in lines
            for part in (
                dashed(
                    line,
                    pattern,
                    item.look.dash_offset * item.scale,
                    dots=dots,
                    most=self.MAX_DASHES,
                )
                if len(line) > 1
                else [line]
            )
        ]
        if len(found) == len(lines) and sum(pattern[1::2]) > 0:
            longest = max((line_length(line) for line in lines), default=0.0)
            if longest > sum(pattern) * self.MAX_DASHES / 2:
                self._problems.note("stroke-dasharray", item.line, "approximated")
        return found

    def _clip_region(self, item: Item) -> BaseGeometry | None:
        if item.clip is None or not self._options.occlude:
            return None
        region = region_of_clip(item.clip, self._points, self._work, self._problems)
        shapely.prepare(region)
        return region

    def _clipped(self, item: Item, clip: BaseGeometry | None, lines: list[Floats]) -> list[Floats]:
        if clip is None or not lines:
            return lines
        coordinates, offsets = flattened(lines)
        self._work.spend(len(coordinates) + 20)
        if overlaid(shapely.contains, clip, box_of(Rectangle.around(coordinates))):
            return lines
        try:
            self._work.spend(5 * len(coordinates) + int(shapely.get_num_coordinates(clip)))
            cut = clip_to_region(coordinates, offsets, clip)
        except InvalidInput:
            self._problems.note(item.clip.kind if item.clip else "clip-path", item.line)
            return lines
        kept = np.split(cut.coordinates, cut.offsets[1:-1]) if len(cut.sources) else []
        gone = sum(map(line_length, lines)) - sum(map(line_length, kept))
        if gone > self.MIN_AREA_MM2:
            kind = item.clip.kind if item.clip is not None else "clip-path"
            self._problems.note(kind, item.line, "cropped", mm=gone)
        return kept

    def _uncovered(self, pieces: list[Piece]) -> list[Piece]:
        lines = [line for piece in pieces for line in piece.lines]
        levels = np.repeat([piece.item for piece in pieces], [len(piece.lines) for piece in pieces])
        parts_of, complete = visible_lines(lines, levels, self._covers, self._work)
        if not complete:
            self._problems.note("covers", 0, "approximated")
        left: list[Piece] = []
        firsts = np.cumsum([0, *(len(piece.lines) for piece in pieces)])
        cut = set((np.searchsorted(firsts, list(parts_of), side="right") - 1).tolist())
        for number, (piece, first) in enumerate(zip(pieces, firsts.tolist(), strict=False)):
            if number not in cut:
                left.append(piece)
                continue
            kept = [
                part
                for place, line in enumerate(piece.lines, start=first)
                for part in parts_of.get(place, [line])
            ]
            if kept:
                left.append(piece._replace(lines=kept))
        before = total_length([lines[line] for line in parts_of])
        after = total_length([part for parts in parts_of.values() for part in parts])
        if before - after > self.MIN_AREA_MM2:
            self._problems.note("covered", 0, "hidden", mm=before - after)
        return left

    @staticmethod
    def _joined(pieces: list[Piece]) -> Drawn:
        lines = [line for piece in pieces for line in piece.lines]
        inks = list(dict.fromkeys(piece.ink for piece in pieces))
        known = {ink: number for number, ink in enumerate(inks)}
        counts = [len(piece.lines) for piece in pieces]
        pairs = [(piece.item, known[piece.ink]) for piece in pieces]
        items, strokes = np.repeat(np.array(pairs, dtype=np.int64).reshape(-1, 2), counts, 0).T
        return Drawn(*flattened(lines), items, strokes, inks)
