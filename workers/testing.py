"""Helpers for tests of tasks. Functions of this module are not tasks.

Example:
    >>> from workers.testing import run_task, task_folder  # in conftest.py or in the test
    >>> def test_a_greeting_is_drawn(task_folder):
    ...     job = run_task("workers.greeting_tasks.letter_greeting", "Ann")
    ...     assert job.status == "finished", job.error
    ...     assert (task_folder / "greetings" / "Ann.svg").exists()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libraries.broker.in_memory import close_in_memory
from libraries.job_manager import JobRecord, enqueue_background_job, fetch_job
from libraries.settings import JobSettings, read_settings, reset_settings, use_settings


@pytest.fixture
def task_folder(tmp_path: Path) -> Iterator[Path]:
    """The output folder of jobs that run immediately in this process, with an in-memory broker."""
    settings = read_settings(None).with_values(
        immediate=True,
        redis_url="",
        data_dir=tmp_path / "data",
        output_dir=tmp_path / "output",
        upload_dir=tmp_path / "uploads",
    )
    use_settings(settings)
    yield settings.storage.output_dir
    close_in_memory(settings.broker.data_dir)
    reset_settings()


def run_task(task: str | Callable[..., Any], *args: Any, **kwargs: Any) -> JobRecord:
    """Run a task as a job, and return the record of the ended job.

    The arguments are those of `enqueue_background_job`. Raises RuntimeError without `task_folder`.
    """
    if not JobSettings.current().immediate:
        raise RuntimeError("run_task requires the fixture `task_folder`")
    record = fetch_job(enqueue_background_job(task, *args, **kwargs).id)
    if record is None:
        raise RuntimeError("the task deleted its own job")
    return record
