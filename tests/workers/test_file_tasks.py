"""The batch task, called directly and run by the real worker."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from libraries.errors import InvalidInput
from libraries.job_manager import enqueue_background_job, fetch_job
from libraries.settings import Settings
from libraries.storage import open_input
from workers.file_tasks import process_batch


@pytest.fixture
def files(settings: Settings) -> list[str]:
    """Three small CSV files in the upload folder."""
    settings.storage.upload_dir.mkdir(parents=True)
    names = [f"file{number}.csv" for number in (1, 2, 3)]
    for name in names:
        (settings.storage.upload_dir / name).write_text(f"name\n{name}\n")
    return names


def test_three_files_make_three_outputs(files: list[str]) -> None:
    result = process_batch(files, "convert_to_json")
    assert (result["operation"], result["done"], result["failed"]) == ("convert_to_json", 3, 0)
    for name, item in zip(files, result["items"], strict=True):
        assert (item["file"], item["status"], item["rows"]) == (name, "done", 1)
        with open_input(item["path"]) as file:
            assert json.load(file) == [{"name": name}]


def test_a_bad_file_fails_alone(files: list[str], settings: Settings) -> None:
    (settings.storage.upload_dir / "broken.csv").write_bytes(b"a\n\xff\n")
    (settings.storage.upload_dir / "folder.csv").mkdir()
    bad = [
        "missing.csv",
        "broken.csv",
        "folder.csv",
        "../../etc/passwd",
        "/etc/passwd",
        "\ud800.csv",
    ]
    result = process_batch([files[0], *bad, files[1]])
    assert (result["done"], result["failed"]) == (2, 6)
    assert [item["status"] for item in result["items"]] == ["done", *["failed"] * 6, "done"]
    assert [item["code"] for item in result["items"][1:-1]] == [
        "file-missing",
        "unreadable-text",
        "bad-file",
        "bad-file-name",
        "bad-file-name",
        "bad-file-name",
    ]
    assert all(
        str(settings.storage.upload_dir) not in item["error"] for item in result["items"][1:-1]
    )


def test_a_result_of_the_batch_can_be_its_input(files: list[str]) -> None:
    there = process_batch(files)
    back = process_batch([item["path"] for item in there["items"]], "convert_to_csv")
    with open_input(back["items"][0]["path"]) as file:
        assert file.read() == b"name\r\nfile1.csv\r\n"


def test_five_hundred_files_with_long_names_fit_into_a_result(settings: Settings) -> None:
    settings.storage.upload_dir.mkdir(parents=True)
    settings.storage.output_dir.mkdir(parents=True)
    names = ["/".join(["x" * 100] * 7) + f"/{number}.csv" for number in range(500)]
    result = process_batch(names)
    assert len(json.dumps(result)) < settings.jobs.max_result
    assert result["failed"] == 500
    assert 0 < len(result["items"]) == 500 - result["items_left_out"]
    with open_input(result["report"]) as file:
        assert [item["file"] for item in json.load(file)] == names


def test_five_hundred_ordinary_files_are_all_listed(files: list[str]) -> None:
    result = process_batch([*files * 166, *files[:2]])
    assert (len(result["items"]), result["items_left_out"], result["done"]) == (500, 0, 500)


def test_more_than_five_hundred_files_are_refused(files: list[str]) -> None:
    with pytest.raises(InvalidInput):
        process_batch(files * 167)


def test_a_batch_is_queued_by_its_dotted_path_and_reports_its_progress(
    files: list[str], run_jobs: Callable[[], None]
) -> None:
    job = enqueue_background_job(
        "workers.file_tasks.process_batch",
        file_list=[*files, "missing.csv"],
        operation="convert_to_json",
        job_timeout="20m",
    )
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error, record.timeout) == ("finished", None, 1200)
    assert (record.result["done"], record.result["failed"]) == (3, 1)
    assert record.progress == {"step": 4, "total": 4, "percent": 100, "message": "missing.csv"}
    assert record.result["report"].endswith(f"/output/{record.artifacts[0]['name']}")
