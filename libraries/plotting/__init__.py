"""Plotting: lengths, lifts, ink and time of drawings, and better plans for them."""

from libraries.plotting.certificate import Certificate, without_penalties
from libraries.plotting.density import CELL, DensestSpot, densest_spot
from libraries.plotting.measures import PenInk, PlotStatistics, statistics
from libraries.plotting.optimiser import Plan, PlotOptions, Watch, optimise
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
    "Certificate",
    "DensestSpot",
    "PenInk",
    "Plan",
    "PlotOptions",
    "PlotStatistics",
    "PlotTime",
    "Plotter",
    "PlotterProfile",
    "Watch",
    "custom_profile",
    "densest_spot",
    "optimise",
    "plan",
    "statistics",
    "without_penalties",
]
