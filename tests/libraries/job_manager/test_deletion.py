"""Deletion of jobs and their files, on request and after their lifetime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker import keys as broker_keys
from libraries.broker.connections import web_client
from libraries.job_manager import (
    WrongState,
    delete_job,
    enqueue_background_job,
    fetch_job,
    transitions,
)
from libraries.job_manager.control import existed
from libraries.job_manager.job_files import delete_orphans
from libraries.settings import Settings, get_settings, use_settings
from libraries.worker.collector import Collector
from tests.conftest import WorkerProcess, until

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
BOOM = "workers.probe_tasks.boom"
StartWorker = Callable[[], WorkerProcess]


def client() -> Redis:
    return web_client(get_settings())


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[..., Settings]:
    """Return a function that changes settings for this test."""

    def change(**changed: object) -> Settings:
        use_settings(settings.with_values(**changed))
        return get_settings()

    return change


# -- delete and expire


def test_a_deleted_job_loses_its_files_and_its_id_is_still_recognized(
    run_jobs: Callable[[], None],
) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "notes/a.txt", "hello")
    run_jobs()
    path = get_settings().storage.output_dir / "notes/a.txt"
    assert path.exists()
    delete_job(job.id)
    assert not path.exists()
    assert not path.parent.exists(), "empty folders are deleted as well"
    assert fetch_job(job.id) is None
    assert existed(job.id)
    assert not existed("nonesuch")
    left = [key for key in client().scan_iter("*") if job.id in key.decode()]
    assert left == [], "the id alone identifies a job of this installation"


def test_a_file_that_a_later_job_has_replaced_is_kept(
    run_jobs: Callable[[], None],
) -> None:
    first = enqueue_background_job("workers.probe_tasks.write", "same.txt", "one")
    run_jobs()
    enqueue_background_job("workers.probe_tasks.write", "same.txt", "two")
    run_jobs()
    delete_job(first.id)
    assert (get_settings().storage.output_dir / "same.txt").read_text() == "two"


def test_a_running_job_is_not_deleted(start_worker: StartWorker, home: Path) -> None:
    start_worker()
    job = enqueue_background_job(
        "workers.probe_tasks.nap", 60, str(home / "begun"), str(home / "ended")
    )
    until((home / "begun").exists, what="the beginning of the job")
    with pytest.raises(WrongState):
        delete_job(job.id)


def test_record_and_files_are_deleted_after_their_lifetime(
    run_jobs: Callable[[], None], use: Callable[..., Settings]
) -> None:
    settings = use(result_ttl=3, failure_ttl=3)
    good = enqueue_background_job("workers.probe_tasks.write", "short.txt", "x")
    bad = enqueue_background_job(BOOM)
    run_jobs()
    collector = Collector(settings)
    collector.collect_expired()
    assert fetch_job(good.id) is not None
    path = settings.storage.output_dir / "short.txt"
    assert path.exists()

    def swept() -> bool:
        collector.collect_expired()
        # The record is deleted before the file.
        assert path.exists() or fetch_job(good.id) is None
        return fetch_job(good.id) is None and fetch_job(bad.id) is None

    until(swept, what="the end of the records")
    assert not path.exists()
    assert existed(good.id)
    assert existed(bad.id)


def test_temporary_files_of_dead_writers_are_deleted(settings: Settings) -> None:
    import os

    settings.storage.output_dir.mkdir()
    old, young = (settings.storage.output_dir / name for name in (".aa.tmp", ".bb.tmp"))
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (1, 1))
    Collector(settings).collect_expired()
    assert not old.exists()
    assert young.exists()


def test_files_of_a_job_whose_deletion_was_interrupted_are_deleted_later(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "left.txt", "x")
    run_jobs()
    transitions.delete_record(client(), job.id)
    assert (settings.storage.output_dir / "left.txt").exists()
    delete_orphans(client())
    assert not (settings.storage.output_dir / "left.txt").exists()
    assert client().hlen(broker_keys.ARTIFACTS_KEY) == 0
