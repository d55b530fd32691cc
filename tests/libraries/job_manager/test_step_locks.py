"""Step locks, with a real broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from libraries.job_manager import JobOptions, claim, enqueue_background_job, fetch_job, submit
from libraries.settings import Settings
from libraries.worker.reaper import Reaper
from tests.conftest import until

CLAIM_TWICE = "workers.claim_tasks.claim_twice"


def test_outside_a_job_no_step_is_locked() -> None:
    for _ in range(2):
        step = claim("mail")
        assert step.done is None
        step.mark_done({"state": "sent"})
        step.release()


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_a_step_is_done_once_and_its_note_is_returned(run_jobs: Callable[[], None]) -> None:
    jobs = [enqueue_background_job(CLAIM_TWICE) for _ in range(2)]
    run_jobs()
    for job in jobs:
        record = fetch_job(job.id)
        assert record is not None
        assert record.result == {
            "first": None,
            "released": None,
            "second": {"state": "sent"},
            "other": None,
        }


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_the_lock_of_a_dead_attempt_is_ignored(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    """The first attempt dies while it holds the lock; the second one gets it."""
    job = submit(
        "workers.claim_tasks.fail_with_a_claim", options=JobOptions(retries=1, retry_pause=0.01)
    )
    record = fetch_job(job.id)

    def done() -> bool:
        nonlocal record
        Reaper(settings).tick()
        run_jobs()
        record = fetch_job(job.id)
        return record is not None and record.done

    until(done, what="the second attempt")
    assert record is not None
    assert (record.status, record.result, record.attempt) == ("finished", "claimed again", 2)
