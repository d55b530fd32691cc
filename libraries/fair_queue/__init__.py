"""Fair order of the queue, concurrency keys, and the limit of jobs with priority `high`.

`lua/parts/push.lua` explains the order. Scripts that queue a job use its function `push`.
"""

from __future__ import annotations

from collections.abc import Sequence

from libraries.broker import Redis
from libraries.broker.scripts import run_script
from libraries.errors import Exhausted

BLOCK_SIZE = 500


def maintain(client: Redis) -> None:
    """Rank waiting jobs without a rank, and release slots that lost or ended jobs still have.

    In steps of a few milliseconds. Safe to run in several processes.
    """
    run_script(client, "fair_queue/fill", (), (BLOCK_SIZE,))
    start = 0
    while int(run_script(client, "fair_queue/rank", (), (start, BLOCK_SIZE))) == BLOCK_SIZE:
        start += BLOCK_SIZE


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
