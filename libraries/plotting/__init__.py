"""Plotting costs: lengths, lifts, ink and time."""

from libraries.plotting.density import CELL, DensestSpot, densest_spot
from libraries.plotting.measures import PenInk, PlotStatistics, statistics
from libraries.plotting.planner import PlotTime, plan
from libraries.plotting.plotters import (
    DEFAULT_PROFILE,
    PLOTTERS,
    PROFILES,
    Plotter,
    custom_profile,
)
from libraries.plotting.profiles import LIMITS, PlotterProfile

__all__ = [
    "CELL",
    "DEFAULT_PROFILE",
    "LIMITS",
    "PLOTTERS",
    "PROFILES",
    "DensestSpot",
    "PenInk",
    "PlotStatistics",
    "PlotTime",
    "Plotter",
    "PlotterProfile",
    "custom_profile",
    "densest_spot",
    "plan",
    "statistics",
]
