"""POST /data/process, against a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from libraries.job_manager import fetch_job
from libraries.settings import Settings


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the whole application, with one file in the upload folder."""
    settings.upload_dir.mkdir(parents=True)
    (settings.upload_dir / "data.csv").write_text("name,width\nAnn,210\nBob\n")
    (settings.upload_dir / "folder").mkdir()
    (settings.upload_dir / "link.csv").symlink_to("/etc/hostname")
    return create_app(settings).test_client()


@pytest.mark.usefixtures("broker")
def test_a_file_is_queued_converted_and_fetched(client: FlaskClient, run_jobs: Callable[[], None], settings: Settings) -> None:
    """D10."""
    reply = client.post("/data/process", json={"file_path": "/uploads/data.csv", "format": "json"})
    assert reply.status_code == 202
    job_id = reply.get_json()["job_id"]
    run_jobs()
    record = fetch_job(job_id)
    assert record is not None
    assert record.timeout == 900
    shown = client.get(f"/jobs/{job_id}").get_json()
    assert shown["result"]["path"] == f"output/data/{shown['id']}/data.json"
    assert (shown["result"]["rows"], shown["result"]["error_count"]) == (1, 1)
    assert str(settings.output_dir) not in json.dumps(shown)
    with client.get(f"/jobs/{job_id}/result") as result:
        assert result.content_type == "application/json"
        assert result.get_json() == [{"name": "Ann", "width": "210"}]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"file_path": "../../etc/passwd"}, "#/file_path"),
        ({"file_path": "/etc/passwd"}, "#/file_path"),
        ({"file_path": "uploads/../data.csv"}, "#/file_path"),
        ({"file_path": "data.csv\0"}, "#/file_path"),
        ({"file_path": "missing.csv"}, "#/file_path"),
        ({"file_path": "folder"}, "#/file_path"),
        ({"file_path": "link.csv"}, "#/file_path"),
        ({"file_path": ""}, "#/file_path"),
        ({"file_path": "x" * 2_000}, "#/file_path"),
        ({"file_path": ["data.csv"]}, "#/file_path"),
        ({"format": "xml"}, "#/format"),
        ({"format": None}, "#/format"),
        ({"job_timeout": "1d"}, "#/job_timeout"),
    ],
)
def test_a_bad_field_is_refused_at_once(client: FlaskClient, settings: Settings, change: dict[str, Any], where: str) -> None:
    reply = client.post("/data/process", json={"file_path": "data.csv", "format": "json", **change})
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.get_json()["errors"]} == {where}
    assert str(settings.upload_dir) not in reply.get_data(as_text=True)
