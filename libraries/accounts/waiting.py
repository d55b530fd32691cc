"""The limits of waiting jobs and of stored bytes of an owner, checked when jobs are submitted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from libraries.accounts.quotas import Quota, note_quota
from libraries.broker import Redis, keys
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.broker.scripts import run_script
from libraries.errors import Exhausted
from libraries.settings import LimitSettings


@contextlib.contextmanager
def admitted(client: Redis, owner: str, job_ids: Sequence[str]) -> Iterator[None]:
    """Count jobs as waiting, all or none, while the block queues them.

    Raises:
        Exhausted: the owner has too many waiting jobs or stored bytes.
        QueueUnavailable: the broker is unreachable.
    """
    limits = LimitSettings.current()
    waiting, stored = limits.limit("owner_queue"), limits.limit("owner_storage")
    if waiting is None and stored is None:
        yield
        return
    _admit(client, owner, job_ids, waiting, stored)
    try:
        yield
    except Exhausted:
        # The queue is full. After another error, a job without a record counts for ten seconds.
        with contextlib.suppress(QueueUnavailable):
            forget_waiting(client, owner, job_ids)
        raise


def forget_waiting(client: Redis, owner: str, job_ids: Sequence[str]) -> None:
    """Do not count jobs as waiting any longer that were deleted. Raises QueueUnavailable."""
    retry(lambda: client.zrem(keys.waiting_key(owner), *job_ids))


def _admit(
    client: Redis, owner: str, job_ids: Sequence[str], waiting: int | None, stored: int | None
) -> None:
    unlimited = 10**15
    # The list of an owner without new jobs is deleted some day.
    lifetime_s = 90 * 86400
    arguments = (
        time.time(), waiting or unlimited, stored or unlimited, owner, lifetime_s, *job_ids
    )  # fmt: skip
    script_keys = (keys.waiting_key(owner), keys.stored_key())
    outcome, count, used = retry(
        lambda: run_script(client, "accounts/admit", script_keys, arguments)
    )
    if waiting is not None:
        note_quota(
            Quota(name="waiting", limit=waiting, remaining=max(0, waiting - count), unit="jobs")
        )
    if stored is not None:
        note_quota(
            Quota(
                name="storage", limit=stored, remaining=max(0, stored - used), unit="content-bytes"
            )
        )
    if outcome == 0:
        raise Exhausted(
            f"{count} jobs of this owner are waiting, and the limit is {waiting}; nothing was queued. "
            "Wait until some have started, or cancel some",
            code="owner-queue-full",
            retry_after=5,
        )
    if outcome < 0:
        raise Exhausted(
            f"the files of this owner have {used} bytes, and the limit is {stored}; nothing was "
            "queued. Delete jobs that you no longer need: their files are deleted with them",
            code="owner-storage-full",
            retry_after=60,
        )


def count_waiting(client: Redis, owner: str) -> int:
    """Return the number of waiting jobs of an owner."""
    script_keys = (keys.waiting_key(owner),)
    return int(run_script(client, "accounts/count_waiting", script_keys, (time.time(),)))
