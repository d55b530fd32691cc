"""Plotter profiles: speeds, accelerations and pen times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from libraries.errors import InvalidInput

# Range of each constant.
LIMITS: Mapping[str, tuple[float, float]] = {
    "drawing_speed": (0.01, 10_000.0),
    "drawing_acceleration": (0.1, 1_000_000.0),
    "corner": (0.0, 10.0),
    "travel_speed": (0.01, 10_000.0),
    "travel_acceleration": (0.1, 1_000_000.0),
    "drop_time": (0.0, 60.0),
    "lift_time": (0.0, 60.0),
    "pen_change_time": (0.0, 3600.0),
}


@dataclass(frozen=True, kw_only=True)
class PlotterProfile:
    """The constants of a plotter; speeds in mm/s, accelerations in mm/s², times in seconds.

    `corner` is the maximum deviation at corners in mm; 0 stops the pen at each corner.

    Raises:
        InvalidInput: a constant is not a number within `LIMITS`.
    """

    name: str
    drawing_speed: float
    drawing_acceleration: float
    corner: float
    travel_speed: float
    travel_acceleration: float
    drop_time: float
    lift_time: float
    # 0 where pens are changed manually.
    pen_change_time: float = 0.0

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            # NaN fails this comparison.
            if not is_number or not least <= value <= most:
                raise InvalidInput(
                    f"{name} must be a number from {least:g} to {most:,g}", field=name
                )

    def as_record(self) -> dict[str, Any]:
        return asdict(self)
