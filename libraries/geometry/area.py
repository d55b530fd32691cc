"""Page areas inside margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Polyline

MAX_SIDE_MM = 2000


@dataclass(frozen=True)
class Area:
    """A page in mm with a `margin` on all sides; (0, 0) is the upper left corner.

    Raises:
        InvalidInput: a side, the margin or the remaining area is out of range.
    """

    width: float
    height: float
    margin: float = 0.0

    def __post_init__(self) -> None:
        # NaN fails these comparisons.
        for name in ("width", "height"):
            if not 0 < getattr(self, name) <= MAX_SIDE_MM:
                text = f"{name} must be more than 0 and at most {MAX_SIDE_MM} mm"
                raise InvalidInput(text, code="bad-page", field=name)
        if not 0 <= self.margin <= MAX_SIDE_MM:
            text = f"margin must be at least 0 and at most {MAX_SIDE_MM} mm"
            raise InvalidInput(text, code="bad-page", field="margin")
        if not self.inner_width > 0 or not self.inner_height > 0:
            raise InvalidInput(
                "the margins leave no room to draw; margin must be under half of the shorter side",
                code="no-room-to-draw",
                field="margin",
            )

    @property
    def left(self) -> float:
        return self.margin

    @property
    def top(self) -> float:
        return self.margin

    @property
    def right(self) -> float:
        return self.width - self.margin

    @property
    def bottom(self) -> float:
        return self.height - self.margin

    @property
    def inner_width(self) -> float:
        return self.right - self.left

    @property
    def inner_height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        """Return x and y of the centre of the page in mm."""
        return self.width / 2, self.height / 2

    @property
    def shorter_side(self) -> float:
        """Return the smaller of the inner width and height in mm."""
        return min(self.inner_width, self.inner_height)

    def clip(self, points: Polyline) -> Polyline:
        """Return points of shape (n, 2) in mm, with those outside moved to the nearest edge."""
        return np.clip(points, (self.left, self.top), (self.right, self.bottom))
