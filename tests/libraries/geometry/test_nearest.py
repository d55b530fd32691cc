"""Connected parts, and pairs of near points."""

from __future__ import annotations

import numpy as np
import pytest

from libraries.geometry.nearest import connected_parts, pairs_within


@pytest.mark.parametrize(
    ("pairs", "parts"),
    [
        ([], [0, 1, 2, 3, 4, 5]),
        ([(4, 5)], [0, 1, 2, 3, 4, 4]),
        ([(5, 0), (2, 4), (4, 2), (3, 3)], [0, 1, 2, 3, 2, 0]),
        ([(0, 5), (1, 5), (2, 5), (3, 5), (4, 5)], [0] * 6),
        ([(3, 5), (5, 1), (1, 4), (4, 0), (0, 2)], [0] * 6),
    ],
)
def test_nodes_of_a_connected_part_have_its_number_in_the_order_of_their_first_node(
    pairs: list[tuple[int, int]], parts: list[int]
) -> None:
    given = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    assert connected_parts(6, given).tolist() == parts


def test_a_long_line_in_random_order_is_one_part() -> None:
    order = np.random.default_rng(1).permutation(5000)
    assert not connected_parts(5000, np.column_stack((order[:-1], order[1:]))).any()


def test_the_pairs_within_a_distance_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(2)
    for width in (0.0, 0.3, 20.0):
        points = random.uniform((0, 0), (width, 10), (60, 2)).round(2)
        for distance in (0.005, 0.2):
            apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
            expected = np.argwhere(np.triu(apart <= distance, 1))
            found = pairs_within(points, distance, max_neighbours=59)
            assert sorted(found.tolist()) == expected.tolist()
