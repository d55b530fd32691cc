"""Servers of the section `held`: the classes in the `HOLDERS` of every module of this package."""

from __future__ import annotations

import importlib
import pkgutil

from bench.holders.holder import Holder
from libraries.registry import Registry

HOLDERS: Registry[type[Holder]] = Registry("server")

for found in pkgutil.iter_modules(__path__):
    for holder in getattr(importlib.import_module(f"{__name__}.{found.name}"), "HOLDERS", ()):
        HOLDERS.add(holder.name, holder)
