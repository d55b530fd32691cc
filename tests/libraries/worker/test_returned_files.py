"""Paths that tasks return, with the real worker: each file belongs to one job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.broker.embedded import EmbeddedBroker
from libraries.gallery import GalleryQuery, gallery
from libraries.gallery.arrivals import process_pending
from libraries.job_manager import enqueue_background_job, find_job
from libraries.job_manager.ownership import as_owner
from libraries.job_manager.records import JobRecord
from libraries.settings import Settings
from libraries.storage import output_folder
from tests.watchful import watchful_client

TASKS = "workers.path_tasks"
RunJobs = Callable[[], None]

pytestmark = pytest.mark.usefixtures("probe_tasks")


@pytest.fixture
def client(settings: Settings, broker: EmbeddedBroker) -> FlaskClient:
    return watchful_client(settings)


@pytest.fixture
def run(run_jobs: RunJobs) -> Callable[..., JobRecord]:
    """Return a function that runs a task and returns its job."""

    def run(task: str, *args: Any) -> JobRecord:
        job_id = enqueue_background_job(f"{TASKS}.{task}", *args).id
        run_jobs()
        return find_job(job_id)

    return run


def text_of(job: JobRecord, number: int = 0) -> str:
    """Return the content of a file of a job."""
    artifact = job.artifacts[number]
    with output_folder().open_checked(artifact["name"], sha256=artifact["sha256"]) as file:
        return file.read().decode()


def refused(job: JobRecord) -> str:
    """Return why a job failed whose result is not valid."""
    assert (job.status, job.error_code, job.artifacts) == ("failed", "bad-result", [])
    return str(job.public_error)


def test_a_plain_task_makes_a_result_a_preview_statistics_and_a_gallery_entry(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    kwargs = {"recipient": "John Doe", "message": "Hello!", "template_name": "birthday"}
    ids = [
        client.post(
            "/jobs",
            json={
                "task": f"{TASKS}.generate_postcard_svg",
                "kwargs": {**kwargs, "message": message},
            },
        ).get_json()["job_id"]
        for message in ("first", "second")
    ]
    run_jobs()
    results = []
    for job_id in ids:
        job = client.get(f"/jobs/{job_id}").get_json()
        assert job["status"] == "finished", job
        assert job["result"] == f"output/jobs/{job_id}/postcards/postcard_John Doe_birthday.svg"
        (artifact,) = job["artifacts"]
        assert artifact["plot"]["vertices"] > 10
        assert artifact["plot"]["time"]
        results.append(client.get(f"/jobs/{job_id}/result").get_data(as_text=True))
        assert client.get(f"/jobs/{job_id}/preview.png").status_code == 200
    assert results[0].startswith("<svg")
    assert results[0] != results[1]
    readable = settings.storage.output_dir / "postcards/postcard_John Doe_birthday.svg"
    assert readable.read_text() == results[1]
    process_pending()
    found = gallery().search("anonymous", GalleryQuery()).items
    assert sorted(one.job_id for one in found) == sorted(ids)
    assert (found[0].width, found[0].height) == (210, 148)


def test_a_name_that_is_not_safe_is_replaced_and_kept_for_downloads(
    client: FlaskClient, run: Callable[..., JobRecord]
) -> None:
    job = run("generate_postcard_svg", "Jürgen", "Hi", "plain")
    assert job.artifacts[0]["name"].isascii()
    reply = client.get(f"/jobs/{job.id}/result?download=1")
    assert reply.headers["Content-Disposition"] == (
        "attachment; filename=postcard_Jurgen_plain.svg; "
        "filename*=UTF-8''postcard_J%C3%BCrgen_plain.svg"
    )


def test_paths_in_a_list_and_below_the_output_folder_are_adopted(
    run_jobs: RunJobs, settings: Settings
) -> None:
    calls: list[tuple[Any, ...]] = [
        ("write_two",),
        ("write_into_the_output_folder", "notes/a.txt", "direct"),
        ("write_into_the_output_folder", "notes/a.txt", "again"),
        ("publish", "b.txt", "published"),
        ("publish_and_name", "d.txt", "named"),
        ("write_and_give_back", "x", "output/c.txt", {"file": "output/c.txt", "rows": 2}),
    ]
    ids = [enqueue_background_job(f"{TASKS}.{task}", *args).id for task, *args in calls]
    run_jobs()
    two, *others = map(find_job, ids)
    assert [text_of(two, number) for number in (0, 1)] == ["one", "two"]
    assert list(map(text_of, others)) == ["direct", "again", "published", "named", "x"]
    assert (settings.storage.output_dir / "notes/a.txt").read_text() == "again"
    assert not (settings.storage.output_dir / "jobs/earlier").exists()
    own = str(settings.storage.output_dir / f"jobs/{ids[4]}/d.txt")
    assert others[3].result == [own, {"path": own, "again": own}]
    assert others[4].result["rows"] == 2


def test_a_file_of_an_owner_is_stored_with_the_owner(
    run: Callable[..., JobRecord], settings: Settings
) -> None:
    with as_owner("ann"):
        job = run("generate_postcard_svg", "Ann", "Hi", "plain")
        assert text_of(job).startswith("<svg")
    own = settings.storage.output_dir / ".owners/ann"
    assert (own / "postcards/postcard_Ann_plain.svg").is_file()
    assert not (settings.storage.output_dir / "postcards").exists()


def test_text_that_is_not_a_path_stays_text(run: Callable[..., JobRecord]) -> None:
    value = ["output", "a text", "/help", "output/ of the year", {"text": "output/none.svg"}, 5, ""]
    job = run("give_back", value)
    assert (job.status, job.result, job.artifacts) == ("finished", value, [])


def test_a_path_that_is_no_file_of_the_job_fails_that_job_alone(
    run: Callable[..., JobRecord],
    run_jobs: RunJobs,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = run("generate_postcard_svg", "Ann", "Hi", "plain")
    own = Path(first.result)
    readable = settings.storage.output_dir / "postcards/postcard_Ann_plain.svg"
    before, content = own.stat(), own.read_text()
    outside = str(tmp_path / "x.svg")
    expected: list[tuple[Any, ...]] = [
        ("not a file in the output folder", "give_back", "/etc/passwd"),
        ("not a file in the output folder", "give_back", "output/../x.svg"),
        ("not a file in the output folder", "give_back", "output/../../etc/passwd"),
        ("not a file in the output folder", "give_back", [str(tmp_path / "..")]),
        ("not a file in the output folder", "write_and_give_back", "x", outside, outside),
        ("not a file in the output folder", "write_and_give_back", "x", "x.txt", "x.txt"),
        ("no such file", "give_back", "output/none.svg"),
        ("that is a folder", "give_back", "output/postcards"),
        ("that is a symbolic link", "make_link", str(own)),
        ("that is a hard link", "make_hard_link", str(own)),
        ("cannot be stored", "pass_through_a_link", str(own)),
        ("belongs to another job", "give_back", str(own)),
        ("did not write that file", "give_back", str(readable)),
        ("did not write that file", "give_back", f"output/postcards/{readable.name}"),
        ("10000 paths", "make_many", 10_000),
        ("U+D800", "leave_a_surrogate"),
    ]
    ids = [enqueue_background_job(f"{TASKS}.{task}", *args).id for _, task, *args in expected]
    monkeypatch.chdir(tmp_path)
    run_jobs()
    for job_id, (reason, *call) in zip(ids, expected, strict=True):
        assert reason in refused(find_job(job_id)), call
    assert Path(outside).read_text() == "x"
    assert (own.read_text(), readable.read_text(), own.stat().st_ino) == (
        content,
        content,
        before.st_ino,
    )
    assert find_job(first.id).artifacts == first.artifacts


def test_other_files_that_a_task_writes_are_stored_under_their_names(
    run: Callable[..., JobRecord], settings: Settings
) -> None:
    job = run("write_and_give_back", "side", "output/log.txt", {"rows": 1})
    assert (job.result, job.artifacts) == ({"rows": 1}, [])
    assert (settings.storage.output_dir / "log.txt").read_text() == "side"


def test_other_new_files_in_the_working_directory_are_kept(
    run: Callable[..., JobRecord], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    run("write_and_give_back", "1", "count.txt", None)
    run("write_and_give_back", "2", "data/count.txt", None)
    assert (tmp_path / "count.txt").read_text() == "1"
    assert (tmp_path / "data/count.txt").read_text() == "2"
