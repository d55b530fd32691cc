"""POST /uploads."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.broker.connections import web_client
from libraries.job_manager import as_owner
from libraries.settings import Settings, use_settings
from libraries.storage import open_input
from libraries.uploads.staging import jobs_writing
from tests.photographs import encoded, landscape, multipart, part
from workers.upload_tasks import store_upload

CSV = b"town,people\nOslo,700000\nBergen,290000\n"
FORM = "multipart/form-data; boundary=cut"


def send(
    client: FlaskClient, data: bytes = CSV, name: str = "towns.csv", **more: Any
) -> TestResponse:
    return client.post("/uploads", data={"file": (io.BytesIO(data), name)}, **more)


def send_raw(
    client: FlaskClient, body: bytes, content_type: str = FORM, **more: Any
) -> TestResponse:
    return client.post("/uploads", data=body, content_type=content_type, **more)


def staged_uploads(settings: Settings) -> list[bytes]:
    return list(web_client(settings).keys("vector:parcel:*"))  # type: ignore[arg-type]


def test_a_file_is_stored_by_a_job_after_the_reply(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    response = send(client)
    accepted = response.get_json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{accepted['job_id']}"
    assert (accepted["media_type"], accepted["size"], accepted["sha256"]) == (
        "text/csv",
        len(CSV),
        hashlib.sha256(CSV).hexdigest(),
    )
    assert accepted["file"].startswith("uploads/")
    assert accepted["file"].endswith("/towns.csv")
    assert not settings.storage.upload_dir.exists()
    run_jobs()
    job = client.get(accepted["links"]["self"]).get_json()
    assert job["status"] == "finished"
    assert (
        job["result"].items()
        >= {"file": accepted["file"], "size": len(CSV), "sha256": accepted["sha256"]}.items()
    )
    with open_input(accepted["file"]) as file:
        assert file.read() == CSV
    assert not staged_uploads(settings)


def test_storing_twice_gives_the_same_file_once(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    """A crashed attempt can be retried: the file is kept until the job has ended."""
    accepted = send(client).get_json()
    (key,) = staged_uploads(settings)
    name = accepted["file"].removeprefix("uploads/")
    with as_owner("anonymous"):
        first, second = (store_upload(key.decode().rpartition(":")[2], name) for _ in range(2))
    assert first == second
    assert len([path for path in settings.storage.upload_dir.rglob("*") if path.is_file()]) == 1


def test_the_name_is_sanitized_and_gets_the_suffix_of_its_type(
    client: FlaskClient, broker: object
) -> None:
    photo = encoded(landscape(), "PNG")
    for name, end in {
        "../../etc/passwd": "/passwd.png",
        "\u202egpj.exe": ".png",
        "con": ".png",
        ".png": ".png",
    }.items():
        accepted = send(client, photo, name).get_json()
        assert accepted["file"].endswith(end)
        assert accepted["media_type"] == "image/png"
        assert ".." not in accepted["file"]


def test_an_unknown_file_type_is_rejected_and_discarded(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    for data in (b"\x7fELF\0\0", b"PK\x03\x04" + b"\0" * 100, b"<html>", b"\x1f\x8b\x08\0"):
        response = send(client, data)
        assert response.status_code == 415
        assert "Parquet" in response.get_json()["detail"]
    assert send(client, b"a,b\n" * 2000 + b"\0").status_code == 422
    assert send(client, b"").status_code == 422
    assert not staged_uploads(settings)


def test_a_file_over_the_limit_is_rejected_and_discarded(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    """L10: ten megabytes are accepted, one byte more is not, with or without Content-Length."""
    whole = b"a,b\n" * 2_500_000
    head = part(file_name="a.csv")
    assert send_raw(client, multipart((head, whole))).status_code == 202
    before = set(staged_uploads(settings))
    for data in (whole + b"c", whole + whole[:100_000]):
        sized = send_raw(client, multipart((head, data)))
        chunked = send_raw(
            client,
            multipart((head, data)),
            environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
        )
        for refused in (sized, chunked):
            assert (refused.status_code, refused.get_json()["type"]) == (
                413,
                "/problems/file-too-large",
            )
            assert "10 MB" in refused.get_json()["detail"]
    assert set(staged_uploads(settings)) == before


@pytest.mark.usefixtures("broker")
def test_drawings_may_be_as_large_as_those_that_are_plotted(client: FlaskClient) -> None:
    head, picture = (
        part(file_name="a.svg"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><!--%b--></svg>',
    )
    for size, status in ((10_500_000, 202), (20_000_000, 413)):
        reply = send_raw(client, multipart((head, picture % (b" " * size))))
        assert reply.status_code == status
    assert "20 MB" in reply.get_json()["detail"]


class Unread(io.RawIOBase):
    """A request body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("the body was read")


def test_a_content_length_over_the_limit_is_rejected_before_the_body_is_read(
    client: FlaskClient,
) -> None:
    """L10."""
    body = {"wsgi.input": Unread(), "CONTENT_LENGTH": "10000000000", "CONTENT_TYPE": FORM}
    assert client.open("/uploads", method="POST", environ_overrides=body).status_code == 413


def test_a_file_is_staged_in_chunks_without_temporary_files(
    client: FlaskClient, broker: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    body = io.BytesIO(multipart((part(file_name="a.csv"), b"a,b\n" * 2_400_000)))
    send(client)
    tracemalloc.start()
    response = client.post(
        "/uploads", input_stream=body, content_type=FORM, content_length=len(body.getbuffer())
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert response.status_code == 202
    assert peak < 3_000_000
    assert not list(tmp_path.iterdir())


HEAD = part(file_name="a.csv")
BROKEN = {
    "nothing": b"\r\n",
    "no boundary in it": CSV,
    "no end": multipart((HEAD, CSV), end=""),
    "cut in the head": b'--cut\r\nContent-Disposition: form-data; name="file"',
    "another boundary": multipart((HEAD, CSV), boundary="tuc", end="--tuc--\r\n"),
    "a head of a part that has no end": b"--cut\r\nX-Large: " + b"a" * 100_000,
    "a head that is too long": multipart((f"{HEAD}\r\nX-Large: {'a' * 200_000}", CSV)),
    "a head that is no text": b"--cut\r\n\xff\xfe: \xff\r\n\r\na\r\n--cut--\r\n",
    "no disposition": multipart(("Content-Type: text/csv", CSV)),
    "endless words before the form": b"x" * 300_000,
    "endless data after the form": multipart((HEAD, CSV)) + b"x" * 300_000,
}


def test_a_malformed_form_is_rejected_and_discarded(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    accepted = {name: send_raw(client, body) for name, body in BROKEN.items()}
    assert {
        name for name, response in accepted.items() if response.status_code not in {400, 413}
    } == set()
    assert not staged_uploads(settings)


NOT_JUST_A_FILE = {
    "none": [],
    "another field": [(part("other"), CSV)],
    "no file": [(part(file_name=None), CSV)],
    "an empty file": [(HEAD, b"")],
    "two files": [(HEAD, CSV), (HEAD, CSV)],
    "an additional field": [(HEAD, CSV), (part("note", None), b"hello")],
    "no name": [("Content-Disposition: form-data", CSV)],
    "ten thousand parts": [(part(f"p{number}"), b"x") for number in range(10_000)],
}


def test_a_form_with_other_fields_is_rejected_and_discarded(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    for name, parts in NOT_JUST_A_FILE.items():
        response = send_raw(client, multipart(*parts))
        assert (response.status_code, bool(response.get_json()["errors"])) == (422, True), name
    assert not staged_uploads(settings)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        (f"multipart/form-data; boundary={'b' * 201}", 400),
        ('multipart/form-data; boundary="a\u00e9"', 400),
        ("text/csv", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_only_forms_are_accepted(client: FlaskClient, content_type: str, status: int) -> None:
    assert send_raw(client, multipart((HEAD, CSV)), content_type).status_code == status


def test_a_compressed_body_is_rejected(client: FlaskClient) -> None:
    packed = send_raw(client, multipart((HEAD, CSV)), headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415


def test_a_boundary_longer_than_the_standard_allows_is_accepted(
    client: FlaskClient, broker: object
) -> None:
    boundary = "-" * 15 + "WerkzeugFormPart_1795340123.12345670.00012345678901234567"
    body = multipart((HEAD, CSV), boundary=boundary, end=f"--{boundary}--\r\n")
    assert len(boundary) > 70
    assert send_raw(client, body, f"multipart/form-data; boundary={boundary}").status_code == 202


def test_data_that_resembles_the_boundary_belongs_to_the_file(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    ends = [b"\r\n--cutter", b"--cut--", b"\r\n--cu", b"\r", b"\n"]
    files = [
        CSV.strip() + end + b"x" + b"," * size + end[:-1]
        for end in ends
        for size in (70_000, 65_400)
    ]
    accepted = [send_raw(client, multipart((HEAD, data))).get_json() for data in files]
    run_jobs()
    for data, one in zip(files, accepted, strict=True):
        with open_input(one["file"]) as file:
            assert file.read() == data


def test_a_repeated_idempotency_key_stores_the_file_once(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    headers = {"Idempotency-Key": "towns"}
    first, again = (send(client, headers=headers) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(staged_uploads(settings)) == 1
    other = send(client, CSV + b"Troms\xc3\xb8,41000\n", headers=headers)
    assert (other.status_code, other.get_json()["type"]) == (422, "/problems/idempotency-mismatch")
    assert len(staged_uploads(settings)) == 1
    run_jobs()
    assert client.get(f"/jobs/{first.get_json()['job_id']}").get_json()["status"] == "finished"


def test_uploads_over_the_staging_limit_are_rejected_with_retry_after(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    use_settings(settings.with_values(parcels_limit=2 * len(CSV)))
    assert [send(client).status_code for _ in range(3)] == [202, 202, 503]
    refused = send(client)
    assert refused.get_json()["type"] == "/problems/uploads-full"
    assert int(refused.headers["Retry-After"]) > 0
    run_jobs()
    assert send(client).status_code == 202


def test_without_a_broker_an_upload_is_rejected_with_retry_after(client: FlaskClient) -> None:
    response = send(client)
    assert (response.status_code, response.get_json()["type"]) == (
        503,
        "/problems/queue-unavailable",
    )


def test_prefer_wait_delays_the_reply_until_the_file_is_stored(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    use_settings(settings.with_values(immediate=True))
    response = send(client, headers={"Prefer": "wait=5"})
    assert (response.status_code, response.get_json()["status"]) == (200, "finished")
    with open_input(response.get_json()["file"]) as file:
        assert file.read() == CSV
    assert not staged_uploads(settings)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/data/process", {"file_path": "FILE", "format": "json"}),
        ("/data/chart", {"file_path": "/FILE", "chart": "bars", "x": "town", "y": ["people"]}),
        ("/files/batch", {"file_list": ["FILE"], "operation": "convert_to_ndjson"}),
    ],
)
def test_jobs_on_a_file_can_be_queued_before_it_is_stored(
    client: FlaskClient, run_jobs: Callable[[], None], route: str, body: dict[str, Any]
) -> None:
    stored = send(client).get_json()
    filled = json.loads(json.dumps(body).replace("FILE", stored["file"]))
    reply = client.post(route, json=filled)
    assert reply.status_code == 202, reply.get_json()
    job_id = reply.get_json()["job_id"]
    assert client.get(f"/jobs/{job_id}").get_json()["status"] == "deferred"
    run_jobs()
    done = client.get(f"/jobs/{job_id}").get_json()
    assert done["status"] == "finished", done
    assert done["result"].get("failed", 0) == 0
    again = client.post(route, json=filled).get_json()["job_id"]
    assert client.get(f"/jobs/{again}").get_json()["status"] == "queued", "the file is stored"


def test_a_photo_can_be_drawn_by_its_path_before_it_is_stored(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    path = send(client, encoded(landscape(), "PNG"), "hills.png").get_json()["file"]
    reply = client.post(
        "/photos/plot", json={"photo": path, "paper": "a6", "pattern": "halftone_lines"}
    )
    assert reply.status_code == 202, reply.get_json()
    run_jobs()
    assert client.get(f"/jobs/{reply.get_json()['job_id']}").get_json()["status"] == "finished"


@pytest.mark.usefixtures("broker")
def test_a_pending_upload_belongs_to_its_owner_until_its_job_is_canceled(
    client: FlaskClient,
) -> None:
    accepted = send(client).get_json()
    with as_owner("anonymous"):
        assert jobs_writing([accepted["file"], "uploads/other.csv", "data.csv"]) == (
            accepted["job_id"],
        )
    with as_owner("ann"):
        assert jobs_writing([accepted["file"]]) == ()
    assert client.post(f"/jobs/{accepted['job_id']}/cancel").status_code == 200
    refused = client.post("/data/process", json={"file_path": accepted["file"], "format": "json"})
    assert (refused.status_code, refused.get_json()["errors"][0]["field"]) == (422, "file_path")


@pytest.mark.usefixtures("broker")
def test_a_request_in_a_batch_waits_for_the_job_that_stores_its_file(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    accepted = send(client).get_json()
    items = [{"file_path": accepted["file"], "format": "json"}]
    reply = client.post("/batches", json={"operation": "convert", "items": items})
    assert reply.status_code == 202, reply.get_json()
    (job_id,) = reply.get_json()["job_ids"]
    assert client.get(f"/jobs/{job_id}").get_json()["status"] == "deferred"
    run_jobs()
    assert client.get(f"/jobs/{job_id}").get_json()["status"] == "finished"


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("later", [{"delay": 60}, {"run_at": "2026-11-30T00:00:00Z"}])
def test_a_request_cannot_be_delayed_while_its_file_is_being_stored(
    client: FlaskClient, later: dict[str, Any]
) -> None:
    accepted = send(client).get_json()
    body = {"file_path": accepted["file"], "format": "json", **later}
    refused = client.post("/data/process", json=body)
    assert refused.status_code == 422
    (error,) = refused.get_json()["errors"]
    assert accepted["job_id"] in error["detail"]
