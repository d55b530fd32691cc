"""The maintenance tasks, run as jobs."""

from __future__ import annotations

import os
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from libraries.job_manager import enqueue_background_job, known_tasks
from libraries.job_manager.schedules import load_schedules
from libraries.settings import Settings, use_settings
from libraries.storage import output_folder
from tests.conftest import REPOSITORY

RunJobs = Callable[[], None]


@pytest.fixture
def addressed(settings: Settings) -> Settings:
    return use_settings(settings.with_values(admin_email="admin@example.org"))


def test_the_digest_goes_to_the_admin_and_names_the_drawings(
    addressed: Settings, run_jobs: RunJobs
) -> None:
    enqueue_background_job("workers.svg_tasks.generate_postcard_svg", "Ann", "Hello", "birthday")
    run_jobs()
    digest = enqueue_background_job("workers.maintenance_tasks.send_digest")
    run_jobs()
    (mail,) = [name for name in output_folder().names("mail") if name.endswith(".eml")]
    with output_folder().open_checked(mail) as file:
        message = message_from_bytes(file.read(), policy=default)
    assert message["To"] == "admin@example.org"
    assert message["Subject"].startswith("Drawings of ")
    body = message.get_body(("plain",))
    assert body is not None
    assert "Postcard, birthday" in body.get_content()
    result = digest.return_value()
    assert result is not None
    assert result["drawings"] == 1


def test_without_an_admin_no_digest_is_sent(settings: Settings, run_jobs: RunJobs) -> None:
    digest = enqueue_background_job("workers.maintenance_tasks.send_digest")
    run_jobs()
    assert digest.return_value() == {"drawings": 0, "job_id": None}
    assert list(output_folder().names()) == []


def test_the_clean_up_deletes_only_files_of_dead_writers(
    settings: Settings, run_jobs: RunJobs
) -> None:
    kept = Path(output_folder().publish("a.svg", "<svg/>").path)
    left, fresh = kept.with_name(".dead.tmp"), kept.with_name(".alive.tmp")
    for path in (left, fresh):
        path.touch()
    os.utime(left, (0, 0))
    os.utime(kept, (0, 0))
    job = enqueue_background_job("workers.maintenance_tasks.clean_up")
    run_jobs()
    assert job.return_value() == {"half_written_files": 1}
    assert (kept.exists(), fresh.exists(), left.exists()) == (True, True, False)


def test_the_shipped_schedules_are_valid(settings: Settings) -> None:
    shipped = load_schedules(settings.with_values(schedules=REPOSITORY / "schedules.toml").jobs)
    assert [one.name for one in shipped] == ["reindex-gallery", "clean-up", "digest"]
    assert {one.task for one in shipped} <= set(known_tasks())
