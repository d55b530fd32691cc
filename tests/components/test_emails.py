"""POST /emails, against a real broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from libraries.job_manager import fetch_job
from libraries.settings import Settings
from tests.mail_server import parsed

MAIL = {"recipient": "ann@example.com", "subject": "Your order is ready", "template": "order_complete"}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of the whole application."""
    return create_app(settings).test_client()


def pointers(reply: Any) -> list[str]:
    """Where the bad fields of a request are, from its problem document."""
    assert reply.status_code == 422, reply.get_data(as_text=True)
    assert reply.content_type == "application/problem+json"
    return sorted(error["pointer"] for error in reply.get_json()["errors"])


@pytest.mark.usefixtures("broker")
def test_a_mail_is_queued_and_sent(client: FlaskClient, run_jobs: Callable[[], None], settings: Settings) -> None:
    """D9."""
    reply = client.post("/emails", json={**MAIL, "context": {"name": "Ann"}})
    body = reply.get_json()
    assert reply.status_code == 202
    assert reply.headers["Location"] == f"/jobs/{body['job_id']}"
    assert reply.headers["Retry-After"] == "1"
    assert (body["status"], body["job_ids"]) == ("queued", [body["job_id"]])
    run_jobs()
    record = fetch_job(body["job_id"])
    assert record is not None
    assert record.status == "finished"
    (file,) = (settings.output_dir / "mail").iterdir()
    mail = parsed(file.read_bytes())
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Your order is ready")
    assert "Hello Ann," in str(mail)


@pytest.mark.usefixtures("broker")
def test_a_list_of_recipients_is_a_job_each_and_nobody_sees_another(
    client: FlaskClient, run_jobs: Callable[[], None], settings: Settings
) -> None:
    recipients = ["ann@example.com", "bob@example.com", "cem@example.com"]
    body = client.post("/emails", json={**MAIL, "recipient": recipients}).get_json()
    assert len(set(body["job_ids"])) == 3
    run_jobs()
    mails = [parsed(file.read_bytes()) for file in (settings.output_dir / "mail").iterdir()]
    assert sorted(str(mail["To"]) for mail in mails) == recipients


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"recipient": "ann"}, ["#/recipient"]),
        ({"recipient": "ann@example.com\r\nBcc: v@example.com"}, ["#/recipient"]),
        ({"recipient": "ann@example.com, bob@example.com"}, ["#/recipient"]),
        ({"recipient": ["ann@example.com", "bob", "", 5]}, ["#/recipient/1", "#/recipient/2", "#/recipient/3"]),
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
        ({"bcc": "v@example.com"}, ["#/bcc"]),
        (
            {"recipient": "x", "subject": "\n", "template": "y", "context": 1},
            ["#/context", "#/recipient", "#/subject", "#/template"],
        ),
    ],
)
def test_bad_fields_are_all_named_before_the_broker_is_asked(
    client: FlaskClient, change: dict[str, Any], where: list[str]
) -> None:
    assert sorted(set(pointers(client.post("/emails", json={**MAIL, **change})))) == where


def test_a_near_miss_of_a_template_gets_a_hint(client: FlaskClient) -> None:
    (error,) = client.post("/emails", json={**MAIL, "template": "order_completed"}).get_json()["errors"]
    assert error["hint"] == "did you mean 'order_complete'?"


def test_without_a_broker_nothing_is_queued_and_the_reply_says_when_to_try_again(client: FlaskClient) -> None:
    reply = client.post("/emails", json=MAIL)
    assert reply.status_code == 503
    assert reply.get_json()["type"] == "/problems/queue-unavailable"
    assert int(reply.headers["Retry-After"]) > 0
