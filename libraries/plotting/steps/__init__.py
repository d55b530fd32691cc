"""The plotting steps: one class a module, found by being there."""

from libraries.loading import load_modules
from libraries.plotting.catalogue import STEPS

load_modules(__name__, discard=STEPS.discard)
