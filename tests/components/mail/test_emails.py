"""POST /emails, against a real broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.job_manager import fetch_job
from libraries.settings import Settings
from tests.mail_server import parsed
from tests.watchful import application

MAIL = {
    "recipient": "ann@example.com",
    "subject": "Your order is ready",
    "template": "order_complete",
}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the application."""
    return application(settings).test_client()


def pointers(reply: Any) -> list[str]:
    """Return the pointers of a problem document."""
    assert reply.status_code == 422, reply.get_data(as_text=True)
    assert reply.content_type == "application/problem+json"
    return sorted(error["pointer"] for error in reply.get_json()["errors"])


@pytest.mark.usefixtures("broker")
def test_a_mail_is_queued_and_sent(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    reply = client.post("/emails", json={**MAIL, "context": {"name": "Ann"}})
    body = reply.get_json()
    assert reply.status_code == 202
    assert reply.headers["Location"] == f"/jobs/{body['job_id']}"
    assert reply.headers["Retry-After"] == "1"
    assert body["status"] == "queued"
    run_jobs()
    record = fetch_job(body["job_id"])
    assert record is not None
    assert record.status == "finished"
    (file,) = (settings.storage.output_dir / "mail").iterdir()
    mail = parsed(file.read_bytes())
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Your order is ready")
    assert "Hello Ann," in str(mail)


@pytest.mark.usefixtures("broker")
def test_several_recipients_are_one_job_and_separate_mails(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    recipients = ["ann@example.com", "bob@example.com", "cem@example.com"]
    body = client.post("/emails", json={**MAIL, "recipient": recipients}).get_json()
    assert body["message"] == "3 mails queued"
    run_jobs()
    record = fetch_job(body["job_id"])
    assert record is not None
    assert (record.status, record.timeout) == ("finished", 900)
    assert [item["recipient"] for item in record.result["items"]] == recipients
    mails = [parsed(file.read_bytes()) for file in (settings.storage.output_dir / "mail").iterdir()]
    assert sorted(str(mail["To"]) for mail in mails) == recipients


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"recipient": "ann"}, ["#/recipient"]),
        ({"recipient": "ann@example.com\r\nBcc: v@example.com"}, ["#/recipient"]),
        ({"recipient": "ann@example.com, bob@example.com"}, ["#/recipient"]),
        (
            {"recipient": ["ann@example.com", "bob", "", 5]},
            ["#/recipient/1", "#/recipient/2", "#/recipient/3"],
        ),
        ({"recipient": ["ann@example.com", "Ann@Example.com"]}, ["#/recipient/1"]),
        ({"recipient": []}, ["#/recipient"]),
        ({"recipient": [f"a{n}@example.com" for n in range(101)]}, ["#/recipient"]),
        ({"recipient": None}, ["#/recipient"]),
        ({"recipient": {"a": "b"}}, ["#/recipient"]),
        ({"subject": "a\r\nBcc: v@example.com"}, ["#/subject"]),
        ({"subject": ""}, ["#/subject"]),
        ({"subject": "x" * 201}, ["#/subject"]),
        ({"subject": 5}, ["#/subject"]),
        ({"template": "../order_complete"}, ["#/template"]),
        ({"template": "{{ config }}"}, ["#/template"]),
        ({"context": ["a"]}, ["#/context"]),
        ({"context": {"a": "x" * 20_000}}, ["#/context"]),
        (
            {"context": {"name": 5.5, "items": ["a", {}], "url": "//x"}},
            ["#/context/items/1", "#/context/url"],
        ),
        ({"template": "job_finished"}, ["#/context/job_id"]),
        (
            {"template": "batch", "context": {"items": [{"name": "a"}]}},
            ["#/context/items/0/status"],
        ),
        ({"attachments": ["ok", "../x"]}, ["#/attachments/1"]),
        ({"attachments": ["output/../x"]}, ["#/attachments/0"]),
        ({"attachments": ["a"] * 6}, ["#/attachments"]),
        ({"bcc": "v@example.com"}, ["#/bcc"]),
        (
            {"recipient": "x", "subject": "\n", "template": "y", "context": 1},
            ["#/context", "#/recipient", "#/subject", "#/template"],
        ),
    ],
)
def test_all_invalid_fields_are_reported_without_the_broker(
    client: FlaskClient, change: dict[str, Any], where: list[str]
) -> None:
    assert sorted(set(pointers(client.post("/emails", json={**MAIL, **change})))) == where


def test_a_misspelt_template_gets_a_hint(client: FlaskClient) -> None:
    (error,) = client.post("/emails", json={**MAIL, "template": "order_completed"}).get_json()[
        "errors"
    ]
    assert error["hint"] == "did you mean 'order_complete'?"


def test_without_a_broker_a_mail_gets_retry_after(
    client: FlaskClient,
) -> None:
    reply = client.post("/emails", json=MAIL)
    assert reply.status_code == 503
    assert reply.get_json()["type"] == "/problems/queue-unavailable"
    assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("broker")
def test_a_missing_attachment_is_rejected_before_anything_is_queued(
    client: FlaskClient,
) -> None:
    for recipient in ("ann@example.com", ["ann@example.com", "bob@example.com"]):
        reply = client.post(
            "/emails", json={**MAIL, "recipient": recipient, "attachments": ["unknown"]}
        )
        assert pointers(reply) == ["#/attachments/0"]
    reply = client.post(
        "/batches",
        json={"operation": "email", "items": [{**MAIL, "attachments": ["output/a.svg"]}]},
    )
    assert pointers(reply) == ["#/items/0/attachments/0"]
    assert client.get("/jobs").get_json()["items"] == []


@pytest.mark.usefixtures("broker")
def test_a_file_of_a_job_can_be_attached_to_a_mail(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    card = client.post(
        "/postcards", json={"recipient": "Ann", "message": "Hello", "template_name": "plain"}
    ).get_json()["job_id"]
    run_jobs()
    assert client.post("/emails", json={**MAIL, "attachments": [card]}).status_code == 202
    run_jobs()
    (file,) = (settings.storage.output_dir / "mail").iterdir()
    (attached,) = parsed(file.read_bytes()).iter_attachments()
    assert attached.get_content_type() == "image/svg+xml"


@pytest.mark.usefixtures("broker")
def test_the_hourly_limit_of_mails_applies_to_all_routes(
    client: FlaskClient,
) -> None:
    people = [f"a{number}@example.com" for number in range(100)]
    assert client.post("/emails", json={**MAIL, "recipient": people}).status_code == 202
    one = {**MAIL, "recipient": "new@example.com"}
    for address, body in (
        ("/emails", one),
        ("/emails", {**one, "recipient": ["new@example.com", "newer@example.com"]}),
        (
            "/jobs",
            {"task": "workers.email_tasks.send_notification", "args": ["new@example.com", "s"]},
        ),
        (
            "/jobs",
            {
                "task": "workers.email_tasks.send_batch",
                "kwargs": {"recipients": ["new@example.com"], "subject": "s"},
            },
        ),
        ("/batches", {"operation": "email", "items": [one]}),
    ):
        reply = client.post(address, json=body)
        assert reply.status_code == 429
        assert reply.get_json()["type"] == "/problems/rate-limited"
        assert 0 < int(reply.headers["Retry-After"]) <= 3600
    assert len(client.get("/jobs").get_json()["items"]) == 1
