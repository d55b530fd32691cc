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
from libraries.plotting.rectangle import BadRectangle, Rectangle
from libraries.plotting.strokes import FARTHEST, HOME, BadPen, BadStrokes, Pen, Point, Strokes

__all__ = [
    "CELL",
    "DEFAULT_PROFILE",
    "FARTHEST",
    "HOME",
    "LIMITS",
    "PROFILES",
    "BadPen",
    "BadProfile",
    "BadRectangle",
    "BadStrokes",
    "DensestSpot",
    "Pen",
    "PenInk",
    "PlotStatistics",
    "PlotTime",
    "PlotterProfile",
    "Point",
    "Rectangle",
    "Strokes",
    "UnknownConstant",
    "custom_profile",
    "densest_spot",
    "plan",
    "statistics",
]
