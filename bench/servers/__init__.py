"""Servers of the section `connections`: the classes in the `SERVERS` of every module of this package."""

from __future__ import annotations

import importlib
import pkgutil

from bench.servers.server import Server
from libraries.registry import Registry

SERVERS: Registry[type[Server]] = Registry("server")

for found in pkgutil.iter_modules(__path__):
    for server in getattr(importlib.import_module(f"{__name__}.{found.name}"), "SERVERS", ()):
        SERVERS.add(server.name, server)
