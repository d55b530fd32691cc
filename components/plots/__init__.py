"""Optimised plots of existing drawings."""

from components.plots.main import blueprint

__all__ = ["blueprint"]
