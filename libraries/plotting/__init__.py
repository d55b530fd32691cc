"""What a drawing costs to plot: its lengths, lifts, ink and limits, and the seconds that a machine needs for it."""

from libraries.plotting.density import CELL, DensestSpot, densest_spot
from libraries.plotting.measures import PenInk, PlotStatistics, statistics
from libraries.plotting.planner import PlotTime, plan
from libraries.plotting.profiles import (
    DEFAULT_PROFILE,
    LIMITS,
    PROFILES,
    BadProfile,
    PlotterProfile,
    UnknownConstant,
    custom_profile,
)

__all__ = [
    "CELL",
    "DEFAULT_PROFILE",
    "LIMITS",
    "PROFILES",
    "BadProfile",
    "DensestSpot",
    "PenInk",
    "PlotStatistics",
    "PlotTime",
    "PlotterProfile",
    "UnknownConstant",
    "custom_profile",
    "densest_spot",
    "plan",
    "statistics",
]
