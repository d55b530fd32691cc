"""The page and the room inside its margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Polyline

MAX_SIDE_MM = 2000


@dataclass(frozen=True)
class Area:
    """A page of `width` x `height` mm with a `margin` on all sides; (0, 0) is the upper left.

    An area that exists has room: sides are at most 2000 mm, and the margins leave some of the page.

    Raises:
        InvalidInput: a side is not between 0 and 2000 mm, or the margin is negative or not finite.
        InvalidInput: the margins leave nothing.
    """

    width: float
    height: float
    margin: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers; comparisons are worded so that NaN fails them."""
        for name in ("width", "height"):
            if not 0 < getattr(self, name) <= MAX_SIDE_MM:
                raise InvalidInput(
                    f"{name} must be more than 0 and at most {MAX_SIDE_MM} mm",
                    code="bad-page",
                    field=name,
                )
        if not 0 <= self.margin <= MAX_SIDE_MM:
            raise InvalidInput(
                f"margin must be at least 0 and at most {MAX_SIDE_MM} mm",
                code="bad-page",
                field="margin",
            )
        if not self.inner_width > 0 or not self.inner_height > 0:
            raise InvalidInput(
                "the margins leave no room to draw; margin must be under half of the shorter side",
                code="no-room-to-draw",
                field="margin",
            )

    @property
    def left(self) -> float:
        """Return the x of the left edge of the room in mm."""
        return self.margin

    @property
    def top(self) -> float:
        """Return the y of the upper edge of the room in mm."""
        return self.margin

    @property
    def right(self) -> float:
        """Return the x of the right edge of the room in mm."""
        return self.width - self.margin

    @property
    def bottom(self) -> float:
        """Return the y of the lower edge of the room in mm."""
        return self.height - self.margin

    @property
    def inner_width(self) -> float:
        """Return the width of the room in mm."""
        return self.right - self.left

    @property
    def inner_height(self) -> float:
        """Return the height of the room in mm."""
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """Return x and y of the middle of the page in mm."""
        return self.width / 2, self.height / 2

    @property
    def shorter_side(self) -> float:
        """Return the smaller of the inner width and height in mm."""
        return min(self.inner_width, self.inner_height)

    def clip(self, points: Polyline) -> Polyline:
        """Return points of shape (n, 2) in mm, with those outside moved to the nearest edge."""
        return np.clip(points, (self.left, self.top), (self.right, self.bottom))
