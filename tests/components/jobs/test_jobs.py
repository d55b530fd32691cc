from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from components.jobs.representation import public_result
from libraries.job_manager import cancel_job, enqueue_background_job
from libraries.settings import Settings
from libraries.storage import output_folder
from tests.conftest import WorkerProcess, until

RunJobs = Callable[[], None]
DRAW = "workers.svg_tasks.generate_complex_svg"
SEED_KEYS = ["id", "status", "result", "error", "created_at", "started_at", "ended_at"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
INVALID_IDS = [
    "a b",
    "a.b",
    "x" * 129,
    "%00",
    "..",
    "%2e%2e",
    "a%0aSet-Cookie:x",
    "%F0%9F%98%80",
    "%ff",
    "a;b",
    "*",
    "job:1",
    "'",
]
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

pytestmark = pytest.mark.usefixtures("probe_tasks")


def get_job(client: FlaskClient, job_id: str) -> dict[str, Any]:
    response = client.get(f"/jobs/{job_id}")
    assert response.status_code == 200
    body: dict[str, Any] = response.get_json()
    return body


def finished_write_job(
    run_jobs: RunJobs, name: str = "drawings/sheet.svg", text: str = "<svg/>"
) -> str:
    """Run a job that writes a file; return its id."""
    job = enqueue_background_job("workers.probe_tasks.write", name, text)
    run_jobs()
    return str(job.id)


def test_a_job_can_be_followed_from_queued_to_finished(
    client: FlaskClient,
    start_worker: Callable[..., WorkerProcess],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The arguments of the job are paths.
    monkeypatch.setattr(client, "private", "")
    begun, ended = (
        settings.storage.output_dir.parent / "begun",
        settings.storage.output_dir.parent / "ended",
    )
    job_id = enqueue_background_job("workers.probe_tasks.nap", 0.3, str(begun), str(ended)).id
    seen = [get_job(client, job_id)["status"]]
    start_worker()
    until(lambda: seen.append(get_job(client, job_id)["status"]) or seen[-1] == "finished")  # type: ignore[func-returns-value]
    assert list(dict.fromkeys(seen)) == ["queued", "started", "finished"]
    assert get_job(client, job_id)["result"] == "slept"


def test_a_job_starts_with_seven_keys_and_has_utc_times(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = finished_write_job(run_jobs)
    job = get_job(client, job_id)
    assert list(job)[:7] == SEED_KEYS
    assert all(
        TIME.fullmatch(job[name]) for name in ("created_at", "started_at", "ended_at", "expires_at")
    )
    assert job["created_at"] <= job["started_at"] <= job["ended_at"] < job["expires_at"]
    assert (job["done"], job["task"], job["position"], job["attempt"]) == (
        True,
        "workers.probe_tasks.write",
        None,
        1,
    )
    assert job["progress"] == {"step": 2, "total": 2, "percent": 100, "message": "there"}


def test_files_of_a_job_have_names_without_folders_and_links(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = finished_write_job(run_jobs)
    job = get_job(client, job_id)
    assert job["result"] == f"output/jobs/{job_id}/drawings/sheet.svg"
    assert job["artifacts"] == [
        {
            "name": "sheet.svg",
            "media_type": "image/svg+xml",
            "size": 6,
            "sha256": hashlib.sha256(b"<svg/>").hexdigest(),
            "url": f"/jobs/{job_id}/result",
        }
    ]
    formats = job["links"].pop("formats", {})
    assert all(client.get(link).status_code == 200 for link in job["links"].values())
    assert all(link.startswith(job["links"]["result"]) for link in formats.values())


@pytest.mark.usefixtures("broker")
def test_a_waiting_job_has_its_position_and_retry_after(client: FlaskClient) -> None:
    first, second = (enqueue_background_job("workers.probe_tasks.nothing").id for _ in range(2))
    assert [get_job(client, job_id)["position"] for job_id in (first, second)] == [0, 1]
    response = client.get(f"/jobs/{first}")
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_done_job_has_no_retry_after(client: FlaskClient, run_jobs: RunJobs) -> None:
    assert "Retry-After" not in client.get(f"/jobs/{finished_write_job(run_jobs)}").headers


def test_an_unchanged_job_gets_304(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.nothing").id
    known = client.get(f"/jobs/{job_id}").headers["ETag"]
    assert known.startswith('W/"')
    again = client.get(f"/jobs/{job_id}", headers={"If-None-Match": known})
    assert (again.status_code, again.get_data(), again.headers["Retry-After"]) == (304, b"", "1")
    run_jobs()
    changed = client.get(f"/jobs/{job_id}", headers={"If-None-Match": known})
    assert (changed.status_code, changed.get_json()["status"]) == (200, "finished")


@pytest.mark.parametrize("invalid_id", INVALID_IDS)
def test_an_invalid_job_id_is_not_found_even_without_a_broker(
    client: FlaskClient, invalid_id: str
) -> None:
    for address in (f"/jobs/{invalid_id}", f"/jobs/{invalid_id}/result"):
        response = client.get(address)
        assert response.status_code == 404
        assert response.get_json()["type"] == "/problems/job-not-found"


@pytest.mark.usefixtures("broker")
def test_an_unknown_job_is_not_found(client: FlaskClient) -> None:
    for address in ("/jobs/unknown", "/jobs/unknown/result"):
        assert client.get(address).get_json()["type"] == "/problems/job-not-found"


def test_without_a_broker_jobs_are_unavailable(client: FlaskClient) -> None:
    response = client.get("/jobs/some-job")
    assert (response.status_code, response.get_json()["type"]) == (
        503,
        "/problems/queue-unavailable",
    )


def test_the_exception_of_a_task_is_shown_to_its_owner(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.boom").id
    run_jobs()
    job, result = client.get(f"/jobs/{job_id}"), client.get(f"/jobs/{job_id}/result")
    assert job.get_json()["status"] == "failed"
    assert job.get_json()["error_code"] == "internal-error"
    assert result.status_code == 409
    assert result.get_json()["type"] == "/problems/job-failed"
    assert result.get_json()["job_status"] == "failed"
    for response in (job, result):
        assert "ValueError: boom at /secret/place" in response.get_data(as_text=True)


def test_the_message_of_a_user_error_is_shown(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.refuse").id
    run_jobs()
    job = get_job(client, job_id)
    assert (job["error"], job["error_code"]) == ("invalid name", "bad-file-name")
    assert "invalid name" in client.get(f"/jobs/{job_id}/result").get_json()["detail"]


@pytest.mark.usefixtures("broker")
def test_the_result_of_a_waiting_job_is_a_conflict_with_retry_after(
    client: FlaskClient,
) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.nothing").id
    response = client.get(f"/jobs/{job_id}/result")
    assert (response.status_code, response.get_json()["type"]) == (
        409,
        "/problems/job-not-finished",
    )
    assert response.get_json()["job_status"] == "queued"
    assert response.headers["Retry-After"] == "1"


@pytest.mark.usefixtures("broker")
def test_a_canceled_job_has_no_result(client: FlaskClient) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.nothing").id
    assert cancel_job(job_id)
    response = client.get(f"/jobs/{job_id}/result")
    assert (response.status_code, response.get_json()["job_status"]) == (409, "canceled")


def test_the_result_is_the_file_with_its_hash_as_etag(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    response = client.get(f"/jobs/{finished_write_job(run_jobs)}/result")
    assert (response.status_code, response.get_data()) == (200, b"<svg/>")
    assert response.content_type == "image/svg+xml"
    assert response.headers["ETag"] == f'"{hashlib.sha256(b"<svg/>").hexdigest()}"'
    assert response.headers["Content-Length"] == "6"
    assert response.headers["Content-Disposition"] == "inline; filename=sheet.svg"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"If-None-Match": "tag"}, 304),
        ({"Range": "bytes=1-3"}, 206),
        ({"Range": "bytes=-2"}, 206),
    ],
)
def test_an_svg_is_always_sandboxed(
    client: FlaskClient, run_jobs: RunJobs, headers: dict[str, str], status: int
) -> None:
    tag = f'"{hashlib.sha256(b"<svg/>").hexdigest()}"'
    request_headers = {name: tag if value == "tag" else value for name, value in headers.items()}
    response = client.get(f"/jobs/{finished_write_job(run_jobs)}/result", headers=request_headers)
    assert response.status_code == status
    assert {name: response.headers[name] for name in FILE_HEADERS} == FILE_HEADERS


def test_a_range_of_a_result_can_be_requested(client: FlaskClient, run_jobs: RunJobs) -> None:
    address = f"/jobs/{finished_write_job(run_jobs)}/result"
    part = client.get(address, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.get_data(), part.headers["Content-Range"]) == (
        206,
        b"svg",
        "bytes 1-3/6",
    )
    beyond = client.get(address, headers={"Range": "bytes=10-20"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */6")
    assert client.head(address).headers["Content-Length"] == "6"


@pytest.mark.parametrize("value", ["items=0-2", "svg", ""])
def test_a_range_in_another_unit_is_ignored(
    client: FlaskClient, run_jobs: RunJobs, value: str
) -> None:
    address = f"/jobs/{finished_write_job(run_jobs)}/result"
    response = client.get(address, headers={"Range": value})
    assert (response.status_code, response.get_data()) == (200, b"<svg/>")
    assert response.headers["Accept-Ranges"] == "bytes"


def test_a_download_has_the_name_of_the_file(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = finished_write_job(run_jobs, "a/Two words-1.svg")
    response = client.get(f"/jobs/{job_id}/result?download=1")
    assert response.headers["Content-Disposition"] == 'attachment; filename="Two words-1.svg"'
    invalid = client.get(f"/jobs/{job_id}/result?download=perhaps")
    assert invalid.status_code == 422
    assert invalid.get_json()["errors"] == [
        {"parameter": "download", "field": "download", "detail": "Not a valid boolean."},
    ]


def test_a_job_without_a_file_returns_the_value_of_its_task(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.echo", 1, two="2").id
    run_jobs()
    response = client.get(f"/jobs/{job_id}/result")
    assert response.get_json() == {"args": [1], "kwargs": {"two": "2"}}
    assert (
        client.get(
            f"/jobs/{job_id}/result", headers={"If-None-Match": response.headers["ETag"]}
        ).status_code
        == 304
    )


def test_a_deleted_file_is_gone_and_an_unknown_job_not_found(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    job_id = finished_write_job(run_jobs)
    (settings.storage.output_dir / f"jobs/{job_id}/drawings/sheet.svg").unlink()
    response = client.get(f"/jobs/{job_id}/result")
    assert (response.status_code, response.get_json()["type"]) == (410, "/problems/job-expired")


def test_a_file_that_was_replaced_is_not_returned(client: FlaskClient, run_jobs: RunJobs) -> None:
    first, second = (
        finished_write_job(run_jobs, text="<svg/>"),
        finished_write_job(run_jobs, text="<SVG/>"),
    )
    assert client.get(f"/jobs/{first}/result").get_data() == b"<svg/>"
    output_folder().publish(f"jobs/{first}/drawings/sheet.svg", "changed by hand")
    assert client.get(f"/jobs/{first}/result").status_code == 410
    assert client.get(f"/jobs/{second}/result").get_data() == b"<SVG/>"


def test_a_symbolic_link_is_not_followed(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    job_id = finished_write_job(run_jobs)
    file = settings.storage.output_dir / f"jobs/{job_id}/drawings/sheet.svg"
    file.rename(file.with_name("elsewhere.svg"))
    file.symlink_to("elsewhere.svg")
    assert client.get(f"/jobs/{job_id}/result").status_code == 410


def test_paths_in_results_are_relative_to_the_output_folder(
    settings: Settings,
) -> None:
    path = f"{settings.storage.output_dir}/a/b.svg"
    result = {"path": path, "all": [path, 1, {"deep": [path]}], "other": ["a/b"]}
    shown = public_result(result)
    assert shown == {
        "path": "output/a/b.svg",
        "all": ["output/a/b.svg", 1, {"deep": ["output/a/b.svg"]}],
        "other": ["a/b"],
    }
    # Records are shared, so a result is not changed; what has no paths is not copied.
    assert result["path"] == path
    assert shown["other"] is result["other"]
    assert public_result(path) == "output/a/b.svg"


@pytest.mark.usefixtures("broker")
def test_an_unsafe_output_filename_is_refused_at_submission(client: FlaskClient) -> None:
    names = [
        "../../x.svg", "..", "/etc/x.svg", "a/../x.svg", "a//x.svg", "", ".", ".x.svg", "a\\b.svg", "C:\\x.svg",
        "a\0.svg", "a\n.svg", "x.svg ", "x.svg.", "CON", "nul.svg", "ü.svg", "a" * 300, "a/" * 8 + "x.svg", 5, ["x.svg"],
        "jobs/x.svg", "kept/x.svg", "gallery/x.svg", f"data/{'a' * 32}/x.svg",
    ]  # fmt: skip
    call = {"width": 100, "height": 100, "pattern_type": "grid"}
    for name in names:
        body = {"task": DRAW, "kwargs": {**call, "output_filename": name}}
        reply = client.post("/jobs", json=body)
        assert reply.status_code == 422, name
        assert [one["field"] for one in reply.get_json()["errors"]] == ["kwargs.output_filename"]
    positional = {"task": DRAW, "args": [100, 100, "grid", "../x.svg"]}
    assert client.post("/jobs", json=positional).get_json()["errors"][0]["field"] == "args"
    assert client.get("/jobs").get_json()["items"] == []
