"""Voronoi cells and Delaunay triangles, inset, rounded, and filled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from libraries.declarations import Preset
from libraries.fields import Params, choice, declare, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.curves import arc_chords
from libraries.geometry.merge import merge_strokes
from libraries.geometry.noise import GradientNoise
from libraries.imaging.controls import PictureParams
from libraries.imaging.field import image_field
from libraries.imaging.stipples import MIN_TONE, stipple
from libraries.imaging.tones import Box, Tones
from libraries.patterns.catalogue import Polyline, pattern

# An array of shapely polygons.
Cells = NDArray[np.object_]
# At full gradient, sites one long side away from the focus are exp(STEEPNESS) farther apart.
STEEPNESS = 2.4
# As a share of the distance between sites, so that the cells of a small page do not vanish.
MAX_INSET = 0.2
# Shorter strokes are blots.
MIN_STROKE_MM = 1.5
MIN_SITES = 4

Kind = Literal["voronoi", "delaunay"]
Sites = Literal["uniform", "poisson", "image"]
Fill = Literal["nested", "hatched", "mixed"]


@pattern
class Voronoi(Params):
    """Cells around scattered sites, like dried mud, leaves under a lens, or leaded glass.

    The sites are denser in one region than in another and are evened out a little. Each cell is a
    closed line with round corners and a gap to its neighbours; without gaps, the edges are joined
    into long strokes and drawn once. Some cells are filled, with rings or with a zigzag along the
    cell. Gaps that are too wide for the cells are reduced.

    With `sites: image` the cells are small where a picture is dark and large where it is light, and
    the darkest ones are filled. A strong `gradient` and many cells work best.

    The seed chooses the sites, where they are dense, and which regions are filled.
    """

    kind: Kind = choice(
        "Voronoi cells of the sites (voronoi), or triangles between them (delaunay).",
        Kind,
        default="voronoi",
    )
    sites: Sites = choice(
        "Random sites (uniform), sites with a minimum distance (poisson), or sites that are denser "
        "where a picture is darker (image).",
        Sites,
        default="poisson",
    )
    image: str = declare(image_field(only="sites: image"), default="portrait")
    spacing: float | None = mm(
        "Average distance between sites. If not given, 15, or 4 with an image",
        1.5,
        500,
        default=None,
    )
    count: int | None = whole(
        "Approximate number of sites. If not given, set by spacing.", MIN_SITES, 20000, default=None
    )
    gradient: float = number(
        "Contrast in density between regions of the page, or tones of an image; 0 is even.",
        0,
        1,
        default=0.7,
    )
    relax: int = whole(
        "Rounds of Lloyd's algorithm, weighted by the ink of an image; many make a honeycomb.",
        0,
        12,
        default=3,
    )
    inset: float = mm(
        "Width of the gaps between cells, narrower between small cells of an image; 0 draws each "
        "edge once",
        0,
        20,
        default=1.6,
    )
    rounding: float = mm("Radius of the corners, if there are gaps", 0, 50, default=3.0)
    fill: Fill = choice(
        "Fill of the filled cells: rings (nested), parallel lines (hatched), or either (mixed).",
        Fill,
        default="mixed",
    )
    filled: float = number(
        "Share of the cells that are filled: coherent regions, or the dark parts of an image.",
        0,
        1,
        default=0.6,
    )
    fill_spacing: float = mm("Distance between the lines of a fill", 0.3, 50, default=1.2)
    tolerance: float = tolerance("the true round corner", default=0.02)

    presets = (
        Preset("mud", "Cracked mud", {"inset": 0.0, "filled": 0.0, "spacing": 12.0, "relax": 1}),
        Preset(
            "facets",
            "Triangle facets",
            {"kind": "delaunay", "fill": "hatched", "spacing": 20.0, "rounding": 0.0, "inset": 1.0},
        ),
        Preset(
            "mosaic",
            "Face in cells",
            {"sites": "image", "inset": 0.8, "rounding": 0.8, "gradient": 1.0},
        ),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points, plus the time to find the cells if they are many.

        On average, cells have six corners, and there are two triangles for each site and a few at
        the edge. Fills have most points if only the filled cells are large, and of equal size.
        """
        sites, across = self._sites(area)
        cells, corners = sites, 8.0
        if self.kind == "delaunay":
            # The perimeter relative to that of a square of the same size.
            oblong = (area.inner_width + area.inner_height) / (
                2 * math.sqrt(area.inner_width * area.inner_height)
            )
            cells, corners = 2 * sites + 4 * math.ceil(math.sqrt(sites) * oblong) + 20, 4.0
        turns = 4 * _quarter(min(self.rounding, across), self.tolerance) + corners
        full = min(cells, math.floor(self.filled * cells) + 1) if self.filled > 0 else 0
        # The largest circle inside a cell is no larger than the cell.
        radius = 0.57 * math.sqrt(area.inner_width * area.inner_height / max(full, 1))
        rings = min(radius, area.shorter_side) / self.fill_spacing + 1
        points = cells * turns + full * rings * turns + turns
        # Placing a site and finding its cell takes as long as 160 points, except for the first
        # 5000. A round of stippling takes a third of the time of a round of cells.
        rounds = self.relax / 3 if self.sites == "image" else self.relax
        return points + max(0, sites * (rounds + 2) - 5000) * 160

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield outlines and fills cell by cell, row by row."""
        yield from map(area.clip, self._lines(area, rng))

    def _lines(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        sites, across = self._sites(area)
        tones = self._tones(area, rng) if self.sites == "image" else None
        cells = self._cells(area, rng, sites, across, tones)
        gap = min(self.inset, MAX_INSET * min(across, area.inner_width, area.inner_height))
        if gap > 0:
            gaps = np.full(cells.shape, gap)
            if tones is not None:
                gaps = np.minimum(gaps, MAX_INSET * np.sqrt(shapely.area(cells)))
            cells = _rounded(cells, gaps / 2, self.rounding, self.tolerance)
        cells = cells[_by_rows(cells, across)]
        if gap == 0:
            yield from merge_strokes(_edges(cells))
        styles = self._styles(area, rng, cells, tones)
        for cell, style in zip(cells.tolist(), styles, strict=True):
            if gap > 0:
                yield shapely.get_coordinates(cell)
            if style == "nested":
                yield from _rings(cell, self.fill_spacing)
            elif style == "hatched":
                yield from _zigzag(cell, self.fill_spacing)

    def _cells(
        self, area: Area, rng: np.random.Generator, sites: int, across: float, tones: Tones | None
    ) -> Cells:
        room = shapely.box(area.left, area.top, area.right, area.bottom)
        if tones is not None:
            points = stipple(tones, sites, self.relax, rng)
        else:
            points = _relaxed_by_lloyd(self._points(area, rng, sites), room, self.relax)
        if self.kind == "delaunay":
            return _triangles(area, points, across)
        return _voronoi(points, room)

    def _sites(self, area: Area) -> tuple[int, float]:
        """Return the number of sites, and their average distance in mm."""
        room = area.inner_width * area.inner_height
        # A picture needs more sites to be recognizable.
        spacing = self.spacing or (4.0 if self.sites == "image" else 15.0)
        sites = self.count or max(MIN_SITES, math.ceil(room / spacing**2))
        return sites, math.sqrt(room / sites)

    def _points(self, area: Area, rng: np.random.Generator, sites: int) -> Floats:
        """Return about `sites` points of shape (n, 2), with `gradient` denser at a focus."""
        sides = np.array((area.inner_width, area.inner_height))
        focus = np.array((area.left, area.top)) + rng.uniform(0.1, 0.9, 2) * sides
        # Poisson sites are picked from about six candidates each.
        tries = rng.uniform(0, 1, (sites * 6 * 3, 2)) * sides + (area.left, area.top)
        away = np.sqrt((((tries - focus) / sides.max()) ** 2).sum(axis=1))
        # The relative distance between sites increases exponentially with that from the focus.
        apart = np.exp(self.gradient * STEEPNESS * np.minimum(away, 1))
        chance = (apart.min() / apart) ** 2
        kept = rng.uniform(0, 1, len(tries)) < chance
        tries, apart = tries[kept], apart[kept]
        if self.sites == "uniform":
            return np.asarray(tries[:sites])
        # The minimum distance is 0.75 of the average one; `apart` is scaled by its mean square.
        scale = float(1 / np.mean(1 / apart**2))
        closest = 0.75 * apart * math.sqrt(sides[0] * sides[1] / sites / scale)
        return np.asarray(_apart(tries, closest)[:sites])

    def _tones(self, area: Area, rng: np.random.Generator) -> Tones:
        """Return the density of the sites at each point of a picture, greater than 0."""
        box = Box(area.left, area.top, area.inner_width, area.inner_height)
        # The length of edges is proportional to the square root of the number of sites; this gamma
        # makes it proportional to the tone.
        tones = PictureParams(image=self.image, gamma=2.0).tones(box, rng)
        light = max(MIN_TONE, math.exp(-2 * self.gradient * STEEPNESS))
        return Tones(np.round(light + (1 - light) * tones.dark, 6), box)

    def _styles(
        self, area: Area, rng: np.random.Generator, cells: Cells, tones: Tones | None
    ) -> list[str]:
        """Return the fill of each cell, "" for none, from slow noise or the tones of a picture."""
        noise, choice = GradientNoise(rng), GradientNoise(rng)
        middles = shapely.get_coordinates(shapely.centroid(cells))
        x, y = (middles / (0.3 * max(area.inner_width, area.inner_height))).T
        density = noise.at(x + 0.37, y + 0.37)
        if tones is not None:
            # Where the tone is even, the noise decides.
            density = tones.at(*middles.T) + density / 1000
        dense = density >= (np.quantile(density, 1 - self.filled) if self.filled < 1 else -2)
        nested = np.full(len(x), self.fill == "nested")
        if self.fill == "mixed":
            nested = choice.at(1.6 * x + 0.37, 1.6 * y + 0.37) > 0
        return [
            ("nested" if ring else "hatched") if inked and self.filled > 0 else ""
            for inked, ring in zip(dense.tolist(), nested.tolist(), strict=True)
        ]


def _apart(points: Floats, closest: Floats) -> Floats:
    """Return the `points` at least `closest` away from all that were chosen before."""
    side = float(closest.max())
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    chosen = []
    squares = (closest**2).tolist()
    for index, ((x, y), reach) in enumerate(zip(points.tolist(), squares, strict=True)):
        column, row = int(x // side), int(y // side)
        near = (
            point
            for i in (column - 1, column, column + 1)
            for j in (row - 1, row, row + 1)
            for point in taken.get((i, j), ())
        )
        if all((x - other_x) ** 2 + (y - other_y) ** 2 >= reach for other_x, other_y in near):
            taken.setdefault((column, row), []).append((x, y))
            chosen.append(index)
    return points[chosen]


def _relaxed_by_lloyd(points: Floats, room: shapely.Polygon, steps: int) -> Floats:
    for _ in range(steps):
        points = shapely.get_coordinates(shapely.centroid(_voronoi(points, room)))
    return points


def _voronoi(points: Floats, room: shapely.Polygon) -> Cells:
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=room)
    return _solid(shapely.intersection(shapely.get_parts(diagram), room))


def _triangles(area: Area, sites: Floats, across: float) -> Cells:
    """Return the triangles between `sites` and points on the edges, about `across` mm apart."""
    columns = np.linspace(area.left, area.right, max(1, round(area.inner_width / across)) + 1)
    rows = np.linspace(area.top, area.bottom, max(1, round(area.inner_height / across)) + 1)[1:-1]
    edge = [(x, y) for x in columns for y in (area.top, area.bottom)]
    edge += [(x, y) for y in rows for x in (area.left, area.right)]
    points = shapely.multipoints(np.concatenate((sites, edge)))
    return _solid(shapely.get_parts(shapely.delaunay_triangles(points)))


def _solid(cells: Cells) -> Cells:
    is_polygon = shapely.get_type_id(cells) == shapely.GeometryType.POLYGON
    return np.asarray(cells[is_polygon & (shapely.area(cells) > 0)])


def _rounded(cells: Cells, inset: Floats, radius: float, tolerance: float) -> Cells:
    """Return `cells` smaller by their `inset` in mm, with corners of `radius` mm if they fit."""
    inner = shapely.buffer(cells, -inset, join_style="mitre", mitre_limit=100)
    done = inner
    for radius_now in (radius / 2**halvings for halvings in range(6)):
        waiting = done == inner
        core = shapely.buffer(inner, -radius_now, join_style="mitre", mitre_limit=100)
        round_ones = shapely.buffer(core, radius_now, quad_segs=_quarter(radius_now, tolerance))
        done = np.where(waiting & ~shapely.is_empty(core) & (radius_now > 0), round_ones, done)
    return _solid(done[shapely.length(done) >= np.minimum(3 * MIN_STROKE_MM, inset * 4)])


def _quarter(radius: float, tolerance: float) -> int:
    return max(2, int(arc_chords(radius, math.pi / 2, tolerance)))


def _by_rows(cells: Cells, across: float) -> Integers:
    """Return the order of `cells` row by row, in alternating directions."""
    x, y = shapely.get_coordinates(shapely.centroid(cells)).T
    row = np.floor(y / (across * 1.3)).astype(np.int64)
    return np.lexsort((np.where(row % 2, -x, x), row))


def _edges(cells: Cells) -> list[Polyline]:
    rings = map(shapely.get_coordinates, shapely.get_exterior_ring(cells))
    pieces = np.concatenate([np.stack((ring[:-1], ring[1:]), axis=1) for ring in rings])
    named = np.sort(np.round(pieces * 1e6).astype(np.int64).view("i8,i8")[..., 0], axis=1)
    _, first = np.unique(named.view(np.int64).reshape(len(pieces), 4), axis=0, return_index=True)
    return list(pieces[np.sort(first)])


def _rings(cell: shapely.Polygon, spacing: float) -> Iterator[Polyline]:
    """Yield closed lines inside `cell`, `spacing` mm apart."""
    while True:
        cell = shapely.buffer(cell, -spacing, join_style="mitre", mitre_limit=100)
        if cell.geom_type != "Polygon" or cell.length < 2 * MIN_STROKE_MM:
            return
        yield shapely.get_coordinates(cell)


def _zigzag(cell: shapely.Polygon, spacing: float) -> Iterator[Polyline]:
    """Yield a zigzag that fills the convex `cell`, half a `spacing` inside."""
    inner = shapely.buffer(cell, -spacing / 2, join_style="mitre", mitre_limit=100)
    if inner.geom_type != "Polygon" or inner.length < 2 * MIN_STROKE_MM:
        return
    box = shapely.get_coordinates(shapely.oriented_envelope(inner))
    sides = np.diff(box[:3], axis=0)
    lengths = np.hypot(*sides.T)
    along = sides[int(np.argmax(lengths))] / lengths.max()
    frame = np.array((along, (-along[1], along[0])))
    ring = shapely.get_coordinates(inner) @ frame.T
    low, high = ring[:, 1].min(), ring[:, 1].max()
    lines = max(1, math.floor((high - low) / spacing))
    levels = low + (high - low - (lines - 1) * spacing) / 2 + spacing * np.arange(lines)
    points = np.empty((lines, 2, 2))
    points[..., 1] = levels[:, None]
    points[..., 0] = _crossings(ring, levels)
    points[1::2] = points[1::2, ::-1]
    yield points.reshape(-1, 2) @ frame


def _crossings(ring: Polyline, levels: Floats) -> Floats:
    """Return the x where lines at `levels` enter and leave a convex `ring`, of shape (n, 2)."""
    start, end = ring[:-1], ring[1:]
    rise = end[:, 1] - start[:, 1]
    part = (levels[:, None] - start[:, 1]) / np.where(rise == 0, np.inf, rise)
    x = start[:, 0] + part * (end[:, 0] - start[:, 0])
    hit = (part >= 0) & (part <= 1) & (rise != 0)
    enter = np.where(hit, x, np.inf).min(axis=1)
    return np.column_stack((enter, np.where(hit, x, -np.inf).max(axis=1)))
