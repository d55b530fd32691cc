"""Retries: number of attempts, delays, and the recorded attempts."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from redis import Redis

from libraries.broker.connections import web_client
from libraries.job_manager import (
    JobOptions,
    WrongState,
    enqueue_background_job,
    fetch_job,
    get_job_status,
    retry_job,
    submit,
)
from libraries.job_manager.submission import retry_delays
from libraries.job_manager.tasks import max_attempts
from libraries.settings import Settings, get_settings
from libraries.worker.reaper import Reaper
from tests.conftest import until

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
NOTHING = "workers.probe_tasks.nothing"
BOOM = "workers.probe_tasks.boom"


def client() -> Redis:
    return web_client(get_settings())


def status(job_id: str) -> str:
    return str(get_job_status(job_id)["status"])


# -- retries


def test_each_kind_of_task_has_a_number_of_attempts() -> None:
    assert max_attempts("workers.email_tasks.send_notification") == 5
    assert max_attempts("workers.svg_tasks.generate_complex_svg") == 2
    assert max_attempts("workers.data_tasks.process_file") == 2
    assert max_attempts(BOOM) == 1


def test_the_retry_delays_grow_and_vary_by_a_fifth() -> None:
    for _ in range(20):
        for pause, expected in zip(retry_delays(4), (1, 4, 16, 64), strict=True):
            assert 0.8 * expected <= pause <= 1.2 * expected
    assert len({tuple(retry_delays(2)) for _ in range(10)}) > 1
    assert max(retry_delays(20)) <= 1.2 * 3600


def test_a_failed_job_is_retried_and_every_attempt_is_recorded(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = submit(BOOM, options=JobOptions(retries=2, retry_pause=0.01))
    for _ in range(3):
        run_jobs()
        until(
            lambda: time.time() > float(client().zscore("rq:scheduled:background", job.id) or 0),
            what="the pause",
        )
        Reaper(settings).tick()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.attempt, record.retries_left) == ("failed", 3, 0)
    assert [attempt["error"] for attempt in record.attempts] == [
        "ValueError: boom at /secret/place"
    ] * 3
    assert all(
        attempt["worker"] and attempt["started_at"] < attempt["ended_at"]
        for attempt in record.attempts
    )


def test_between_two_attempts_a_job_is_scheduled(run_jobs: Callable[[], None]) -> None:
    job = submit(BOOM, options=JobOptions(retries=1, retry_pause=60))
    run_jobs()
    assert status(job.id) == "scheduled"


def test_a_permanent_error_is_not_retried(
    run_jobs: Callable[[], None],
) -> None:
    job = submit("workers.probe_tasks.refuse", options=JobOptions(retries=3))
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, len(record.attempts)) == ("failed", 1)


def test_a_failed_job_can_be_retried_on_request(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(BOOM)
    run_jobs()
    assert retry_job(job.id).status == "queued"
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, len(record.attempts)) == ("failed", 2)


def test_a_finished_job_is_not_retried(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(NOTHING)
    run_jobs()
    with pytest.raises(WrongState) as refusal:
        retry_job(job.id)
    assert refusal.value.status == "finished"
