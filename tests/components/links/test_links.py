"""Signed links: what they open, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings, use_settings
from tests.components.http.test_access import ANN, BOB, send, with_keys
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
ARTBOARD = {"width": 60, "height": 60, "pattern": "grid"}

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of an application with keys."""
    return watchful_client(with_keys(settings))


@pytest.fixture
def job_id(client: FlaskClient, run_jobs: RunJobs) -> str:
    """The id of a finished drawing of Ann's."""
    job_id: str = send(client, "POST", "/artboard/create", ANN, json=ARTBOARD).get_json()["job_id"]
    run_jobs()
    return job_id


def link(client: FlaskClient, path: str, **more: int) -> str:
    reply = send(client, "POST", "/links", ANN, json={"path": path, **more})
    assert reply.status_code == 201, reply.get_json()
    url: str = reply.get_json()["url"]
    return url


def paths_of(client: FlaskClient, job_id: str) -> list[str]:
    """Everything of a job that a link can open."""
    artifact = send(client, "GET", f"/jobs/{job_id}", ANN).get_json()["artifacts"][0]["name"]
    parts = ("result", "preview.png", "logs", f"artifacts/{artifact.rsplit('/', 1)[-1]}")
    return [f"/jobs/{job_id}", *(f"/jobs/{job_id}/{part}" for part in parts)]


def test_a_link_opens_one_path_without_a_key_and_can_be_embedded(
    client: FlaskClient, job_id: str
) -> None:
    paths = paths_of(client, job_id)
    for path in paths:
        token = link(client, path).partition("token=")[2]
        reply = client.get(f"{path}?token={token}")
        assert reply.status_code == 200, path
        assert reply.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        opened = [
            other for other in paths if client.get(f"{other}?token={token}").status_code == 200
        ]
        assert opened == [path]
        assert client.delete(f"/jobs/{job_id}?token={token}").status_code == 401
        assert client.get(f"/jobs?token={token}").status_code == 401


def test_a_link_takes_further_query_parameters(client: FlaskClient, job_id: str) -> None:
    url = link(client, f"/jobs/{job_id}/preview.png")
    assert client.get(f"{url}&width=120").status_code == 200
    assert (
        "attachment"
        in client.get(f"{link(client, f'/jobs/{job_id}/result')}&download=1").headers[
            "Content-Disposition"
        ]
    )


def test_the_token_of_a_job_opens_all_that_can_be_read_of_it_and_no_other_job(
    client: FlaskClient, job_id: str, run_jobs: RunJobs
) -> None:
    other = send(
        client, "POST", "/artboard/create", ANN, json={**ARTBOARD, "width": 70}
    ).get_json()["job_id"]
    run_jobs()
    made = send(client, "POST", f"/jobs/{job_id}/token", ANN).get_json()
    for name, url in made["links"].items():
        if name not in ("events", "socket"):
            assert client.get(url).status_code == 200, name
    assert client.get(f"/jobs/{other}/result?token={made['token']}").status_code == 401
    assert client.get(f"/gallery?token={made['token']}").status_code == 401


def test_a_drawing_of_the_gallery_and_the_archive_of_a_batch_have_links(
    client: FlaskClient, job_id: str, run_jobs: RunJobs
) -> None:
    drawing_id = send(client, "GET", "/gallery", ANN).get_json()["items"][0]["id"]
    items = {"operation": "artboard", "items": [ARTBOARD]}
    batch_id = send(client, "POST", "/batches", ANN, json=items).get_json()["batch_id"]
    run_jobs()
    for path in (f"/gallery/{drawing_id}/drawing.svg", f"/batches/{batch_id}/archive.zip"):
        assert client.get(path).status_code == 401
        assert client.get(link(client, path)).status_code == 200


def test_an_address_of_a_drawing_has_a_link_for_all_its_parameters(client: FlaskClient) -> None:
    path = "/draw/grid.svg"
    assert client.get(f"{path}?paper=a7").status_code == 401
    url = link(client, path)
    assert client.get(url).status_code == 200
    assert client.get(f"{url}&paper=a7&seed=2").status_code == 200
    token = url.partition("token=")[2]
    assert client.get(f"/draw/spiral.svg?token={token}").status_code == 401


def test_the_token_of_a_job_does_not_open_other_things(client: FlaskClient, job_id: str) -> None:
    drawing_id = send(client, "GET", "/gallery", ANN).get_json()["items"][0]["id"]
    token = send(client, "POST", f"/jobs/{job_id}/token", ANN).get_json()["token"]
    for path in (f"/gallery/{drawing_id}/drawing.svg", "/draw/grid.svg"):
        assert client.get(f"{path}?token={token}").status_code == 401


def test_a_link_ends_at_its_time(
    client: FlaskClient, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = link(client, f"/jobs/{job_id}/result", expires_in=60)
    assert client.get(url).status_code == 200
    now = time.time()
    monkeypatch.setattr("components.http.tokens.time.time", lambda: now + 61)
    assert client.get(url).status_code == 401


def test_a_link_ends_with_its_job_and_with_the_secret(
    client: FlaskClient, job_id: str, settings: Settings
) -> None:
    url = link(client, f"/jobs/{job_id}/result")
    use_settings(with_keys(settings).with_values(link_secret="another"))  # noqa: S106
    assert client.get(url).status_code == 401
    use_settings(with_keys(settings))
    assert client.get(url).status_code == 200
    assert send(client, "DELETE", f"/jobs/{job_id}", ANN).status_code == 204
    assert client.get(url).status_code in (404, 410)


@pytest.mark.parametrize(
    "change", [str.swapcase, lambda token: token[:-1], lambda token: token + "x"]
)
def test_a_changed_link_opens_nothing(
    client: FlaskClient, job_id: str, change: Callable[[str], str]
) -> None:
    path, _, token = link(client, f"/jobs/{job_id}/result").partition("?token=")
    assert client.get(f"{path}?token={change(token)}").status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/jobs", "/webhooks/secret", "/no-such-page", "x", "//evil.example/jobs"),
        *("/queue/pause", "/jobs/x/cancel", "/jobs/x/token", "/patterns"),
    ],
)
def test_a_path_that_links_cannot_open_is_refused(client: FlaskClient, path: str) -> None:
    reply = send(client, "POST", "/links", ANN, json={"path": path})
    assert (reply.status_code, reply.get_json()["type"]) == (422, "/problems/not-linkable")


def test_files_of_another_owner_cannot_be_linked(client: FlaskClient, job_id: str) -> None:
    for path in (f"/jobs/{job_id}/result", "/batches/none/archive.zip", "/gallery/1/drawing.svg"):
        assert send(client, "POST", "/links", BOB, json={"path": path}).status_code == 404, path


@pytest.mark.parametrize("seconds", [0, -1, 31 * 24 * 3600, "soon"])
def test_a_link_lasts_thirty_days_at_most(
    client: FlaskClient, job_id: str, seconds: object
) -> None:
    body = {"path": f"/jobs/{job_id}/result", "expires_in": seconds}
    assert send(client, "POST", "/links", ANN, json=body).status_code == 422


def test_a_link_shows_no_details_of_an_unexpected_error(
    client: FlaskClient, probe_tasks: None, run_jobs: RunJobs
) -> None:
    body = {"task": "workers.probe_tasks.boom", "retry": {"max": 0}}
    job_id = send(client, "POST", "/jobs", ANN, json=body).get_json()["job_id"]
    run_jobs()
    paths = [
        f"/jobs/{job_id}",
        *(f"/jobs/{job_id}/{part}" for part in ("result", "logs", "events")),
    ]
    for path in paths:
        assert "boom at" in send(client, "GET", path, ANN).get_data(as_text=True), path
        shared = client.get(link(client, path)).get_data(as_text=True)
        assert "internal error" in shared, path
        assert "boom" not in shared.replace("probe_tasks.boom", ""), path
