"""The data task, called directly and run by the real worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from libraries.errors import NotFound, UnknownName
from libraries.job_manager import as_owner, enqueue_background_job, fetch_job
from libraries.settings import Settings
from libraries.uploads.staging import discard, stage
from workers.data_tasks import process_file


def put(settings: Settings, name: str, text: str) -> None:
    settings.storage.upload_dir.mkdir(parents=True, exist_ok=True)
    (settings.storage.upload_dir / name).write_text(text)


@pytest.mark.parametrize("path", ["data.csv", "uploads/data.csv", "/uploads/data.csv"])
def test_a_csv_file_becomes_json(settings: Settings, path: str) -> None:
    put(settings, "data.csv", "name,width\nAnn,210\nBob\n")
    result = process_file(path, "json")
    assert json.loads(Path(result["path"]).read_text()) == [{"name": "Ann", "width": "210"}]
    assert (result["rows"], result["columns"], result["error_count"]) == (1, ["name", "width"], 1)
    assert result["errors"] == [{"line": 3, "detail": "expected 2 cells, found 1"}]


def test_a_result_can_be_converted_back(settings: Settings) -> None:
    put(settings, "data.csv", "a,b\r\n1,=x\r\n")
    there = process_file("data.csv", "json")
    back = process_file(there["path"], "csv", protect_formulas=False)
    assert Path(back["path"]).read_bytes() == b"a,b\r\n1,=x\r\n"
    assert Path(process_file(there["path"], "csv")["path"]).read_bytes() == b"a,b\r\n1,'=x\r\n"


def test_an_unknown_format_is_refused(settings: Settings) -> None:
    put(settings, "data.csv", "a\n1\n")
    with pytest.raises(UnknownName):
        process_file("data.csv", "xml")


def test_a_file_is_queued_by_its_dotted_path_and_converted(
    settings: Settings, run_jobs: Callable[[], None]
) -> None:
    put(settings, "data.csv", "a\n1\n")
    job = enqueue_background_job(
        "workers.data_tasks.process_file",
        file_path="/uploads/data.csv",
        format="json",
        job_timeout="15m",
    )
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error, record.timeout) == ("finished", None, 900)
    assert record.artifacts[0]["name"] == f"data/{job.id}/data.json"
    assert json.loads(Path(record.result["path"]).read_text()) == [{"a": "1"}]


def test_a_missing_file_fails_the_job_without_revealing_paths(
    settings: Settings, run_jobs: Callable[[], None]
) -> None:
    put(settings, "other.csv", "")
    job = enqueue_background_job("workers.data_tasks.process_file", "nowhere.csv", "json")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "file-missing")
    assert str(settings.storage.upload_dir) not in str(record.public_error)


@pytest.mark.usefixtures("broker")
def test_a_file_sent_with_the_request_survives_a_repeated_attempt(settings: Settings) -> None:
    """An attempt after a crash stores it again; one after the job has ended finds it stored."""
    with as_owner("ann"):
        staged = stage([b"a,b\n1,2\n"])
        for _ in range(2):
            assert process_file("uploads/x/data.csv", "json", parcel=staged.id)["rows"] == 1
        discard(staged.id)
        assert process_file("uploads/x/data.csv", "json", parcel=staged.id)["rows"] == 1
        with pytest.raises(NotFound, match="expired; send it again"):
            process_file("uploads/y/data.csv", "json", parcel=staged.id)
