"""Files of jobs in a folder and in a bucket: no job replaces or deletes a file of another one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.errors import NotFound
from libraries.gallery import gallery
from libraries.gallery.arrivals import process_pending
from libraries.gallery.drawings import drawing_id
from libraries.gallery.service import remove_drawing
from libraries.job_manager import delete_job, enqueue_background_job, find_job
from libraries.job_manager.job_files import claim_readable_names
from libraries.job_manager.records import JobRecord
from libraries.storage import job_folder, output_folder, own_name

WRITE = "workers.probe_tasks.write"
RunJobs = Callable[[], None]

pytestmark = pytest.mark.usefixtures("probe_tasks", "served")


@pytest.fixture
def write(run_jobs: RunJobs) -> Callable[..., list[JobRecord]]:
    """Return a function that runs a job for each text, all with one file name, and returns the jobs."""

    def write(name: str, *texts: str) -> list[JobRecord]:
        ids = [enqueue_background_job(WRITE, name, text).id for text in texts]
        run_jobs()
        return [find_job(job_id) for job_id in ids]

    return write


def read(name: str, sha256: str | None = None) -> str | None:
    """Return the text of a stored file, None if there is none."""
    try:
        with output_folder().open_checked(name, sha256=sha256) as file:
            return file.read().decode()
    except NotFound:
        return None


def text_of(job: JobRecord) -> str | None:
    """Return the text of the file of a job."""
    return read(job.artifacts[0]["name"], job.artifacts[0]["sha256"])


def test_jobs_that_write_to_one_name_keep_their_files(
    write: Callable[..., list[JobRecord]],
) -> None:
    first, second, third = write("cards/same.txt", "one", "two", "two")
    assert list(map(text_of, (first, second, third))) == ["one", "two", "two"]
    assert third.result.endswith(f"jobs/{third.id}/cards/same.txt")
    assert read("cards/same.txt") == "two"
    delete_job(second.id)  # the same bytes as the newest
    assert (text_of(first), text_of(third), read("cards/same.txt")) == ("one", "two", "two")
    delete_job(third.id)
    assert (text_of(first), read("cards/same.txt")) == ("one", None)
    delete_job(first.id)
    assert list(output_folder().names()) == []


def test_a_file_of_the_version_without_folders_of_jobs_is_kept(
    write: Callable[..., list[JobRecord]],
) -> None:
    (earlier,) = write("old.txt", "earlier")
    client, (artifact,) = web_client(), earlier.artifacts
    output_folder().copy(artifact["name"], "old.txt")
    output_folder().remove(artifact["name"])
    artifact["name"] = "old.txt"
    note = {"owner": "anonymous", "files": [artifact]}
    client.hset(keys.ARTIFACTS_KEY, earlier.id, json.dumps(note))
    client.hset(keys.job_key(earlier.id), "meta", json.dumps({"artifacts": [artifact]}))
    client.delete(keys.readable_names_key("anonymous"))
    (newer, same) = write("old.txt", "newer", "earlier")
    assert [text_of(find_job(job.id)) for job in (earlier, newer, same)] == [
        "earlier",
        "newer",
        "earlier",
    ]
    delete_job(earlier.id)
    assert (text_of(newer), text_of(same), read("old.txt")) == ("newer", "earlier", "earlier")
    delete_job(same.id)
    delete_job(newer.id)
    assert list(output_folder().names()) == []


def test_names_of_other_jobs_are_never_claimed(
    run_jobs: RunJobs, write: Callable[..., list[JobRecord]]
) -> None:
    (first,) = write("a.txt", "one")
    names = (first.artifacts[0]["name"], f"data/{first.id}/a.txt", "kept/a.txt")
    others = [enqueue_background_job(WRITE, name, "two").id for name in names]
    run_jobs()
    assert [text_of(find_job(job_id)) for job_id in others] == ["two"] * 3
    assert [text_of(first), *map(read, names[1:])] == ["one", None, None]


def test_a_name_that_is_a_folder_does_not_fail_the_job(
    run_jobs: RunJobs,
) -> None:
    ids = [
        enqueue_background_job(WRITE, *one).id for one in (("notes/a.txt", "one"), ("notes", "two"))
    ]
    run_jobs()
    first, second = map(find_job, ids)
    assert (second.status, text_of(second), read("notes/a.txt")) == ("finished", "two", "one")
    assert text_of(first) == "one"


def test_a_repeated_attempt_replaces_only_its_own_file(broker: EmbeddedBroker) -> None:
    other, repeated = "a" * 32, "an id/of: another program"
    for job_id, text in ((other, "other"), (repeated, "half"), (repeated, "whole")):
        with job_folder(job_id):
            output_folder().publish("x.txt", text)
            assert read("x.txt") == text
            if text != "half":  # killed before the end
                claim_readable_names(web_client(), {own_name("x.txt", job_id)})
    assert read(own_name("x.txt", other)) == "other"
    assert (read(own_name("x.txt", repeated)), read("x.txt")) == ("whole", "whole")


def test_after_concurrent_claims_the_name_shows_the_job_that_has_it(broker: EmbeddedBroker) -> None:
    def claim(job_id: str) -> None:
        for _ in range(3):
            with job_folder(job_id):
                output_folder().publish("x.txt", job_id)
                claim_readable_names(web_client(), {own_name("x.txt", job_id)})

    threads = [threading.Thread(target=claim, args=(letter * 32,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holder: Any = web_client().hget(keys.readable_names_key("anonymous"), "x.txt")
    assert read("x.txt") == holder.decode()


@pytest.mark.parametrize("way", ["fail", "die"])
def test_files_of_a_failed_job_are_deleted_with_it(run_jobs: RunJobs, way: str) -> None:
    job = enqueue_background_job(f"workers.path_tasks.publish_and_{way}", "a.txt")
    run_jobs()
    assert find_job(job.id).status == "failed"
    assert list(output_folder().names()) == [own_name("a.txt", job.id)]
    delete_job(job.id)
    assert list(output_folder().names()) == []


def test_a_file_that_is_not_attached_outlives_its_job(
    run_jobs: RunJobs, write: Callable[..., list[JobRecord]]
) -> None:
    (attached,) = write("a.txt", "attached")
    job = enqueue_background_job("workers.path_tasks.publish_for_all", "a.txt", "for all")
    run_jobs()
    for job_id in (attached.id, job.id):
        delete_job(job_id)
    assert (list(output_folder().names()), read("a.txt")) == (["a.txt"], "for all")


def test_a_removed_drawing_is_not_left_under_its_readable_name(
    write: Callable[..., list[JobRecord]],
) -> None:
    first, second = write("x.svg", "<svg/>", "<svg></svg>")
    process_pending()
    remove_drawing("anonymous", drawing_id("anonymous", first.artifacts[0]["name"]))
    assert (text_of(first), text_of(second), read("x.svg")) == (None, "<svg></svg>", "<svg></svg>")
    remove_drawing("anonymous", drawing_id("anonymous", second.artifacts[0]["name"]))
    assert (list(output_folder().names()), gallery().owners()) == ([], [])


def test_a_file_that_a_task_writes_itself_is_stored_like_all_others(run_jobs: RunJobs) -> None:
    task = "workers.path_tasks.generate_postcard_svg"
    ids = [enqueue_background_job(task, "Ann", text, "plain").id for text in ("one", "two")]
    run_jobs()
    first, second = map(text_of, map(find_job, ids))
    assert first != second == read("postcards/postcard_Ann_plain.svg")
