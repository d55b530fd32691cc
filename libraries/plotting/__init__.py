"""Plotting costs: lengths, lifts, ink and time."""

from libraries.plotting.density import CELL, DensestSpot, densest_spot
from libraries.plotting.measures import PenInk, PlotStatistics, statistics
from libraries.plotting.planner import PlotTime, plan
from libraries.plotting.profiles import (
    DEFAULT_PROFILE,
    LIMITS,
    PROFILES,
    PlotterProfile,
    custom_profile,
)

__all__ = [
    "CELL",
    "DEFAULT_PROFILE",
    "LIMITS",
    "PROFILES",
    "DensestSpot",
    "PenInk",
    "PlotStatistics",
    "PlotTime",
    "PlotterProfile",
    "custom_profile",
    "densest_spot",
    "plan",
    "statistics",
]
