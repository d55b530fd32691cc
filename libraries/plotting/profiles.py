"""How plotters move: speeds, accelerations and the time of the pen, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from libraries.errors import InvalidInput, UnknownName
from libraries.registry import Registry

INCH = 25.4
# Least and most of each constant. They keep every time finite and every plotter that exists inside.
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
    """The constants of a plotter.

    Attributes:
        name: what the profile is called.
        drawing_speed: highest speed with the pen down, mm/s.
        drawing_acceleration: acceleration with the pen down, mm/s².
        corner: how far the pen may cut a corner, mm; 0 stops it at every vertex that turns.
        travel_speed: highest speed with the pen up, mm/s.
        travel_acceleration: acceleration with the pen up, mm/s².
        drop_time: seconds to put the pen down.
        lift_time: seconds to lift it.
        pen_change_time: seconds to put in another pen. The profiles known here have 0, because a
            person does it.

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
        """Check the constants; the comparison is worded so that NaN fails it."""
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not least <= value <= most
            ):
                raise InvalidInput(
                    f"{name} must be a number from {least:g} to {most:,g}", field=name
                )

    def as_record(self) -> dict[str, Any]:
        """Return the constants as JSON-able values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


PROFILES: Registry[PlotterProfile] = Registry("plotter profile")
DEFAULT_PROFILE = "saxi"


def _saxi() -> PlotterProfile:
    """Return saxi's defaults for an AxiDraw.

    Source: saxi 0.15.0, `defaultPlanOptions` in src/planning.ts: 50 mm/s and 200 mm/s² with the pen
    down, 200 mm/s and 400 mm/s² with the pen up, a cornering factor of 0.127 mm (0.005 inch), 0.12
    s to drop the pen and 0.12 s to lift it.
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

    Source: AxiDraw software 3.4 to 3.9, `axidraw_conf.py`, in inches. Speeds are 25 % with the pen
    down and 75 % with the pen up of 8.6979 in/s, where 110 % is the limit (`axidraw.py`).
    Accelerations are 75 % of 40 in/s² and 60 in/s². The cornering factor of 10 is 1/5000 inch each
    (`motion.py`). The servo moves the 30 points from 60 to 30 in the fourth-power mean of its own
    pace, 45 ms and 2.69 ms a point, and that of the signal, 200 ms a point by a rate of 75 up and
    50 down (`pen_handling.py`); this makes 130 ms up and 146 ms down.
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
    """Return the profile called `base` with some of its constants replaced; its name is `custom`.

    Raises:
        UnknownName: no profile is called `base`.
        UnknownName: plotters have no such constant.
        InvalidInput: a constant is not a number within `LIMITS`.
    """
    for name in constants:
        if name not in LIMITS:
            raise UnknownName("constant", name, LIMITS, field=str(name)[:100])
    return replace(PROFILES[base], name="custom", **constants)
