"""Elements of compositions: each class in a module of this package is a type."""

import importlib
import pkgutil

from libraries.sheets.elements.base import DEFAULT_LAYER, ELEMENTS, Box, Element, ElementStrokes

__all__ = ["DEFAULT_LAYER", "ELEMENTS", "Box", "Element", "ElementStrokes"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
