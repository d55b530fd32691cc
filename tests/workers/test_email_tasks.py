"""The mail task, called as a function and run by the real worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from libraries.job_manager import enqueue_background_job, fetch_job
from libraries.settings import Settings, use_settings
from libraries.storage import open_input
from tests.mail_server import MailServer, parsed, part
from workers.email_tasks import send_notification


def test_without_a_mail_server_the_result_names_the_file(settings: Settings) -> None:
    receipt = send_notification("ann@example.com", "Your order is ready", "order_complete")
    with open_input(receipt["file"]) as file:
        mail = parsed(file.read())
    assert receipt["delivered"] == "file"
    assert str(settings.output_dir) not in receipt["file"]
    assert mail["Message-ID"] == receipt["message_id"]
    assert (receipt["recipient"], receipt["subject"], receipt["template"]) == (
        "ann@example.com",
        "Your order is ready",
        "order_complete",
    )


def test_a_notification_is_queued_by_its_dotted_path_and_arrives(settings: Settings, run_jobs: Callable[[], None]) -> None:
    """D9."""
    server = MailServer()
    server.start()
    try:
        use_settings(replace(settings, smtp_url=server.url()))
        job = enqueue_background_job(
            "workers.email_tasks.send_notification",
            recipient="user@example.com",
            subject="Your order is ready",
            template="order_complete",
        )
        run_jobs()
    finally:
        server.stop()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error) == ("finished", None)
    (mail,) = server.mails()
    assert record.result["delivered"] == "smtp"
    assert record.result["message_id"] == mail["Message-ID"]
    assert mail["To"] == "user@example.com"
    assert "is complete and ready" in part(mail, "plain")


@pytest.mark.usefixtures("broker")
def test_a_file_of_mail_is_an_artifact_of_the_job(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.email_tasks.send_notification", "ann@example.com", "s", context={"name": "Ann"})
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    (artifact,) = record.artifacts
    assert (artifact["media_type"], f"output/{artifact['name']}") == ("message/rfc822", record.result["file"])


@pytest.mark.usefixtures("broker")
def test_a_bad_recipient_fails_the_job_with_its_code(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(
        "workers.email_tasks.send_notification", "a@example.com\r\nBcc: v@example.com", "s", "order_complete"
    )
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "bad-recipient")
