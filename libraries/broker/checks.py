"""Write check of the broker, with the reason and the remedy of a failure."""

from __future__ import annotations

from typing import NamedTuple

from redis import Redis, exceptions

from libraries.broker.errors import NotWritable, rejection_text
from libraries.broker.keys import CHECK_KEY

LIFETIME_S = 60


class BrokerProblem(NamedTuple):
    """Reason for which the broker rejects writes, and the remedy."""

    reason: str
    fix: str


def write_problem(client: Redis) -> BrokerProblem | None:
    """Write to the broker; return why it rejects writes, None if it accepts them.

    Raises RedisError if it is unreachable.
    """
    try:
        client.set(CHECK_KEY, "1", ex=LIFETIME_S)
    except exceptions.OutOfMemoryError as error:
        fix = "Increase its maxmemory, or delete jobs; GET /jobs lists them."
        return BrokerProblem(rejection_text(error), fix)
    except NotWritable as error:
        fix = "Free space on its disk (DATA_DIR of the embedded broker), or repair the disk."
        return BrokerProblem(rejection_text(error), fix)
    except exceptions.ReadOnlyError as error:
        return BrokerProblem(rejection_text(error), "Set REDIS_URL to the primary server.")
    return None
