"""Tests of plotting times: computed by hand, by a sequential planner, and by invariants."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.geometry.strokes import HOME, Pen, Point, Strokes
from libraries.plotting import PROFILES, PlotterProfile, plan, planner
from tests.errors import raises_code
from tests.libraries.plotting.drawings import BLACK, LINES, PENS, POINTS, Lines, drawing, drawing_of

# With this factor the speed at a right angle is exactly 4 mm/s: the sine of 45 degrees is sqrt(1/2), sqrt(1/2) / (1 - sqrt(1/2))
# is 1 + sqrt(2), and 100 mm/s² times 0.16 (sqrt(2) - 1) mm times 1 + sqrt(2) is 16 mm²/s².
ROUND = PlotterProfile(
    name="round numbers",
    drawing_speed=50.0,
    drawing_acceleration=100.0,
    corner=0.16 * (math.sqrt(2) - 1),
    travel_speed=200.0,
    travel_acceleration=400.0,
    drop_time=0.1,
    lift_time=0.2,
    pen_change_time=30.0,
)
PENS_OF_MANY = [BLACK, Pen("slow", speed=5.0), Pen("quick", speed=120.0)]


def drawing_seconds(
    *lines: Sequence[Point], profile: PlotterProfile = ROUND, pen: Pen = BLACK
) -> float:
    return plan(drawing(*lines), [pen], profile).drawing


def test_a_short_line_has_a_triangular_speed_profile() -> None:
    # Half of the 9 mm to speed up: 4.5 = 100 t² / 2, so t = 0.3 s and the peak is 30 mm/s; braking takes as long.
    assert drawing_seconds([(0, 0), (9, 0)]) == pytest.approx(0.6, rel=1e-12)


def test_a_long_line_has_a_trapezoidal_speed_profile() -> None:
    # 50 mm/s after 0.5 s and 12.5 mm, the same for braking; the 75 mm between them take 1.5 s.
    assert drawing_seconds([(0, 0), (0, -100)]) == pytest.approx(0.5 + 1.5 + 0.5, rel=1e-12)


def test_a_right_angle_is_passed_at_its_corner_speed() -> None:
    # From rest to a peak of 18 mm/s in 0.18 s and 1.62 mm, down to the corner's 4 mm/s in 0.14 s and 1.54 mm: 3.16 mm in 0.32 s.
    leg = 1.62 + 1.54
    assert drawing_seconds([(0, 0), (leg, 0), (leg, leg)]) == pytest.approx(2 * 0.32, rel=1e-12)


def test_braking_for_a_corner_starts_in_earlier_segments() -> None:
    # The last 0.08 mm before the corner are too short for braking: 16 = v² - 2 100 0.08, so v² = 32 where they begin. From rest
    # to the peak p and down to 32 over 3 mm: p² = 16 + 300. The same way out of the corner.
    peak = math.sqrt(16 + 300)
    seconds = (2 * peak - math.sqrt(32)) / 100 + (math.sqrt(32) - 4) / 100
    points = [(0.0, 0.0), (3.0, 0.0), (3.08, 0.0), (3.08, 0.08), (3.08, 3.08)]
    assert drawing_seconds(points) == pytest.approx(2 * seconds, rel=1e-12)


def test_turning_back_is_a_stop() -> None:
    assert drawing_seconds([(0, 0), (9, 0), (0, 0)]) == pytest.approx(2 * 0.6, rel=1e-9)


def test_vertices_along_a_straight_line_change_nothing() -> None:
    straight = [(0.3 * distance, 0.4 * distance) for distance in (0, 1, 2, 2.5, 2.5, 40, 41, 200)]
    assert drawing_seconds(straight) == pytest.approx(0.5 + 75 / 50 + 0.5, rel=1e-9)


def test_without_a_corner_factor_the_pen_stops_at_turns_only() -> None:
    stiff = replace(ROUND, corner=0.0)
    assert drawing_seconds([(0, 0), (4, 0), (9, 0), (9, 9)], profile=stiff) == pytest.approx(
        2 * 0.6, rel=1e-9
    )


def test_moves_with_the_pen_up_go_from_rest_to_rest() -> None:
    # 100 mm just reach 200 mm/s: half a second to accelerate, half to brake. 25 mm: 2 sqrt(25 / 400). 300 mm: 300 / 200 + 0.5.
    time = plan(drawing([(100, 0)], [(125, 0)], [(300, 0)]), [BLACK], ROUND)
    assert time.travelling == pytest.approx(
        1.0 + 0.5 + (175 / 200 + 0.5) + (300 / 200 + 0.5), rel=1e-12
    )
    assert (time.drawing, time.lifting) == pytest.approx((0.0, 3 * 0.3))


def test_without_an_origin_the_pen_starts_at_the_first_stroke_and_stays_at_the_last() -> None:
    dots = drawing([(100, 0)], [(125, 0)])
    assert plan(dots, [BLACK], ROUND, origin=None).travelling == pytest.approx(0.5)
    assert plan(dots, [BLACK], ROUND, origin=(100, 0)).travelling == pytest.approx(0.5 + 0.5)


def test_the_speed_of_a_pen_is_limited_by_the_plotter() -> None:
    line = [(0.0, 0.0), (1000.0, 0.0)]
    assert drawing_seconds(line, pen=Pen("slow", speed=10)) == pytest.approx(1000 / 10 + 10 / 100)
    assert drawing_seconds(line, pen=Pen("quick", speed=100)) == pytest.approx(
        1000 / 100 + 100 / 100
    )
    assert drawing_seconds(line, pen=Pen("quickest", speed=10_000)) == pytest.approx(
        1000 / 200 + 200 / 100
    )


def test_each_stroke_is_drawn_at_the_speed_of_its_own_layer() -> None:
    line = [(0.0, 0.0), (1000.0, 0.0)]
    time = plan(drawing(line, line, layers=[1, 0]), [BLACK, Pen("slow", speed=10)], ROUND)
    assert time.drawing == pytest.approx((1000 / 50 + 50 / 100) + (1000 / 10 + 10 / 100))
    assert time.changing_pens == 30.0


def test_the_record_adds_up_and_is_json() -> None:
    time = plan(drawing([(100, 0), (109, 0)], [(125, 0)], layers=[0, 1]), PENS, ROUND)
    record = json.loads(json.dumps(time.as_record()))
    assert record["profile"] == "round numbers"
    assert record["pen_change_seconds"] == 30.0
    assert record["drawing_seconds"] == 0.6
    assert record["seconds"] == pytest.approx(
        sum(value for name, value in record.items() if name.endswith("_seconds")), abs=0.003
    )


def test_an_empty_drawing_takes_no_time() -> None:
    assert plan(drawing(), []).seconds == 0


def test_a_layer_without_a_pen_is_rejected() -> None:
    with raises_code("bad-strokes", match="has no pen"):
        plan(drawing([(0, 0)]), [])


def test_the_largest_drawing_has_a_finite_time() -> None:
    rng = np.random.default_rng(5)
    points = rng.choice([-1e6, 0.0, 1e-9, 1e6], (20_000, 2))
    time = plan(Strokes(points, [0, 7, 20_000], [0, 0]), [BLACK], PROFILES["saxi"])
    assert math.isfinite(time.seconds)
    # A lower bound: the maximum speed all the way.
    assert time.drawing >= np.hypot(*np.diff(points, axis=0).T).sum() * 0.99 / 50


@given(lines=LINES, at_once=st.integers(1, 20))
def test_planning_in_blocks_gives_the_same_time(lines: Lines, at_once: int) -> None:
    strokes = drawing_of(lines)
    whole = plan(strokes, PENS_OF_MANY, ROUND).drawing
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner, "VERTICES_AT_ONCE", at_once)
        assert plan(strokes, PENS_OF_MANY, ROUND).drawing == pytest.approx(
            whole, rel=1e-9, abs=1e-12
        )


@given(lines=LINES)
@pytest.mark.parametrize("name", ["axidraw", "saxi"])
def test_the_planner_agrees_with_a_sequential_planner(name: str, lines: Lines) -> None:
    profile = PROFILES[name]
    expected = sum(
        step_by_step(line, PENS_OF_MANY[layer].speed or profile.drawing_speed, profile)
        for layer, line in lines
        if len(line) > 1
    )
    assert plan(drawing_of(lines), PENS_OF_MANY, profile).drawing == pytest.approx(
        expected, rel=1e-5, abs=1e-5
    )


@given(lines=LINES)
def test_no_time_is_negative(lines: Lines) -> None:
    time = plan(drawing_of(lines), PENS, ROUND)
    assert min(time.drawing, time.travelling, time.lifting, time.changing_pens) >= 0


@given(lines=LINES, point=POINTS, more=st.lists(POINTS, max_size=4), layer=st.integers(0, 2))
def test_one_more_stroke_takes_longer(
    lines: Lines, point: Point, more: list[Point], layer: int
) -> None:
    longer = drawing_of([*lines, (layer, [point, *more])])
    assert plan(longer, PENS, ROUND).seconds > plan(drawing_of(lines), PENS, ROUND).seconds


@given(lines=LINES)
def test_reversed_strokes_take_the_same_time(lines: Lines) -> None:
    backwards = drawing_of([(layer, line[::-1]) for layer, line in reversed(lines)])
    assert plan(backwards, PENS, ROUND).drawing == pytest.approx(
        plan(drawing_of(lines), PENS, ROUND).drawing, rel=1e-7, abs=1e-7
    )


@given(
    lines=LINES,
    factor=st.floats(1, 50),
    name=st.sampled_from(["drawing_acceleration", "drawing_speed", "corner"]),
)
def test_a_better_plotter_is_never_slower(lines: Lines, factor: float, name: str) -> None:
    strokes = drawing_of(lines)
    better = replace(
        ROUND, **{name: min(getattr(ROUND, name) * factor, 9.0 if name == "corner" else 9000.0)}
    )
    before = plan(strokes, PENS, ROUND, origin=HOME).drawing
    assert plan(strokes, PENS, better, origin=HOME).drawing <= before + 1e-9 * (1 + before)


def step_by_step(line: list[Point], highest: float, profile: PlotterProfile) -> float:
    """Return the seconds of one stroke by a sequential planner."""
    distinct = [
        line[0],
        *(point for before, point in pairwise(line) if math.dist(before, point) > 1e-9),
    ]
    acceleration = profile.drawing_acceleration
    lengths = [math.dist(*pair) for pair in pairwise(distinct)]
    headings = [
        math.atan2(end[1] - start[1], end[0] - start[0]) for start, end in pairwise(distinct)
    ]
    speeds = [0.0]
    for turn in (after - before for before, after in pairwise(headings)):
        sine = abs(math.cos(turn / 2))
        corner = (
            highest
            if sine > 1 - 1e-12
            else math.sqrt(acceleration * profile.corner * sine / (1 - sine))
        )
        speeds.append(
            min(
                corner,
                highest,
                math.sqrt(speeds[-1] ** 2 + 2 * acceleration * lengths[len(speeds) - 1]),
            )
        )
    speeds.append(0.0)
    for index in range(len(lengths) - 1, -1, -1):
        speeds[index] = min(
            speeds[index], math.sqrt(speeds[index + 1] ** 2 + 2 * acceleration * lengths[index])
        )
    return sum(
        _segment(entry, leave, length, highest, acceleration)
        for entry, leave, length in zip(speeds, speeds[1:], lengths, strict=False)
    )


def _segment(
    entry: float, leave: float, length: float, highest: float, acceleration: float
) -> float:
    speeding, braking = (
        (highest**2 - entry**2) / 2 / acceleration,
        (highest**2 - leave**2) / 2 / acceleration,
    )
    if speeding + braking <= length:
        return (2 * highest - entry - leave) / acceleration + (
            length - speeding - braking
        ) / highest
    # The peak is where both slopes meet.
    speeding = (length - (entry**2 - leave**2) / 2 / acceleration) / 2
    peak = math.sqrt(max(entry**2 + 2 * acceleration * speeding, 0.0))
    return (max(peak - entry, 0.0) + max(peak - leave, 0.0)) / acceleration
