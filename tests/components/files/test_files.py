"""POST /files/batch, against a real broker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings
from tests.watchful import application


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the application with two files in the upload folder."""
    settings.storage.upload_dir.mkdir(parents=True)
    for name in ("file1.csv", "file2.csv"):
        (settings.storage.upload_dir / name).write_text(f"name\n{name}\n")
    return application(settings).test_client()


@pytest.mark.usefixtures("broker")
def test_a_batch_reports_the_result_for_each_file(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    reply = client.post("/files/batch", json={"file_list": ["file1.csv", "file2.csv", "file3.csv"]})
    assert reply.status_code == 202
    run_jobs()
    shown = client.get(reply.headers["Location"])
    assert str(settings.storage.output_dir) not in shown.get_data(as_text=True)
    result = shown.get_json()["result"]
    assert (result["operation"], result["done"], result["failed"]) == ("convert_to_json", 2, 1)
    assert [item["status"] for item in result["items"]] == ["done", "done", "failed"]
    with client.get(f"{reply.headers['Location']}/result") as whole:
        assert whole.get_json() == result["items"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"file_list": []}, "#/file_list"),
        ({"file_list": ["file1.csv"] * 501}, "#/file_list"),
        ({"file_list": "file1.csv"}, "#/file_list"),
        ({}, "#/file_list"),
        ({"file_list": ["file1.csv", "../file2.csv"]}, "#/file_list/1"),
        ({"file_list": ["/etc/passwd"]}, "#/file_list/0"),
        ({"file_list": [""]}, "#/file_list/0"),
        ({"file_list": [5]}, "#/file_list/0"),
        ({"file_list": ["x" * 1_001]}, "#/file_list/0"),
        ({"file_list": ["file1.csv"], "operation": "remove"}, "#/operation"),
        ({"file_list": ["file1.csv"], "on_success": "os.system"}, "#/on_success"),
    ],
)
def test_an_invalid_field_is_rejected(
    client: FlaskClient, body: dict[str, Any], where: str
) -> None:
    reply = client.post("/files/batch", json=body)
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.get_json()["errors"]} == {where}


@pytest.mark.usefixtures("broker")
def test_many_files_become_one_zip(client: FlaskClient, run_jobs: Callable[[], None]) -> None:
    reply = client.post(
        "/files/batch",
        json={"file_list": ["file1.csv", "file3.csv", "file2.csv"], "operation": "zip"},
    )
    run_jobs()
    shown = client.get(reply.headers["Location"]).get_json()
    assert (shown["result"]["done"], shown["result"]["failed"]) == (2, 1)
    with client.get(f"{reply.headers['Location']}/result") as whole:
        assert whole.content_type == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(whole.get_data()))
    assert archive.namelist() == ["file1.csv", "file2.csv"]
    assert archive.read("file1.csv") == b"name\nfile1.csv\n"
