"""Requirements for every registered pattern."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise, repeat

import numpy as np
import pytest
import shapely
from marshmallow import fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.errors import UnknownName
from libraries.fields import InvalidFields, Params
from libraries.geometry.area import Area
from libraries.patterns import (
    MAX_POINTS,
    PATTERNS,
    Pattern,
    TooComplex,
    check_pattern,
    draw_pattern,
)
from libraries.sheets.artboard import draw_artboard
from tests.conftest import own_seconds
from tests.golden_svg import assert_like_golden

MOST_DRAWN = 12_000
SMALL = Area(105, 148, 8)
# Slow patterns are tested with fewer points.
SOME: dict[str, dict[str, object]] = {"stipple": {"points": 1500}, "tsp_art": {"points": 1500}}
AREAS = [
    Area(210, 297, 10),
    Area(297, 210, 15),
    Area(1, 1, 0.1),
    Area(5, 4),
    Area(400, 20, 2),
    Area(2000, 3, 1),
]
EDGE = 1e-9
every_pattern = pytest.mark.parametrize("name", list(PATTERNS))


def assert_inside(lines: list[NDArray[np.float64]], area: Area) -> None:
    for line in lines:
        assert line.dtype == np.float64
        assert line.shape[1:] == (2,)
        assert len(line) >= 2
        assert np.isfinite(line).all()
        assert (line >= (area.left - EDGE, area.top - EDGE)).all()
        assert (line <= (area.right + EDGE, area.bottom + EDGE)).all()


def extremes(pattern: Pattern) -> list[dict[str, float]]:
    """The limits of the range of each number, separately and together."""
    ends = []
    for which in ("min", "max"):
        numbers = {
            name: getattr(rule, which)
            for name, field in pattern.schema().fields.items()
            for rule in field.validators
            if isinstance(field, fields.Float | fields.Integer) and isinstance(rule, Range)
        }
        ends += [numbers, *({name: value} for name, value in numbers.items())]
    return ends


@every_pattern
@pytest.mark.parametrize("area", AREAS, ids=str)
def test_a_pattern_draws_inside_the_area_with_its_defaults_and_about_as_many_points_as_estimated(
    name: str, area: Area
) -> None:
    lines = draw_pattern(name, area)
    assert lines
    assert_inside(lines, area)
    drawn = sum(map(len, lines))
    estimate = check_pattern(name, area).cost(area)
    assert drawn <= estimate + 1
    assert estimate < 30 * drawn + 500


@every_pattern
def test_the_same_seed_gives_the_same_lines(name: str) -> None:
    one, two = (draw_pattern(name, SMALL, SOME.get(name), seed=4_294_967_295) for _ in range(2))
    assert len(one) == len(two)
    assert all(np.array_equal(mine, its) for mine, its in zip(one, two, strict=True))


@every_pattern
def test_the_defaults_of_a_pattern_are_what_its_schema_loads(name: str) -> None:
    params = PATTERNS[name].params
    assert params() == params.load({}) == params.load(params().values())


@every_pattern
def test_a_pattern_describes_itself_and_its_parameters(name: str) -> None:
    pattern = PATTERNS[name]
    assert pattern.summary.endswith(".")
    assert pattern.description
    assert "Yields" not in pattern.description
    for field in pattern.schema().fields.values():
        assert field.metadata["description"].endswith(".")
        assert not field.required


@every_pattern
@pytest.mark.parametrize("area", [Area(2000, 2000), Area(210, 297, 10), Area(1, 1, 0.1)], ids=str)
def test_the_limits_of_every_range_are_drawn_or_rejected_immediately(name: str, area: Area) -> None:
    # Images are loaded before the measurement. Only the CPU time of this process counts.
    with suppress(TooComplex):
        check_pattern(name, area)
    # The picture that is generated fastest.
    picture = {"image": "sphere"} if "image" in PATTERNS[name].schema().fields else {}
    for ends in extremes(PATTERNS[name]):
        params = picture | ends
        started = own_seconds()
        try:
            loaded = check_pattern(name, area, params)
        except TooComplex:
            continue
        finally:
            assert own_seconds() - started < 0.1
        # Larger drawings would only take longer.
        if loaded.cost(area) < MOST_DRAWN:
            assert_inside(draw_pattern(name, area, params), area)


@every_pattern
def test_every_choice_of_a_pattern_is_drawn_inside_the_area_and_no_stroke_twice(name: str) -> None:
    area = SMALL
    choices = [
        SOME.get(name, {}) | {field: choice}
        for field, rule in PATTERNS[name].schema().fields.items()
        for each in rule.validators
        if isinstance(each, OneOf)
        for choice in each.choices
    ]
    for params in choices or [SOME.get(name, {})]:
        try:
            check_pattern(name, area, params)
        except InvalidFields:
            continue  # A choice that requires another parameter.
        lines = draw_pattern(name, area, params)
        assert_inside(lines, area)
        strokes = {min(line.tobytes(), line[::-1].tobytes()) for line in lines}
        assert len(strokes) == len(lines)
        assert sum(map(len, lines)) <= check_pattern(name, area, params).cost(area) + 1


@every_pattern
def test_a_pattern_matches_its_golden_drawing(name: str, update_golden: bool) -> None:
    assert_like_golden(
        f"pattern_{name}", draw_artboard(105, 148, name).to_string(), update=update_golden
    )


def test_grid_and_spiral_are_registered() -> None:
    assert {"spiral", "grid"} <= set(PATTERNS)


def test_an_unknown_pattern_is_refused_with_the_list_and_a_hint() -> None:
    with pytest.raises(UnknownName, match="space_filling, spiral") as caught:
        check_pattern("spirl", AREAS[0])
    error = caught.value
    assert (error.code, error.field) == ("unknown-pattern", "pattern")
    assert error.hint == "did you mean 'spiral'?"


@pytest.mark.parametrize(
    "name", ["catalogue", "__init__", "os.system", "", None, 5, ["spiral"], {}]
)
def test_nothing_but_the_name_of_a_pattern_is_looked_up(name: str) -> None:
    with pytest.raises(UnknownName):
        draw_pattern(name, AREAS[0])


def test_all_invalid_parameters_are_reported_together() -> None:
    with pytest.raises(InvalidFields) as caught:
        check_pattern(
            "spiral",
            AREAS[0],
            {"pitch": -1, "directon": "up", "tolerance": True, "start_angle": float("nan")},
        )
    assert set(caught.value.errors) == {
        "params.pitch",
        "params.directon",
        "params.tolerance",
        "params.start_angle",
    }
    assert "did you mean 'direction'?" in caught.value.errors["params.directon"]


@pytest.mark.parametrize("params", [[], "pitch", 5, {str(number): 1 for number in range(1000)}])
def test_parameters_must_be_an_object_of_sensible_size(params: object) -> None:
    with pytest.raises(InvalidFields, match="Must be an object"):
        check_pattern("spiral", AREAS[0], params)  # type: ignore[arg-type]


def test_a_drawing_with_too_many_points_is_refused_with_the_estimate_and_the_limit() -> None:
    with pytest.raises(
        TooComplex, match=r"about 2,\d{3},\d{3} points; at most 2,000,000"
    ) as caught:
        check_pattern("spiral", Area(2000, 2000), {"pitch": 0.3, "tolerance": 0.005})
    assert caught.value.code == "too-complex"


def test_a_pattern_that_exceeds_its_estimate_and_the_limit_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Boundless(Params):
        def cost(self, area: Area) -> float:
            return 1

        def draw(self, area: Area, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
            return repeat(np.full((1000, 2), area.centre))

    boundless = Pattern("boundless", "", "", Boundless)
    monkeypatch.setitem(PATTERNS._items, "boundless", boundless)
    with pytest.raises(TooComplex):
        draw_pattern("boundless", AREAS[0])


def spiral(area: Area = AREAS[0], **params: object) -> NDArray[np.float64]:
    (line,) = draw_pattern("spiral", area, params)
    return line - area.centre


def test_a_spiral_is_one_stroke_from_its_inner_radius_to_the_largest_circle() -> None:
    radius = np.hypot(*spiral(inner_radius=4).T)
    assert radius[0] == pytest.approx(4)
    assert radius[-1] == pytest.approx(95)
    assert (np.diff(radius) > 0).all()


@pytest.mark.parametrize("pitch", [0.5, 1.8, 10, 60])
def test_the_turns_of_a_spiral_are_a_pitch_apart(pitch: float) -> None:
    line = spiral(pitch=pitch)
    angle = np.unwrap(np.arctan2(line[:, 1], line[:, 0]))
    assert np.allclose(
        np.hypot(*line.T) - 2.5, (angle - angle[0]) * pitch / (2 * math.pi), atol=1e-6
    )


@pytest.mark.parametrize("tolerance", [0.005, 0.02, 0.2])
@pytest.mark.parametrize("pitch", [0.6, 5, 90])
def test_a_spiral_meets_its_tolerance_with_few_points(pitch: float, tolerance: float) -> None:
    line = spiral(pitch=pitch, tolerance=tolerance)
    radius, angle = np.hypot(*line.T), np.unwrap(np.arctan2(line[:, 1], line[:, 0]))
    middle_radius, middle_angle = (radius[1:] + radius[:-1]) / 2, (angle[1:] + angle[:-1]) / 2
    on_curve = np.column_stack(
        (middle_radius * np.cos(middle_angle), middle_radius * np.sin(middle_angle))
    )
    chord = np.diff(line, axis=0)
    aside = on_curve - line[:-1]
    error = np.abs(chord[:, 0] * aside[:, 1] - chord[:, 1] * aside[:, 0]) / np.hypot(*chord.T)
    assert error.max() <= tolerance * 1.001
    assert error[len(error) // 2] > tolerance / 2


def test_a_spiral_turns_in_the_requested_direction() -> None:
    for direction, sign in (("clockwise", 1), ("counter-clockwise", -1)):
        line = spiral(direction=direction, start_angle=0)
        assert line[0][1] == pytest.approx(0, abs=1e-9)
        assert np.sign(line[1][1]) == sign, "y points down"


def grid(area: Area = AREAS[0], **params: object) -> list[NDArray[np.float64]]:
    return draw_pattern("grid", area, params)


def levels(lines: list[NDArray[np.float64]], axis: int) -> list[float]:
    """The coordinates of the long straight lines that are constant along `axis`."""
    pieces = [(start, end) for line in lines for start, end in pairwise(line)]
    return sorted(
        {
            round(float(start[axis]), 6)
            for start, end in pieces
            if start[axis] == end[axis] and abs(start - end).sum() > 20
        }
    )


def test_a_grid_is_one_stroke_for_each_direction() -> None:
    assert len(grid()) == 2


@pytest.mark.parametrize("spacing", [7.3, 5, 13])
@pytest.mark.parametrize("area", [Area(210, 297, 10), Area(100.7, 83.3, 3)], ids=str)
def test_a_grid_of_separate_lines_reaches_all_edges_in_even_steps_near_the_spacing(
    area: Area, spacing: float
) -> None:
    lines = grid(area, spacing_x=spacing, spacing_y=spacing, serpentine=False)
    for axis, first, last in ((0, area.left, area.right), (1, area.top, area.bottom)):
        at = levels(lines, axis)
        assert (at[0], at[-1]) == pytest.approx((first, last))
        assert np.allclose(np.diff(at), (last - first) / (len(at) - 1))
        assert np.diff(at)[0] == pytest.approx(spacing, rel=0.1)


def test_a_serpentine_grid_has_its_outer_lines_and_turns_up_to_the_edges() -> None:
    area = Area(210, 297, 10)
    lines = grid(area)
    for axis, first, last in ((0, area.left, area.right), (1, area.top, area.bottom)):
        at = levels(lines, axis)
        assert at[0] == pytest.approx(first + 2.5)
        assert at[-1] == pytest.approx(last - 2.5)
        everywhere = np.concatenate(lines)[:, axis]
        assert everywhere.min() == pytest.approx(first, abs=0.03)
        assert everywhere.max() == pytest.approx(last, abs=0.03)


@pytest.mark.parametrize("serpentine", [True, False])
def test_no_part_of_a_grid_is_drawn_twice(serpentine: bool) -> None:
    pieces = [
        tuple(sorted((tuple(np.round(start, 6)), tuple(np.round(end, 6)))))
        for line in grid(serpentine=serpentine)
        for start, end in pairwise(line)
    ]
    assert len(set(pieces)) == len(pieces)
    for axis in (0, 1):
        long = [
            start[axis]
            for start, end in pieces
            if start[axis] == end[axis] and math.dist(start, end) > 20
        ]
        assert len(set(long)) == len(long), "one straight piece for each level"


def test_the_lines_of_a_grid_alternate_in_direction() -> None:
    rows = grid(serpentine=False)[:30]
    directions = [np.sign(line[1, 0] - line[0, 0]) for line in rows]
    assert directions == [1, -1] * 15


def test_the_limit_of_points_is_the_documented_one() -> None:
    assert MAX_POINTS == 2_000_000


def test_the_comparison_with_a_kept_drawing_can_fail(update_golden: bool) -> None:
    changed: Callable[[], str] = lambda: draw_artboard(  # noqa: E731
        105, 148, "spiral", params={"pitch": 1.9}
    ).to_string()
    if not update_golden:
        with pytest.raises(pytest.fail.Exception, match="has changed"):
            assert_like_golden("pattern_spiral", changed(), update=False)


# Parameters with which a pattern has round lines.
ROUND: dict[str, dict[str, object]] = {
    "hatch": {"style": "scribble"},
    "stipple": {"points": 300, "dot": 3},
}


@pytest.mark.parametrize(
    "name", [name for name, pattern in PATTERNS.items() if "tolerance" in pattern.schema().fields]
)
def test_a_coarser_tolerance_takes_fewer_points_and_deviates_by_about_as_much(
    name: str,
) -> None:
    fine, coarse = (
        draw_pattern(name, SMALL, {**ROUND.get(name, {}), "tolerance": tolerance})
        for tolerance in (0.005, 0.2)
    )
    assert sum(map(len, coarse)) < 0.8 * sum(map(len, fine))
    # In pieces, since the distance to a long line takes time proportional to its length.
    drawn = shapely.STRtree(
        [
            piece
            for line in fine
            for piece in np.asarray(shapely.linestrings(np.stack((line[:-1], line[1:]), axis=1)))
        ]
    )
    lines = [shapely.LineString(line) for line in coarse]
    points = shapely.points(shapely.get_coordinates(shapely.segmentize(lines, 0.5)))
    away = drawn.query_nearest(points, return_distance=True, all_matches=False)[1]
    # Heights are scaled to the page, and hidden lines end elsewhere: both depend on the tolerance.
    assert np.quantile(away, 0.9) <= 2.2 * 0.2


@pytest.mark.parametrize("name", ["lsystem", "tsp_art"])
def test_patterns_of_straight_lines_have_no_tolerance(name: str) -> None:
    assert "tolerance" not in PATTERNS[name].schema().fields
