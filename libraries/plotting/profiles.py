"""Plotter profiles: speeds, accelerations and pen times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from libraries.errors import InvalidInput, UnknownName
from libraries.registry import Registry

INCH = 25.4
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
    # The built-in profiles have none, because pens are changed manually.
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


PROFILES: Registry[PlotterProfile] = Registry("plotter profile")
DEFAULT_PROFILE = "saxi"


# saxi 0.15.0, `defaultPlanOptions` in src/planning.ts; the corner is 0.005 inch.
PROFILES.add(
    "saxi",
    PlotterProfile(
        name="saxi",
        drawing_speed=50.0,
        drawing_acceleration=200.0,
        corner=0.127,
        travel_speed=200.0,
        travel_acceleration=400.0,
        drop_time=0.12,
        lift_time=0.12,
    ),
)
# AxiDraw software 3.4 to 3.9, `axidraw_conf.py`, for a V3 in high resolution, in inches. Speeds are
# 25 % and 75 % of a scale with 8.6979 in/s at 110 % (`axidraw.py`), accelerations 75 % of 40 and 60
# in/s². A cornering factor of 10 is 10/5000 inch (`motion.py`). The pen times are for 30 points: the
# fourth-power mean of the servo's pace, 45 ms and 2.69 ms a point, and the signal's, 200 ms a point
# by the rates 75 and 50 (`pen_handling.py`).
PROFILES.add(
    "axidraw",
    PlotterProfile(
        name="axidraw",
        drawing_speed=25 * (8.6979 * INCH / 110),
        drawing_acceleration=0.75 * 40 * INCH,
        corner=10 / 5000 * INCH,
        travel_speed=75 * (8.6979 * INCH / 110),
        travel_acceleration=0.75 * 60 * INCH,
        drop_time=0.146,
        lift_time=0.130,
    ),
)


def custom_profile(constants: Mapping[str, Any], base: str = DEFAULT_PROFILE) -> PlotterProfile:
    """Return the profile `base` with some constants replaced; its name is `custom`."""
    for name in constants:
        if name not in LIMITS:
            raise UnknownName("constant", name, LIMITS, field=str(name)[:100])
    return replace(PROFILES[base], name="custom", **constants)
