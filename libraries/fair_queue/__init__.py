"""Fair order of the queue, concurrency keys, and limits of an owner's running and `high` jobs.

`lua/parts/push.lua` explains the order. Scripts that queue a job use its function `push`.
"""

from __future__ import annotations

from collections.abc import Sequence

from libraries.broker import Redis, keys
from libraries.broker.scripts import run_script
from libraries.errors import Exhausted


def maintain(client: Redis, *, owner_running: int | None = None, block_size: int = 500) -> None:
    """Rank waiting jobs without a rank, and release slots that lost or ended jobs still have.

    `owner_running` is the limit of running jobs of each owner; jobs that wait for it obey it from
    now on. In steps of a few milliseconds. Safe to run in several processes.
    """
    fill = (block_size, owner_running or 0)
    while run_script(client, "fair_queue/fill", (), fill):
        pass
    start = 0
    while int(run_script(client, "fair_queue/rank", (), (start, block_size))) == block_size:
        start += block_size


def count_waiting(client: Redis) -> int:
    """Return the number of jobs that wait for a worker, a time or a concurrency key."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(keys.QUEUE_KEY)
        pipeline.zcard(keys.SCHEDULED_KEY)
        pipeline.zcard("vector:queue:held")
        return sum(pipeline.execute())


def reserve_high(client: Redis, owner: str, job_ids: Sequence[str], limit: int) -> None:
    """Count jobs with priority `high` that an owner is about to queue.

    Raises Exhausted if more than `limit` of them would wait.
    """
    if not run_script(client, "fair_queue/high", (), (owner, limit, *job_ids)):
        raise Exhausted(
            f'at most {limit} of your jobs with priority "high" may wait; use priority "normal", or '
            "try again later",
            retry_after=5,
            code="too-many-high-jobs",
        )
