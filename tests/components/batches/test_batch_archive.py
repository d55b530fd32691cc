"""GET /batches/<id>/archive.zip, against a real broker."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings
from tests.watchful import application

BOARD = {"width": 60, "height": 40, "id": "same"}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the application."""
    return application(settings).test_client()


def submitted(client: FlaskClient, items: list[dict[str, Any]], operation: str = "artboard") -> str:
    reply = client.post("/batches", json={"operation": operation, "items": items})
    assert reply.status_code == 202, reply.get_json()
    return str(reply.get_json()["batch_id"])


def archive_of(client: FlaskClient, batch_id: str) -> zipfile.ZipFile:
    with client.get(f"/batches/{batch_id}/archive.zip") as reply:
        assert (reply.status_code, reply.content_type) == (200, "application/zip")
        assert (
            reply.headers["Content-Disposition"] == f'attachment; filename="batch-{batch_id}.zip"'
        )
        return zipfile.ZipFile(io.BytesIO(reply.get_data()))


@pytest.mark.usefixtures("broker")
def test_the_zip_is_complete_and_has_unique_names(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    """L7."""
    board = {"width": 60, "height": 40, "pattern_type": "grid"}
    items = [{**board, "output_filename": name} for name in ("same.svg", "same.svg", "no.svg")]
    items[2]["pattern_type"] = "spirl"
    batch_id = submitted(client, items, "workers.svg_tasks.generate_complex_svg")
    run_jobs()
    archive = archive_of(client, batch_id)
    assert archive.testzip() is None
    assert archive.namelist() == ["same.svg", "same-2.svg", "manifest.json"]
    assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["batch_id"], manifest["done"], manifest["counts"]) == (
        batch_id,
        True,
        {"finished": 2, "failed": 1},
    )
    for job in manifest["jobs"][:2]:
        (file,) = job["files"]
        data = archive.read(file["name"])
        assert (len(data), hashlib.sha256(data).hexdigest(), file["there"]) == (
            file["size"],
            file["sha256"],
            True,
        )
    assert manifest["jobs"][2]["files"] == []
    assert "spirl" in manifest["jobs"][2]["error"]


@pytest.mark.usefixtures("broker")
def test_the_zip_of_an_unfinished_batch_has_the_files_so_far(client: FlaskClient) -> None:
    archive = archive_of(client, submitted(client, [BOARD, BOARD]))
    manifest = json.loads(archive.read("manifest.json"))
    assert archive.namelist() == ["manifest.json"]
    assert (manifest["done"], [job["status"] for job in manifest["jobs"]]) == (
        False,
        ["queued", "queued"],
    )


@pytest.mark.usefixtures("broker")
def test_a_deleted_or_replaced_file_is_reported_and_not_sent(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    batch_id = submitted(client, [{**BOARD, "id": "a"}, {**BOARD, "id": "b"}, {**BOARD, "id": "c"}])
    run_jobs()
    first, second, _ = sorted(
        (settings.storage.output_dir / "jobs").rglob("*.svg"), key=lambda path: path.name
    )
    first.unlink()
    Path(second).write_text("another")
    archive = archive_of(client, batch_id)
    manifest = json.loads(archive.read("manifest.json"))
    assert [job["files"][0]["there"] for job in manifest["jobs"]] == [False, False, True]
    assert archive.namelist() == ["artboard_c.svg", "manifest.json"]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("batch_id", ["unknown", "..%2f", "x" * 200])
def test_an_unknown_batch_has_no_archive(client: FlaskClient, batch_id: str) -> None:
    assert client.get(f"/batches/{batch_id}/archive.zip").status_code == 404
