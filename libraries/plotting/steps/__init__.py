"""Plotting steps; modules of this package are loaded automatically."""

from libraries.loading import load_modules
from libraries.plotting.catalogue import STEPS

__all__ = ["STEPS"]

load_modules(__name__, discard=STEPS.discard)
