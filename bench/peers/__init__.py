"""Queue systems of the section `throughput`: the classes in the `PEERS` of every module of this package."""

from __future__ import annotations

import importlib
import pkgutil

from bench.peers.peer import Peer
from libraries.registry import Registry

PEERS: Registry[type[Peer]] = Registry("queue system")

for found in pkgutil.iter_modules(__path__):
    for peer in getattr(importlib.import_module(f"{__name__}.{found.name}"), "PEERS", ()):
        PEERS.add(peer.name, peer)
