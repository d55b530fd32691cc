from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from libraries.geometry.area import Area
from libraries.geometry.gaps import join_gaps
from libraries.patterns import draw_pattern

LANE = 1.5
Lines = list[NDArray[np.float64]]


def straight(start: float, end: float, y: float = 0.0) -> NDArray[np.float64]:
    x = np.linspace(start, end, round(abs(end - start) / 0.5) + 1)
    return np.column_stack((x, np.full(len(x), y)))


def mended(lines: Lines, *, longest: float = 1000.0, forbidden: float = np.inf) -> Lines:
    return join_gaps(
        lines,
        lambda points: np.full(len(points), LANE),
        longest=longest,
        allowed=lambda points: bool((np.abs(points[:, 0] - forbidden) > 1).all()),
    )


def ends_that_face_each_other(lines: Lines, reach: float) -> int:
    """Return the number of pairs of facing ends of different lines within `reach` mm."""
    ends = np.array([end for line in lines for end in (line[0], line[-1])])
    ways = np.array(
        [way for line in lines for way in (line[0] - line[:4][-1], line[-1] - line[-4:][0])]
    )
    ways /= np.hypot(*ways.T)[:, None]
    between = ends[None] - ends[:, None]
    away = np.hypot(between[..., 0], between[..., 1])
    ahead = (between * ways[:, None]).sum(axis=2) > 0.8 * away
    owner = np.arange(len(ends)) // 2
    return int((ahead & ahead.T & (away < reach) & (owner[:, None] != owner)).sum()) // 2


@pytest.mark.parametrize("turned", [slice(None), slice(None, None, -1)])
@pytest.mark.parametrize(("gap", "aside"), [(1.0, 0.0), (1.5, 0.7), (2.5, -1.2), (-1.0, 0.6)])
def test_two_lines_with_facing_ends_are_joined_smoothly(
    gap: float, aside: float, turned: slice
) -> None:
    one, two = straight(0, 40), straight(40 + gap, 90, aside)
    (line,) = mended([one, two[turned]])
    line = line if line[0, 0] < line[-1, 0] else line[::-1]
    assert (line[0], line[-1]) == (pytest.approx(one[0]), pytest.approx(two[-1]))
    ways = np.diff(line, axis=0)
    assert (ways[:, 0] > 0).all()
    assert np.degrees(np.abs(np.arctan2(ways[:, 1], ways[:, 0]))).max() < 20
    assert np.abs(np.diff(np.degrees(np.arctan2(ways[:, 1], ways[:, 0])))).max() < 8


def test_several_gaps_of_a_line_are_joined() -> None:
    lines = [straight(at, at + 28.5, 0.4 * (at % 60 == 0)) for at in range(0, 300, 30)]
    (line,) = mended(lines[::-1])
    assert np.ptp(line[:, 0]) == pytest.approx(298.5)


@pytest.mark.parametrize(
    "other",
    [straight(43, 90, 2.0), straight(46, 90), straight(38, 90, 1.4), straight(90, 46)],
    ids=["a lane aside", "far ahead", "beside", "far ahead, the other way round"],
)
def test_lines_that_do_not_face_each_other_are_not_joined(other: NDArray[np.float64]) -> None:
    one = straight(0, 40)
    kept = mended([one, other])
    assert len(kept) == 2
    assert all(
        any(np.array_equal(line, its) or np.array_equal(line[::-1], its) for its in kept)
        for line in (one, other)
    )


def test_a_bend_crosses_no_line() -> None:
    across = straight(-5, 5)[:, ::-1] + (40.75, 0)
    assert len(mended([straight(0, 40), straight(41.5, 90), across])) == 3


def test_no_bend_passes_a_forbidden_place() -> None:
    assert len(mended([straight(0, 40), straight(41.5, 90)], forbidden=40.5)) == 2


def test_no_line_becomes_longer_than_the_longest() -> None:
    lines = [straight(0, 40), straight(41, 80), straight(81, 120)]
    assert len(mended(lines, longest=100)) == 2
    assert len(mended(lines, longest=60)) == 3


def test_without_lines_nothing_is_joined() -> None:
    assert mended([]) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_a_flow_field_has_no_rows_of_gaps(seed: int) -> None:
    area = Area(148, 210, 10)
    lines = draw_pattern("flow_field", area, seed=seed)
    assert len(lines) > 60
    assert ends_that_face_each_other(lines, 3.0) <= len(lines) / 30


def test_rows_of_gaps_would_be_counted() -> None:
    assert (
        ends_that_face_each_other(
            [straight(0, 40), straight(41, 80), straight(0, 39, 1.5), straight(80, 41, 1.5)], 3.0
        )
        == 2
    )


def test_a_line_that_returns_to_its_start_is_closed_smoothly() -> None:
    angle = np.linspace(0, 2 * np.pi * 0.985, 120)
    spiral = np.column_stack((np.cos(angle), np.sin(angle))) * (20 + 0.1 * angle)[:, None]
    (ring,) = mended([spiral])
    assert np.allclose(ring[0], ring[-1])
    ways = np.diff(ring, axis=0)
    heading = np.unwrap(np.arctan2(ways[:, 1], ways[:, 0]))
    assert np.degrees(np.abs(np.diff(heading))).max() < 12
    assert abs(np.degrees(heading[-1] - heading[0])) == pytest.approx(360, abs=15)


def test_a_curl_past_the_gap_is_not_joined() -> None:
    """Regression test: all points of the curl were removed."""
    lines = draw_pattern("flow_field", Area(148, 210, 10), {"separation": 3, "scale": 40}, 3)
    assert len(lines) > 50
    assert all(len(line) > 1 and np.isfinite(line).all() for line in lines)
