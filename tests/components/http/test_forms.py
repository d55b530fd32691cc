"""HTML forms of the routes that accept them, urlencoded and multipart."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.settings import Settings, use_settings
from tests.photographs import encoded, landscape
from tests.watchful import watchful_client

MESSAGE = {"name": "Ann", "email": "ann@example.com", "message": "A2?\r\nThanks"}
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CSV = b"town,people\nOslo,700000\n"


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of a service with ADMIN_EMAIL that may fetch from this machine."""
    changed = settings.with_values(admin_email="admin@example.org", fetch_private=True)
    return watchful_client(use_settings(changed))


def errors(response: TestResponse) -> dict[str, str]:
    assert response.status_code == 422, response.get_json()
    return {one["parameter"]: one["detail"] for one in response.get_json()["errors"]}


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
def test_a_contact_form_is_queued(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None], media_type: str
) -> None:
    reply = client.post("/contact", data=MESSAGE, content_type=media_type)
    assert reply.status_code == 202
    run_jobs()
    (mail,) = (settings.storage.output_dir / "mail").iterdir()
    assert b"Ann <ann@example.com>" in mail.read_bytes()


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
@pytest.mark.parametrize(
    ("path", "form"), [("/contact", MESSAGE), ("/photos", {"url": "http://127.0.0.1:50999/a.jpg"})]
)
def test_a_browser_is_redirected_to_the_page_of_the_job(
    client: FlaskClient, path: str, form: dict[str, str], media_type: str
) -> None:
    reply = client.post(path, data=form, content_type=media_type, headers=BROWSER)
    (job,) = client.get("/jobs").get_json()["items"]
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/dashboard#job={job['id']}")


@pytest.mark.usefixtures("broker")
def test_a_json_request_of_a_browser_is_answered_as_json(client: FlaskClient) -> None:
    assert client.post("/contact", json=MESSAGE, headers=BROWSER).status_code == 202


@pytest.mark.usefixtures("broker")
def test_a_photo_form_takes_the_file_or_the_url(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    """Browsers send both fields; the one that is not filled in is empty."""
    picture = (io.BytesIO(encoded(landscape(), "PNG")), "hill.png")
    kept = client.post("/photos", data={"file": picture, "url": ""}).get_json()
    nothing = (io.BytesIO(b""), "", "application/octet-stream")
    fetched = client.post("/photos", data={"file": nothing, "url": "http://127.0.0.1:50999/a.jpg"})
    assert fetched.status_code == 202
    run_jobs()
    assert client.get(kept["links"]["self"]).get_json()["artifacts"][0]["name"] == "hill.png"
    task = client.get(fetched.get_json()["links"]["self"]).get_json()["task"]
    assert task == "workers.image_tasks.fetch_photo"


def test_a_photo_form_with_both_or_neither_is_refused(client: FlaskClient, broker: object) -> None:
    both = {"file": (io.BytesIO(encoded(landscape(), "PNG")), "a.png"), "url": "http://e.example/"}
    assert errors(client.post("/photos", data=both)) == {"url": "Cannot be combined with a file."}
    response = client.post("/photos", data={"url": ""}, content_type=MULTIPART)
    assert errors(response) == {"url": "Missing data for required field."}
    assert response.get_json()["errors"][0]["hint"] == "send it, or a file in the field 'file'"


@pytest.mark.usefixtures("broker")
def test_a_data_file_is_stored_and_converted_by_one_job(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    form = {"file": (io.BytesIO(CSV), "towns.csv"), "format": "json", "delimiter": ""}
    reply = client.post("/data/process", data=form | {"protect_formulas": "false"})
    accepted = reply.get_json()
    assert reply.status_code == 202, accepted
    assert accepted["file"].startswith("uploads/")
    # The file can be used before the job has stored it.
    body = {"file_path": accepted["file"], "format": "tsv"}
    second = client.post("/data/process", json=body).get_json()
    run_jobs()
    assert client.get(accepted["links"]["result"]).get_json() == [
        {"town": "Oslo", "people": "700000"}
    ]
    job = client.get(second["links"]["self"]).get_json()
    assert job["status"] == "finished", job["error"]


@pytest.mark.usefixtures("broker")
def test_a_repeated_data_form_is_executed_once(client: FlaskClient) -> None:
    def send(content: bytes) -> TestResponse:
        form = {"file": (io.BytesIO(content), "towns.csv"), "format": "json"}
        return client.post("/data/process", data=form, headers={"Idempotency-Key": "towns"})

    first, again = send(CSV), send(CSV)
    assert first.get_json() == again.get_json()
    assert send(CSV + b"Bergen,1\n").get_json()["type"] == "/problems/idempotency-mismatch"


def test_a_data_form_is_checked_as_json_is(client: FlaskClient, broker: object) -> None:
    form: dict[str, Any] = {"file": (io.BytesIO(CSV), "towns.csv"), "formt": "json"}
    assert errors(client.post("/data/process", data=form)) == {"formt": "Unknown field."}
    form = {"file": (io.BytesIO(CSV), "towns.csv"), "format": "docx"}
    assert set(errors(client.post("/data/process", data=form))) == {"format"}
    picture = {"file": (io.BytesIO(encoded(landscape(), "PNG")), "a.png"), "format": "json"}
    assert client.post("/data/process", data=picture).status_code == 415


@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
def test_unknown_missing_and_repeated_fields_are_reported(
    client: FlaskClient, media_type: str
) -> None:
    def send(data: dict[str, Any]) -> dict[str, str]:
        return errors(client.post("/contact", data=data, content_type=media_type))

    assert send(MESSAGE | {"subject": "x"}) == {"subject": "Unknown field."}
    assert send(MESSAGE | {"name": ["Ann", "Bob"]}) == {"name": "Duplicate field."}
    assert send({"name": "Ann", "email": "nobody", "message": ""}).keys() == {"email", "message"}


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("media_type", [URLENCODED, MULTIPART])
@pytest.mark.parametrize("tags", [["a", "b"], "a, b", ["a,b", ""], '["a", "b"]'])
def test_a_list_is_a_repeated_field_or_one_text(
    client: FlaskClient, media_type: str, tags: object
) -> None:
    reply = client.post("/contact", data=MESSAGE | {"tags": tags}, content_type=media_type)
    assert reply.status_code == 202, reply.get_json()
    (job,) = client.get("/jobs").get_json()["items"]
    assert job["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"name=%FF&email=a", 400),
        (b"\xff=1", 400),
        (b"&".join(b"f%d=1" % number for number in range(70)), 400),
        (b"name=" + b"x" * 40_000, 422),
        (b"name=" + b"x" * 1_100_000, 413),
        (b"", 422),
        (b"=&=;%", 422),
    ],
    ids=["not UTF-8", "raw bytes", "many fields", "long", "too large", "empty", "odd"],
)
def test_a_hostile_urlencoded_form_is_refused(
    client: FlaskClient, body: bytes, status: int
) -> None:
    assert client.post("/contact", data=body, content_type=URLENCODED).status_code == status


@pytest.mark.parametrize("path", ["/postcards", "/uploads", "/artboard/create", "/jobs"])
def test_other_routes_refuse_urlencoded_forms(client: FlaskClient, path: str) -> None:
    assert client.post(path, data={"a": "b"}, content_type=URLENCODED).status_code == 415


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)  # fmt: skip
@pytest.mark.parametrize("path", ["/contact", "/photos", "/data/process"])
def test_a_form_of_a_foreign_page_is_refused(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    response = client.post(path, data=MESSAGE, headers=headers | BROWSER)
    assert response.status_code == 403
    assert "/problems/foreign-origin" in response.get_data(as_text=True)


@pytest.mark.usefixtures("broker")
def test_a_form_of_an_own_page_is_accepted(client: FlaskClient) -> None:
    """Pages have `Referrer-Policy: no-referrer`, which makes their origin `null`."""
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/contact", data=MESSAGE, headers=headers | BROWSER).status_code == 303


def test_the_json_text_of_a_field_is_parsed_as_strictly_as_a_body(client: FlaskClient) -> None:
    for text in ('{"max": 1, "max": 2}', '{"max": NaN}', '{"max": 1', "[" * 1000, '"\\ud800"'):
        reply = client.post("/contact", data=MESSAGE | {"retry": text})
        assert (text, reply.status_code, set(errors(reply))) == (text, 422, {"retry"})


@pytest.mark.usefixtures("broker")
def test_a_box_of_a_form_that_is_ticked_is_true(client: FlaskClient) -> None:
    for text, status in (("on", 202), ("0", 202), ("", 202), ("maybe", 422)):
        form = {"file": (io.BytesIO(CSV), "towns.csv"), "format": "json", "protect_formulas": text}
        assert (text, client.post("/data/process", data=form).status_code) == (text, status)
