"""Voronoi cells and Delaunay triangles, inset, rounded, and filled."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.merge import merge_strokes
from libraries.geometry.noise import GradientNoise
from libraries.imaging.controls import lay
from libraries.imaging.field import image_field
from libraries.imaging.stipples import LIGHTEST, stipple
from libraries.imaging.tones import COVER, Box, Tones
from libraries.patterns.catalogue import Polyline, pattern

Floats = NDArray[np.float64]
# Polygons of shapely, which has no type for an array of them.
Cells = NDArray[np.object_]

VORONOI, DELAUNAY = "voronoi", "delaunay"
UNIFORM, POISSON, IMAGE = "uniform", "poisson", "image"
NESTED, HATCHED, MIXED = "nested", "hatched", "mixed"
# What it takes to place a site and to find its cell once, counted in points drawn; so many are quick.
WORK, QUICK = 160, 5000
# Sites of a poisson kind are picked from so many places for each, this far apart as a share of what their number allows.
PLACES, APART = 6, 0.75
# With the full gradient, sites a long side away from the focus are farther apart by e to this power.
STEEPNESS = 2.4
# Without a wish, sites lie so far apart on average, in mm; a picture needs more of them to be known.
SPACING, IMAGE_SPACING = 15.0, 4.0
# The edges to a square mm go with the root of the sites to a square mm; this exponent makes them go with the tone.
GAMMA = 2.0
# An inset takes at most this share of the distance between sites, so that the cells of a small page do not vanish.
WIDEST_INSET = 0.2
# Where the radius of corners has no room, half of it is tried, and so on.
HALVINGS = 6
# Shorter strokes are blots, in mm.
SHORTEST = 1.5
FEWEST = 4
# A cell holds no larger circle than one of its own area, whose radius is this part of the root of the area.
RADIUS = 0.57


class VoronoiSchema(Schema):
    """What a drawing of cells may be told."""

    kind = fields.String(
        load_default=VORONOI,
        validate=OneOf([VORONOI, DELAUNAY]),
        metadata={
            "description": "Cells of all that is nearest to a site (voronoi), or triangles between sites (delaunay)."
        },
    )
    sites = fields.String(
        load_default=POISSON,
        validate=OneOf([UNIFORM, POISSON, IMAGE]),
        metadata={
            "description": "Sites fall anywhere (uniform), keep their distance from each other (poisson), or lie closer where a "
            "picture is darker (image)."
        },
    )
    image = image_field(only="sites: image", load_default="portrait")
    spacing = millimetres(
        f"Distance between neighbouring sites, on average; if not given, {SPACING:g}, and {IMAGE_SPACING:g} with an image",
        least=1.5,
        most=500,
        load_default=None,
        allow_none=True,
    )
    count = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(FEWEST, 20_000),
        metadata={
            "description": "How many sites there are, about; if not given, as many as spacing asks."
        },
    )
    gradient = fields.Float(
        load_default=0.7,
        validate=Range(0, 1),
        metadata={
            "description": "How much closer the sites lie in one region of the page than in another, or in the dark of an image "
            "than in the light; 0 for evenly."
        },
    )
    relax = WholeNumber(
        load_default=3,
        validate=Range(0, 12),
        metadata={
            "description": "How often each site moves to the middle of its cell, or of the ink in it with an image; many steps "
            "make a honeycomb."
        },
    )
    inset = millimetres(
        "Width of the gaps between cells, narrower between the small ones of an image; without gaps each edge is drawn once",
        least=0,
        most=20,
        load_default=1.6,
    )
    rounding = millimetres(
        "Radius of the corners, where there are gaps", least=0, most=50, load_default=3.0
    )
    fill = fields.String(
        load_default=MIXED,
        validate=OneOf([NESTED, HATCHED, MIXED]),
        metadata={
            "description": "Filled cells have rings inside each other (nested), parallel lines (hatched), or either (mixed)."
        },
    )
    filled = fields.Float(
        load_default=0.6,
        validate=Range(0, 1),
        metadata={
            "description": "Share of the cells that are filled; they lie together, with an image where it is darkest."
        },
    )
    fill_spacing = millimetres(
        "Distance between the lines of a fill", least=0.3, most=50, load_default=1.2
    )
    tolerance = tolerance_field("the true round corner")


def cost(
    area: Area,
    *,
    kind: str,
    sites: str,
    spacing: float | None,
    count: int | None,
    relax: int,
    rounding: float,
    filled: float,
    fill_spacing: float,
    tolerance: float,
    **_: object,
) -> float:
    """Return a bound of the points, and what it takes to find the cells if they are many.

    Cells have six corners each on average, or there are two triangles for each site and a few on the edge. The lines that fill
    cells are most if only those are large, all of one size, and fill the room.
    """
    number = _number(area, sites, spacing, count)
    cells, corners = number, 8.0
    if kind == DELAUNAY:
        cells, corners = 2 * number + 4 * math.ceil(math.sqrt(number) * _longish(area)) + 20, 4.0
    across = math.sqrt(area.inner_width * area.inner_height / number)
    turns = 4 * _quarter(min(rounding, across), tolerance) + corners
    full = _share(cells, filled)
    radius = min(
        RADIUS * math.sqrt(area.inner_width * area.inner_height / max(full, 1)),
        area.inner_width,
        area.inner_height,
    )
    points = cells * turns + full * (radius / fill_spacing + 1) * turns + turns
    # The rounds of stipples take a third of the time that cells do.
    rounds = relax / 3 if sites == IMAGE else relax
    return points + max(0, number * (rounds + 2) - QUICK) * WORK


@pattern(VoronoiSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    kind: str,
    sites: str,
    image: str,
    spacing: float | None,
    count: int | None,
    gradient: float,
    relax: int,
    inset: float,
    rounding: float,
    fill: str,
    filled: float,
    fill_spacing: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """Cells around scattered sites, like dried mud, leaves under a lens, or leaded glass.

    The sites lie closer in one region than in another and are evened out a little. Each cell is drawn as a closed line with
    round corners, with a gap to its neighbours; without gaps, the edges become long strokes and none is drawn twice. Some cells
    are filled, by rings inside each other or by one line that runs to and fro along the cell. Gaps that are too wide for the
    cells are narrowed.

    With `sites: image` the cells are small where a picture is dark and large where it is light, and the darkest of them are
    filled, so that the picture is seen in leaded glass. A strong `gradient` and many cells do best.

    The seed chooses the sites, where they are dense, and which regions are filled.

    Yields:
        Arrays of shape (n, 2), in mm: outlines and fills cell by cell, row by row.

    Relaxing is the method of Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28 (1982).
    """
    room = shapely.box(area.left, area.top, area.right, area.bottom)
    number = _number(area, sites, spacing, count)
    across = math.sqrt(area.inner_width * area.inner_height / number)
    tones = _tones(area, rng, image, gradient) if sites == IMAGE else None
    if tones is not None:
        places = stipple(tones, number, relax, rng)
    else:
        focus = np.array((area.left, area.top)) + rng.uniform(0.1, 0.9, 2) * (
            area.inner_width,
            area.inner_height,
        )
        places = _relaxed(
            _sites(area, rng, sites, number=number, focus=focus, gradient=gradient), room, relax
        )
    cells = _triangles(area, places, across) if kind == DELAUNAY else _voronoi(places, room)
    gap = min(inset, WIDEST_INSET * min(across, area.inner_width, area.inner_height))
    if gap > 0:
        gaps = (
            gap if tones is None else np.minimum(gap, WIDEST_INSET * np.sqrt(shapely.area(cells)))
        )
        cells = _rounded(cells, np.broadcast_to(gaps / 2, cells.shape), rounding, tolerance)
    cells = cells[_by_rows(cells, across)]
    low, high = (area.left, area.top), (area.right, area.bottom)
    if gap == 0:
        yield from (np.clip(line, low, high) for line in merge_strokes(_edges(cells)))
    styles = _styles(cells, rng, area, fill=fill, filled=filled, tones=tones)
    for cell, style in zip(cells.tolist(), styles, strict=True):
        if gap > 0:
            yield np.clip(shapely.get_coordinates(cell), low, high)
        if style == NESTED:
            yield from (np.clip(line, low, high) for line in _rings(cell, fill_spacing))
        elif style == HATCHED:
            yield from (np.clip(line, low, high) for line in _to_and_fro(cell, fill_spacing))


def _number(area: Area, sites: str, spacing: float | None, count: int | None) -> int:
    spacing = spacing or (IMAGE_SPACING if sites == IMAGE else SPACING)
    return count or max(FEWEST, math.ceil(area.inner_width * area.inner_height / spacing**2))


def _share(cells: int, filled: float) -> int:
    """Return how many of the cells are filled, at most: those that are not under a quantile, and so one at least."""
    return min(cells, math.floor(filled * cells) + 1) if filled > 0 else 0


def _longish(area: Area) -> float:
    """Return how much longer than that of a square of its size the outline of the room is."""
    return (area.inner_width + area.inner_height) / (
        2 * math.sqrt(area.inner_width * area.inner_height)
    )


def _sites(
    area: Area, rng: np.random.Generator, sites: str, *, number: int, focus: Floats, gradient: float
) -> Floats:
    """Return about `number` places in the room as an array of shape (n, 2); with `gradient`, denser around `focus`."""
    sides = np.array((area.inner_width, area.inner_height))
    tries = rng.uniform(0, 1, (number * PLACES * 3, 2)) * sides + (area.left, area.top)
    away = np.sqrt((((tries - focus) / sides.max()) ** 2).sum(axis=1))
    # How far apart sites should be, relative to each other: the same factor wider with each step away from the focus.
    apart = np.exp(gradient * STEEPNESS * np.minimum(away, 1))
    chance = (apart.min() / apart) ** 2
    kept = rng.uniform(0, 1, len(tries)) < chance
    tries, apart = tries[kept], apart[kept]
    if sites == UNIFORM:
        return np.asarray(tries[:number])
    # The places that were kept are dense where `apart` is small; so is the mean of its square there.
    closest = (
        APART * apart * math.sqrt(sides[0] * sides[1] / number / float(1 / np.mean(1 / apart**2)))
    )
    return np.asarray(_apart(tries, closest)[:number])


def _tones(area: Area, rng: np.random.Generator, image: str, gradient: float) -> Tones:
    """Return how many sites there are at each place of a picture, relative to each other; none is left without any."""
    box = Box(area.left, area.top, area.inner_width, area.inner_height)
    tones = lay(box, rng, image=image, fit=COVER, gamma=GAMMA, equalise=0.15, detail=0.6)
    light = max(LIGHTEST, math.exp(-2 * gradient * STEEPNESS))
    return Tones(np.round(light + (1 - light) * tones.dark, 6), box)


def _apart(places: Floats, closest: Floats) -> Floats:
    """Return those of `places` that are not closer to one before them than `closest` says; whoever comes first stays."""
    side = float(closest.max())
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    chosen = []
    for index, ((x, y), reach) in enumerate(
        zip(places.tolist(), (closest**2).tolist(), strict=True)
    ):
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
    return places[chosen]


def _relaxed(places: Floats, room: shapely.Polygon, steps: int) -> Floats:
    for _ in range(steps):
        places = shapely.get_coordinates(shapely.centroid(_voronoi(places, room)))
    return places


def _voronoi(places: Floats, room: shapely.Polygon) -> Cells:
    """Return the cells of `places`, cut at the edges of the room."""
    return _solid(
        shapely.intersection(
            shapely.get_parts(
                shapely.voronoi_polygons(shapely.multipoints(places), extend_to=room)
            ),
            room,
        )
    )


def _triangles(area: Area, places: Floats, across: float) -> Cells:
    """Return the triangles between `places` and points on the edges of the room, about `across` mm apart."""
    columns = np.linspace(area.left, area.right, max(1, round(area.inner_width / across)) + 1)
    rows = np.linspace(area.top, area.bottom, max(1, round(area.inner_height / across)) + 1)[1:-1]
    edge = [(x, y) for x in columns for y in (area.top, area.bottom)] + [
        (x, y) for y in rows for x in (area.left, area.right)
    ]
    return _solid(
        shapely.get_parts(
            shapely.delaunay_triangles(shapely.multipoints(np.concatenate((places, edge))))
        )
    )


def _solid(cells: Cells) -> Cells:
    """Return `cells` without those of which nothing is left."""
    return np.asarray(
        cells[
            (shapely.get_type_id(cells) == shapely.GeometryType.POLYGON) & (shapely.area(cells) > 0)
        ]
    )


def _rounded(cells: Cells, inset: Floats, radius: float, tolerance: float) -> Cells:
    """Return `cells` smaller by their `inset` in mm on all sides, with corners of the `radius`, or of less without room."""
    inner = shapely.buffer(cells, -inset, join_style="mitre", mitre_limit=100)
    done = inner
    for radius_now in (radius / 2**halvings for halvings in range(HALVINGS)):
        waiting = done == inner
        core = shapely.buffer(inner, -radius_now, join_style="mitre", mitre_limit=100)
        round_ones = shapely.buffer(core, radius_now, quad_segs=_quarter(radius_now, tolerance))
        done = np.where(waiting & ~shapely.is_empty(core) & (radius_now > 0), round_ones, done)
    return _solid(done[shapely.length(done) >= np.minimum(3 * SHORTEST, inset * 4)])


def _quarter(radius: float, tolerance: float) -> int:
    """Return the steps of a quarter circle."""
    return max(2, int(arc_chords(radius, math.pi / 2, tolerance)))


def _by_rows(cells: Cells, across: float) -> NDArray[np.int64]:
    """Return the order of `cells` row by row, to and fro."""
    x, y = shapely.get_coordinates(shapely.centroid(cells)).T
    row = np.floor(y / (across * 1.3)).astype(np.int64)
    return np.lexsort((np.where(row % 2, -x, x), row))


def _edges(cells: Cells) -> list[Polyline]:
    """Return the straight edges of `cells`, each once."""
    pieces = np.concatenate(
        [
            np.stack((ring[:-1], ring[1:]), axis=1)
            for ring in map(shapely.get_coordinates, shapely.get_exterior_ring(cells))
        ]
    )
    named = np.sort(np.round(pieces * 1e6).astype(np.int64).view("i8,i8")[..., 0], axis=1)
    _, first = np.unique(named.view(np.int64).reshape(len(pieces), 4), axis=0, return_index=True)
    return list(pieces[np.sort(first)])


def _styles(
    cells: Cells,
    rng: np.random.Generator,
    area: Area,
    *,
    fill: str,
    filled: float,
    tones: Tones | None,
) -> list[str]:
    """Return how each cell is filled, "" for not at all: slow noise or a picture decides, so that filled cells lie together."""
    noise, choice = GradientNoise(rng), GradientNoise(rng)
    middles = shapely.get_coordinates(shapely.centroid(cells))
    x, y = (middles / (0.3 * max(area.inner_width, area.inner_height))).T
    density = noise.at(x + 0.37, y + 0.37)
    if tones is not None:
        # Where the picture is of one tone, the noise decides still.
        density = tones.at(*middles.T) + density / 1000
    dense = density >= (np.quantile(density, 1 - filled) if filled < 1 else -2)
    nested = (
        choice.at(1.6 * x + 0.37, 1.6 * y + 0.37) > 0
        if fill == MIXED
        else np.full(len(x), fill == NESTED)
    )
    return [
        (NESTED if ring else HATCHED) if inked and filled > 0 else ""
        for inked, ring in zip(dense.tolist(), nested.tolist(), strict=True)
    ]


def _rings(cell: shapely.Polygon, spacing: float) -> Iterator[Polyline]:
    """Yield closed lines inside `cell`, `spacing` mm from each other, as long as there is room."""
    while True:
        cell = shapely.buffer(cell, -spacing, join_style="mitre", mitre_limit=100)
        if cell.geom_type != "Polygon" or cell.length < 2 * SHORTEST:
            return
        yield shapely.get_coordinates(cell)


def _to_and_fro(cell: shapely.Polygon, spacing: float) -> Iterator[Polyline]:
    """Yield one line that fills the convex `cell` to and fro along its longer side, half a `spacing` inside."""
    inner = shapely.buffer(cell, -spacing / 2, join_style="mitre", mitre_limit=100)
    if inner.geom_type != "Polygon" or inner.length < 2 * SHORTEST:
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
    """Return where horizontal lines at `levels` enter and leave a convex closed `ring`, as an array of shape (levels, 2)."""
    start, end = ring[:-1], ring[1:]
    rise = end[:, 1] - start[:, 1]
    part = (levels[:, None] - start[:, 1]) / np.where(rise == 0, np.inf, rise)
    x = start[:, 0] + part * (end[:, 0] - start[:, 0])
    hit = (part >= 0) & (part <= 1) & (rise != 0)
    return np.column_stack(
        (np.where(hit, x, np.inf).min(axis=1), np.where(hit, x, -np.inf).max(axis=1))
    )
