"""Plotter profiles: speeds, accelerations and pen times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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

    `corner` is the maximum deviation at corners in mm; 0 stops the pen at each corner. The built-in
    profiles have no pen change time, because pens are changed manually.

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
        return {field.name: getattr(self, field.name) for field in fields(self)}


PROFILES: Registry[PlotterProfile] = Registry("plotter profile")
DEFAULT_PROFILE = "saxi"


def _saxi() -> PlotterProfile:
    """Return the defaults of saxi for an AxiDraw.

    Source: saxi 0.15.0, `defaultPlanOptions` in src/planning.ts; the corner is 0.005 inch.
    """
    return PlotterProfile(
        name="saxi",
        drawing_speed=50.0,
        drawing_acceleration=200.0,
        corner=0.127,
        travel_speed=200.0,
        travel_acceleration=400.0,
        drop_time=0.12,
        lift_time=0.12,
    )


def _axidraw() -> PlotterProfile:
    """Return the defaults of the AxiDraw software for a V3 in high resolution.

    Source: AxiDraw software 3.4 to 3.9, `axidraw_conf.py`, in inches. Speeds are 25 % and 75 % of
    8.6979 in/s at 110 % (`axidraw.py`), accelerations 75 % of 40 in/s² and 60 in/s². A cornering
    factor of 10 is 10/5000 inch (`motion.py`). The pen times are the fourth-power mean of the
    servo's pace, 45 ms and 2.69 ms a point, and the signal's, 200 ms a point by the rates 75 and
    50, for 30 points (`pen_handling.py`).
    """
    highest = 8.6979 * INCH / 110
    return PlotterProfile(
        name="axidraw",
        drawing_speed=25 * highest,
        drawing_acceleration=0.75 * 40 * INCH,
        corner=10 / 5000 * INCH,
        travel_speed=75 * highest,
        travel_acceleration=0.75 * 60 * INCH,
        drop_time=0.146,
        lift_time=0.130,
    )


for _make in (_saxi, _axidraw):
    PROFILES.add(_make().name, _make())


def custom_profile(constants: Mapping[str, Any], base: str = DEFAULT_PROFILE) -> PlotterProfile:
    """Return the profile `base` with some constants replaced; its name is `custom`.

    Raises:
        UnknownName: the profile or a constant does not exist.
        InvalidInput: a constant is not a number within `LIMITS`.
    """
    for name in constants:
        if name not in LIMITS:
            raise UnknownName("constant", name, LIMITS, field=str(name)[:100])
    return replace(PROFILES[base], name="custom", **constants)
