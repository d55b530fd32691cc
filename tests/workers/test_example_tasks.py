"""The example task, called directly and run by the real worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from libraries.errors import InvalidInput
from libraries.job_manager import enqueue_background_job, fetch_job
from workers.example_tasks import example_long_task

TASK = "workers.example_tasks.example_long_task"


def test_the_task_takes_ten_steps_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("workers.example_tasks.time.sleep", pauses.append)
    assert example_long_task() == "done"
    assert pauses == [1.0] * 10


def test_the_task_reports_each_step_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "workers.example_tasks.report_progress", lambda step, total: reported.append((step, total))
    )
    assert example_long_task(0) == "done"
    assert reported == [(step, 10) for step in range(1, 11)]


@pytest.mark.parametrize("seconds", [-0.1, 60.1, float("nan"), float("inf"), True, "1", None])
def test_an_invalid_duration_is_rejected(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="from 0 to 60"):
        example_long_task(seconds)


@pytest.mark.usefixtures("broker")
def test_a_worker_runs_it_to_the_last_step(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(TASK, seconds=0.01)
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.result) == ("finished", "done")
    assert record.progress == {"step": 10, "total": 10, "percent": 100, "message": ""}
