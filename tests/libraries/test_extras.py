"""What happens without the optional packages, which `make run` does not install."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from app import create_app
from components.system.commands import doctor
from libraries.errors import InvalidInput
from libraries.extras import Extra
from libraries.settings import BadSettings, Settings, read_settings, reset_settings
from libraries.tables import convert, csv_rows
from libraries.vector_input import read

TABLE = b"name,width\nspiral,1\ngrid,22\n"
Hide = Callable[[Extra], None]


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Return a function that makes a package look as if it were not installed."""
    return lambda extra: monkeypatch.setitem(sys.modules, extra.value, None)


def converted(data: bytes, to_format: str) -> bytes:
    return b"".join(convert(io.BytesIO(data), to_format)[0])


@pytest.mark.parametrize("extra", Extra)
def test_a_missing_package_is_reported_with_the_command_that_installs_it(
    hide: Hide, extra: Extra
) -> None:
    assert extra.missing() is None
    hide(extra)
    reason = extra.missing() or ""
    assert reason.startswith(f"the package {extra.value}, which is not installed")
    assert f"python -m pip install -r {extra.file}`" in reason


def test_parquet_is_neither_written_nor_read_without_its_package(hide: Hide) -> None:
    file = converted(TABLE, "parquet")
    hide(Extra.PARQUET)
    for data, to_format in ((TABLE, "parquet"), (file, "json")):
        with pytest.raises(InvalidInput, match="requirements-parquet") as caught:
            converted(data, to_format)
        assert caught.value.code == "not-installed"


@pytest.mark.parametrize("to_format", ["json", "tsv", "ndjson"])
def test_a_large_table_is_converted_without_the_package_to_the_same_bytes(
    hide: Hide, monkeypatch: pytest.MonkeyPatch, to_format: str
) -> None:
    monkeypatch.setattr(csv_rows, "MIN_COLUMNAR_BYTES", 0)
    with_package = converted(TABLE, to_format)
    hide(Extra.PARQUET)
    assert converted(TABLE, to_format) == with_package


@pytest.mark.usefixtures("broker")
def test_a_request_for_parquet_is_rejected_with_the_command(settings: Settings, hide: Hide) -> None:
    hide(Extra.PARQUET)
    settings.storage.upload_dir.mkdir(parents=True)
    (settings.storage.upload_dir / "data.csv").write_bytes(TABLE)
    body = {"file_path": "data.csv", "format": "parquet"}
    reply = create_app(settings).test_client().post("/data/process", json=body)
    problem = reply.get_json()
    assert (reply.status_code, problem["type"]) == (422, "/problems/not-installed")
    assert "pip install -r requirements-parquet.txt" in problem["detail"]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(
    ("extra", "data"), [(Extra.DXF, b"0\nSECTION\n"), (Extra.PDF, b"%PDF-1.7\n")]
)
def test_a_drawing_whose_reader_is_missing_is_rejected_with_the_command(
    settings: Settings, hide: Hide, extra: Extra, data: bytes
) -> None:
    hide(extra)
    with pytest.raises(InvalidInput, match="requirements-vectors") as caught:
        read(data)
    assert caught.value.code == "not-installed"
    client = create_app(settings).test_client()
    reply = client.post("/plots", data={"file": (io.BytesIO(data), "drawing")})
    # The same for a stored file, as a plot and in a composition.
    stored = settings.storage.upload_dir / "drawing"
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(data)
    element = {"type": "svg", "source": "uploads/drawing"}
    page = {"width": 90, "height": 90, "elements": [element]}
    for one in (
        reply,
        client.post("/plots", json={"source": "uploads/drawing"}),
        client.post("/artboard/create", json=page),
    ):
        problem = one.get_json()
        assert (one.status_code, problem["type"]) == (422, "/problems/not-installed")
        assert f"{extra.name} needs the package {extra.value}" in problem["detail"]


@pytest.mark.usefixtures("settings")
def test_a_bucket_without_the_package_stops_the_start_and_the_doctor_says_why(
    hide: Hide, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(Extra.S3)
    monkeypatch.setenv("STORAGE_URL", "s3://drawings")
    with pytest.raises(BadSettings, match=r"STORAGE_URL: Needs the package botocore.*-s3\.txt"):
        read_settings(None)
    reset_settings()
    result = CliRunner().invoke(doctor)
    assert result.exit_code == 1
    assert "pip install -r requirements-s3.txt" in result.output
