"""Sections of a run. Every module of this package is a section; its `measure` returns a table."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from bench.machinery import Bench
from bench.report import Table
from libraries.registry import Registry

Section = Callable[[Bench], Table]
SECTIONS: Registry[Section] = Registry("section")

for found in pkgutil.iter_modules(__path__):
    SECTIONS.add(found.name, importlib.import_module(f"{__name__}.{found.name}").measure)
