"""POST /data/process, against a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient

from libraries.job_manager import fetch_job
from libraries.settings import Settings
from tests.watchful import application


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the application with one file in the upload folder."""
    settings.storage.upload_dir.mkdir(parents=True)
    (settings.storage.upload_dir / "data.csv").write_text("name,width\nAnn,210\nBob\n")
    (settings.storage.upload_dir / "folder").mkdir()
    (settings.storage.upload_dir / "link.csv").symlink_to("/etc/hostname")
    return application(settings).test_client()


@pytest.mark.usefixtures("broker")
def test_a_file_is_queued_converted_and_downloaded(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
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
    assert str(settings.storage.output_dir) not in json.dumps(shown)
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
def test_an_invalid_field_is_rejected(
    client: FlaskClient, settings: Settings, change: dict[str, Any], where: str
) -> None:
    reply = client.post("/data/process", json={"file_path": "data.csv", "format": "json", **change})
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.get_json()["errors"]} == {where}
    assert str(settings.storage.upload_dir) not in reply.get_data(as_text=True)


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(
    ("to_format", "media_type"),
    [
        ("tsv", "text/tab-separated-values; charset=utf-8"),
        ("ndjson", "application/x-ndjson"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_every_format_has_its_media_type(
    client: FlaskClient, run_jobs: Callable[[], None], to_format: str, media_type: str
) -> None:
    reply = client.post(
        "/data/process", json={"file_path": "data.csv", "format": to_format, "encoding": "utf-8"}
    )
    run_jobs()
    shown = client.get(reply.headers["Location"]).get_json()
    assert shown["status"] == "finished", shown
    assert shown["result"]["types"] == ["text", "integer"]
    assert shown["progress"]["percent"] == 100
    with client.get(f"{reply.headers['Location']}/result") as result:
        assert result.content_type == media_type


@pytest.mark.usefixtures("broker")
def test_a_chart_is_queued_drawn_and_downloaded(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    body = {
        "file_path": "data.csv",
        "chart": "bars",
        "x": "name",
        "y": ["width"],
        "title": "Widths",
        "paper": "a6",
    }
    reply = client.post("/data/chart", json=body)
    assert reply.status_code == 202
    run_jobs()
    with client.get(f"{reply.headers['Location']}/result") as drawing:
        assert drawing.content_type == "image/svg+xml"
        svg = ElementTree.fromstring(drawing.get_data(as_text=True))
    assert (svg.get("width"), svg.get("height")) == ("148mm", "105mm")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"chart": "pie"}, "#/chart"),
        ({"y": []}, "#/y"),
        ({"y": ["a"] * 9}, "#/y"),
        ({"y": "width"}, "#/y"),
        ({"paper": "a99"}, "#/paper"),
        ({"orientation": "upright"}, "#/orientation"),
        ({"pen_width": 0}, "#/pen_width"),
        ({"margin": -1}, "#/margin"),
        ({"title": "x" * 121}, "#/title"),
        ({"encoding": "utf-7"}, "#/encoding"),
        ({"delimiter": "x"}, "#/delimiter"),
    ],
)
def test_an_invalid_field_of_a_chart_is_rejected(
    client: FlaskClient, change: dict[str, Any], where: str
) -> None:
    reply = client.post(
        "/data/chart", json={"file_path": "data.csv", "chart": "line", "y": ["width"], **change}
    )
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.get_json()["errors"]} == {where}


@pytest.mark.usefixtures("broker")
def test_a_missing_file_names_the_route_that_uploads_it(client: FlaskClient) -> None:
    reply = client.post("/data/process", json={"file_path": "missing.csv", "format": "json"})
    (error,) = reply.get_json()["errors"]
    assert error["detail"] == "file not found: 'missing.csv'; upload the file with POST /uploads"
