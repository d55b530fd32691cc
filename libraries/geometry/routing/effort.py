"""Numbers of moves by names."""

from __future__ import annotations

from typing import Literal

Effort = Literal["quick", "normal", "best"]


def moves_for(effort: Effort, strokes: int) -> int:
    """Return a limit of moves for `shortest_route`, in about linear time."""
    # Moves for random changes: for each stroke, and at most.
    changes: dict[Effort, tuple[int, int]] = {
        "quick": (5, 6_000),
        "normal": (200, 300_000),
        "best": (2_000, 3_000_000),
    }
    each, most = changes[effort]
    # After three moves for each stroke, exchanges find hardly anything more. Of many strokes, all
    # but a few ends need only two.
    return min(3 * strokes, 2 * strokes + 20_000) + min(each * strokes, most)
