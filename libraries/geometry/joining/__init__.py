"""Algorithms that reduce the strokes of one pen: duplicates, joins at shared points, short gaps.

All take and return flat arrays of coordinates in mm and offsets, as in `Strokes`. Vertices are the
same point if their coordinates are equal, so coordinates should be rounded first.
"""

from libraries.geometry.joining.bridges import bridge_gaps
from libraries.geometry.joining.duplicates import without_duplicates
from libraries.geometry.joining.join import in_passes, join_consecutive, join_strokes
from libraries.geometry.joining.marks import without_covered_dots, without_repeats
from libraries.geometry.joining.pieces import Pieces

__all__ = [
    "Pieces",
    "bridge_gaps",
    "in_passes",
    "join_consecutive",
    "join_strokes",
    "without_covered_dots",
    "without_duplicates",
    "without_repeats",
]
