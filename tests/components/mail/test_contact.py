"""POST /contact, against a real broker and a real mail server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings, use_settings
from tests.mail_server import MailServer, part
from tests.watchful import watchful_client

MESSAGE = {"name": "Ann", "email": "ann@example.com", "message": "Could you plot on A2, too?"}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of a service with ADMIN_EMAIL."""
    return watchful_client(use_settings(settings.with_values(admin_email="admin@example.org")))


@pytest.mark.usefixtures("broker")
def test_a_message_is_mailed_to_the_admin_whose_address_stays_hidden(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    server = MailServer()
    server.start()
    try:
        use_settings(settings.with_values(admin_email="admin@example.org", smtp_url=server.url()))
        reply = client.post("/contact", json=MESSAGE)
        assert reply.status_code == 202
        run_jobs()
    finally:
        server.stop()
    (envelope,), (mail,) = server.envelopes, server.mails()
    assert envelope.rcpt_tos == ["admin@example.org"]
    assert mail["Reply-To"] == "Ann <ann@example.com>"
    assert MESSAGE["message"] in part(mail, "plain")
    job = client.get(reply.headers["Location"])
    assert job.get_json()["status"] == "finished"
    assert "admin@example.org" not in job.get_data(as_text=True)


@pytest.mark.usefixtures("broker")
def test_without_a_mail_server_the_message_is_stored_and_not_shown(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    reply = client.post("/contact", json=MESSAGE).get_json()
    run_jobs()
    (kept,) = (settings.storage.output_dir / "mail").iterdir()
    assert b"To: admin@example.org" in kept.read_bytes()
    result = client.get(f"/jobs/{reply['job_id']}/result")
    assert result.status_code == 200
    assert result.get_json() == {"delivered": "file"}


def test_a_message_cannot_inject_headers_or_recipients(client: FlaskClient) -> None:
    changes: list[tuple[dict[str, Any], str]] = [
        ({"name": "Ann\r\nBcc: v@example.com"}, "#/name"),
        ({"name": ""}, "#/name"),
        ({"name": "x" * 101}, "#/name"),
        ({"email": "ann@example.com\nBcc: v@example.com"}, "#/email"),
        ({"email": "ann@example.com, v@example.com"}, "#/email"),
        ({"email": "Ann <ann@example.com>"}, "#/email"),
        ({"message": ""}, "#/message"),
        ({"message": "x" * 5001}, "#/message"),
        ({"recipient": "v@example.com"}, "#/recipient"),
        ({"subject": "x"}, "#/subject"),
        ({"template": "order_complete"}, "#/template"),
    ]
    for change, where in changes:
        reply = client.post("/contact", json={**MESSAGE, **change})
        assert reply.status_code == 422, change
        assert {error["pointer"] for error in reply.get_json()["errors"]} == {where}


def test_without_an_admin_address_the_reply_names_the_setting(settings: Settings) -> None:
    reply = watchful_client(settings).post("/contact", json=MESSAGE)
    assert reply.status_code == 503
    assert reply.get_json()["type"] == "/problems/no-contact-address"
    assert "ADMIN_EMAIL" in reply.get_json()["detail"]
