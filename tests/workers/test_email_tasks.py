"""The mail tasks, called directly and run by the real worker."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from libraries.job_manager import (
    JobOptions,
    JobRecord,
    as_owner,
    enqueue_background_job,
    fetch_job,
    submit,
)
from libraries.mailing import delivery
from libraries.settings import Settings, use_settings
from libraries.storage import open_input
from libraries.worker.reaper import Reaper
from tests.conftest import WorkerProcess, until
from tests.errors import raises_code
from tests.faults.fleet import horse_of
from tests.mail_server import MailServer, parsed, part
from workers.email_tasks import send_batch, send_contact, send_notification

MANY = "workers.email_tasks.send_batch"
PEOPLE = ["ann@example.com", "bob@example.com", "cem@example.com"]
StartServer = Callable[[MailServer], MailServer]


class Choosy(MailServer):
    """A server that replies to the recipients in `choices` with those replies, and accepts others."""

    def __init__(self, **choices: str) -> None:
        super().__init__()
        self.choices = choices
        self.recipients: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Accept or refuse a recipient."""
        self.recipients.append(address)
        reply = self.choices.get(address.partition("@")[0])
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"


class Halting(MailServer):
    """A server that stops responding once, in a mail to `whom`: at `RCPT`, or at `DATA` after accepting it."""

    def __init__(self, step: str, whom: str) -> None:
        super().__init__()
        self.step, self.whom = step, whom
        self.silent = threading.Event()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Accept a recipient."""
        envelope.rcpt_tos.append(address)
        await self.halt("RCPT", address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept a mail."""
        self.envelopes.append(envelope)
        await self.halt("DATA", envelope.rcpt_tos[0])
        return "250 OK"

    async def halt(self, step: str, whom: str) -> None:
        """Block until the client disconnects."""
        if (step, whom) == (self.step, self.whom) and not self.silent.is_set():
            self.silent.set()
            await asyncio.Event().wait()


@pytest.fixture
def started(settings: Settings) -> Iterator[StartServer]:
    """Return a function that starts a mail server and sets SMTP_URL."""
    running: list[MailServer] = []

    def start(server: MailServer) -> MailServer:
        running.append(server)
        server.start()
        use_settings(settings.with_values(smtp_url=server.url()))
        return server

    yield start
    for one in running:
        one.stop()


def record_of(job_id: str) -> JobRecord:
    record = fetch_job(job_id)
    assert record is not None
    return record


def reached(server: MailServer) -> list[str]:
    return [str(mail["To"]) for mail in server.mails()]


def states(result: dict[str, Any]) -> list[str]:
    return [item["state"] for item in result["items"]]


def test_without_a_mail_server_the_result_names_the_file(settings: Settings) -> None:
    receipt = send_notification("ann@example.com", "Your order is ready", "order_complete")
    with open_input(receipt["file"]) as file:
        mail = parsed(file.read())
    assert receipt["delivered"] == "file"
    assert str(settings.storage.output_dir) not in receipt["file"]
    assert mail["Message-ID"] == receipt["message_id"]
    assert (receipt["recipient"], receipt["subject"], receipt["template"]) == (
        "ann@example.com",
        "Your order is ready",
        "order_complete",
    )


def test_a_notification_is_queued_by_its_dotted_path_and_arrives(
    settings: Settings, run_jobs: Callable[[], None]
) -> None:
    server = MailServer()
    server.start()
    try:
        use_settings(settings.with_values(smtp_url=server.url()))
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
    job = enqueue_background_job(
        "workers.email_tasks.send_notification", "ann@example.com", "s", context={"name": "Ann"}
    )
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    (artifact,) = record.artifacts
    assert (artifact["media_type"], f"output/{artifact['name']}") == (
        "message/rfc822",
        record.result["file"],
    )


@pytest.mark.usefixtures("broker")
def test_a_bad_recipient_fails_the_job_with_its_code(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(
        "workers.email_tasks.send_notification",
        "a@example.com\r\nBcc: v@example.com",
        "s",
        "order_complete",
    )
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "bad-recipient")


# Several recipients


@pytest.mark.usefixtures("settings")
def test_each_recipient_gets_a_separate_mail(started: StartServer) -> None:
    server = started(MailServer())
    result = send_batch(PEOPLE, "s", context={"name": "all of you"})
    assert result["counts"] == {"sent": 3, "refused": 0, "failed": 0}
    assert [item["recipient"] for item in result["items"]] == reached(server) == PEOPLE
    assert [envelope.rcpt_tos for envelope in server.envelopes] == [[one] for one in PEOPLE]
    # All mails use one connection.
    assert len({id(session) for session in server.sessions}) == 1


def test_a_refused_recipient_fails_alone_with_a_reason(started: StartServer) -> None:
    server = started(Choosy(bob="550 unknown"))
    result = send_batch([PEOPLE[0], "not an address", PEOPLE[1], PEOPLE[0].upper(), PEOPLE[2]], "s")
    assert result["counts"] == {"sent": 2, "refused": 2, "failed": 0}
    assert [(item["recipient"], item["state"]) for item in result["items"]] == [
        ("ann@example.com", "sent"),
        ("not an address", "refused"),
        ("bob@example.com", "refused"),
        ("cem@example.com", "sent"),
    ]
    assert "550" in result["items"][2]["error"]
    assert reached(server) == [PEOPLE[0], PEOPLE[2]]


@pytest.mark.parametrize("recipients", [[], ["a@example.com"] * 101, "ann@example.com", None])
def test_a_mail_without_recipients_or_with_too_many_is_rejected(
    settings: Settings, recipients: Any
) -> None:
    with raises_code("bad-recipients"):
        send_batch(recipients, "s")
    assert not (settings.storage.output_dir / "mail").exists()


@pytest.mark.usefixtures("broker")
def test_a_retry_sends_only_the_failed_mails(
    started: StartServer, run_jobs: Callable[[], None], settings: Settings
) -> None:
    """Bob's server refuses temporarily, Cem's permanently."""
    server = started(Choosy(bob="451 later", cem="550 no"))
    assert isinstance(server, Choosy)
    job = submit(MANY, [PEOPLE, "s"], options=JobOptions(retry_pause=0.01))
    run_jobs()
    first = record_of(job.id)
    assert (first.status, first.retries_left) == ("scheduled", 3)
    assert "1 of 3 mails could not be sent" in first.attempts[0]["error"]
    server.choices = {}

    def done() -> bool:
        Reaper(settings).tick()
        run_jobs()
        return record_of(job.id).done

    until(done, seconds=20, what="the second attempt")
    second = record_of(job.id)
    assert second.status == "finished"
    assert states(second.result) == ["sent", "sent", "refused"]
    assert Counter(server.recipients) == {PEOPLE[0]: 1, PEOPLE[1]: 2, PEOPLE[2]: 1}
    assert reached(server) == PEOPLE[:2]
    assert second.progress is not None
    assert (second.progress["step"], second.progress["total"]) == (3, 3)


@pytest.mark.usefixtures("broker")
def test_the_last_attempt_reports_who_was_not_reached(
    started: StartServer, run_jobs: Callable[[], None]
) -> None:
    started(Choosy(bob="451 later"))
    job = submit(MANY, [PEOPLE, "s"], options=JobOptions(retries=0))
    run_jobs()
    record = record_of(job.id)
    assert record.status == "finished"
    assert states(record.result) == ["sent", "failed", "sent"]


@pytest.mark.usefixtures("broker")
def test_during_an_outage_of_the_server_the_job_waits_for_a_retry(
    settings: Settings, run_jobs: Callable[[], None]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use_settings(settings.with_values(smtp_url=f"smtp://127.0.0.1:{closed.getsockname()[1]}"))
        jobs = [
            submit(MANY, [PEOPLE, "s"]),
            submit(MANY, [PEOPLE, "s"], options=JobOptions(retries=0)),
        ]
        run_jobs()
    waiting, failed = record_of(jobs[0].id), record_of(jobs[1].id)
    assert (waiting.status, waiting.retries_left) == ("scheduled", 3)
    assert (failed.status, failed.error_code) == ("failed", "mail-server-away")
    assert "3 of 3 mails could not be sent: the mail server does not answer" in str(
        failed.public_error
    )


def test_an_attempt_waits_for_a_silent_server_only_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each further recipient would cost another timeout."""
    monkeypatch.setattr(delivery, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_settings(settings.with_values(smtp_url=f"smtp://127.0.0.1:{silent.getsockname()[1]}"))
        with raises_code("mail-server-away", match="3 of 3"):
            send_batch(PEOPLE, "s")
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


# Killed workers


def wait_until_done(job_id: str) -> JobRecord:
    until(lambda: record_of(job_id).done, seconds=20, what="the second attempt")
    return record_of(job_id)


def test_after_a_kill_between_two_recipients_a_retry_sends_the_rest(
    started: StartServer, start_worker: Callable[..., WorkerProcess]
) -> None:
    server = started(Halting("RCPT", PEOPLE[1]))
    assert isinstance(server, Halting)
    worker = start_worker(SMTP_URL=server.url())
    job = submit(MANY, [PEOPLE, "s"], options=JobOptions(retry_pause=0.01))
    assert server.silent.wait(20)
    os.kill(horse_of(worker), signal.SIGKILL)
    record = wait_until_done(job.id)
    assert record.result["counts"] == {"sent": 3, "refused": 0, "failed": 0}
    assert len(record.attempts) == 1
    assert reached(server) == PEOPLE


def test_after_a_kill_before_the_reply_a_mail_is_sent_twice_with_one_id(
    started: StartServer, start_worker: Callable[..., WorkerProcess]
) -> None:
    """This cannot be prevented; both copies have the same Message-ID."""
    server = started(Halting("DATA", PEOPLE[1]))
    assert isinstance(server, Halting)
    worker = start_worker(SMTP_URL=server.url())
    job = submit(MANY, [PEOPLE, "s"], options=JobOptions(retry_pause=0.01))
    assert server.silent.wait(20)
    os.kill(horse_of(worker), signal.SIGKILL)
    assert wait_until_done(job.id).result["counts"]["sent"] == 3
    assert Counter(reached(server)) == {PEOPLE[0]: 1, PEOPLE[1]: 2, PEOPLE[2]: 1}
    assert len({mail["Message-ID"] for mail in server.mails()}) == 3


# Attachments and recipients


@pytest.mark.usefixtures("broker")
def test_a_mail_shows_and_attaches_the_files_of_a_job(
    started: StartServer, run_jobs: Callable[[], None]
) -> None:
    server = started(MailServer())
    card = enqueue_background_job(
        "workers.svg_tasks.generate_postcard_svg",
        recipient="Ann",
        message="Hello",
        template_name="plain",
    )
    run_jobs()
    call = {"recipient": "ann@example.com", "subject": "Your card", "template": "job_finished"}
    job = submit(
        "workers.email_tasks.send_notification",
        kwargs={**call, "context": {"job_id": card.id}, "attachments": [card.id]},
    )
    run_jobs()
    record = record_of(job.id)
    assert record.status == "finished", record.error
    (mail,) = server.mails()
    kinds = [one.get_content_type() for one in mail.walk() if not one.is_multipart()]
    assert kinds == ["text/plain", "text/html", "image/png", "image/svg+xml"]
    (attached,) = mail.iter_attachments()
    assert record.result["attachments"] == [attached.get_filename()]
    with open_input(f"output/{record_of(card.id).artifacts[0]['name']}") as file:
        assert attached.get_payload(decode=True) == file.read()


@pytest.mark.usefixtures("broker")
def test_files_of_another_owner_are_neither_attached_nor_shown(
    started: StartServer, run_jobs: Callable[[], None]
) -> None:
    server = started(MailServer())
    with as_owner("bob"):
        card = enqueue_background_job(
            "workers.svg_tasks.generate_postcard_svg",
            recipient="Ann",
            message="Hello",
            template_name="plain",
        )
    run_jobs()
    call = {
        "recipient": "ann@example.com",
        "subject": "s",
        "template": "job_finished",
        "context": {"job_id": card.id},
    }
    shown = submit("workers.email_tasks.send_notification", kwargs=call)
    attached = submit(
        "workers.email_tasks.send_notification", kwargs={**call, "attachments": [card.id]}
    )
    run_jobs()
    assert record_of(shown.id).status == "finished"
    assert (record_of(attached.id).status, record_of(attached.id).error_code) == (
        "failed",
        "bad-attachment",
    )
    (mail,) = server.mails()
    assert not [one for one in mail.walk() if one.get_content_type() == "image/png"]


def test_a_message_to_the_people_who_run_the_service_can_be_answered(
    settings: Settings, started: StartServer
) -> None:
    server = started(MailServer())
    use_settings(settings.with_values(smtp_url=server.url(), admin_email="admin@example.org"))
    result = send_contact(
        "Änn <b>", "ann@example.com", "Hello,\n.\nBcc: v@example.com\n{{ 7 * 7 }}"
    )
    assert result == {"delivered": "smtp"}
    (envelope,), (mail,) = server.envelopes, server.mails()
    assert envelope.rcpt_tos == ["admin@example.org"]
    (answer_to,) = mail["Reply-To"].addresses
    assert (answer_to.display_name, answer_to.addr_spec) == ("Änn <b>", "ann@example.com")
    assert mail["Bcc"] is None
    assert "{{ 7 * 7 }}" in part(mail, "plain")
    assert "Änn &lt;b&gt;" in part(mail, "html")
