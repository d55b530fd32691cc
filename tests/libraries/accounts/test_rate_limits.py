"""Hourly mail limits of owners and recipients, with a real broker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from libraries.broker.connections import web_client
from libraries.broker.keys import QUEUE_KEY
from libraries.errors import Exhausted
from libraries.job_manager import JobOptions, as_owner, enqueue_background_job, submit, submit_batch
from libraries.settings import Settings, get_settings, use_settings

MAIL = "workers.email_tasks.send_notification"
MANY = "workers.email_tasks.send_batch"


def waiting() -> int:
    return int(web_client(get_settings()).llen(QUEUE_KEY))


def request_mail(recipient: Any = "ann@example.com", **more: Any) -> None:
    enqueue_background_job(MAIL, recipient, "s", **more)


@pytest.fixture
def few(broker: object, settings: Settings) -> Settings:
    """Settings that permit four mails an hour, and two per recipient."""
    return use_settings(settings.with_values(mail_per_hour=4, mail_per_recipient=2))


@pytest.mark.usefixtures("few")
def test_the_limit_of_a_recipient_holds_for_every_spelling_of_the_address() -> None:
    request_mail("ann@example.com")
    request_mail("Ann@Example.com")
    with pytest.raises(Exhausted, match="nothing was queued") as refusal:
        request_mail("ANN@example.com")
    assert refusal.value.code == "rate-limited"
    assert 3590 < refusal.value.retry_after <= 3600
    with as_owner("bob"), pytest.raises(Exhausted):
        request_mail("ann@example.com")
    request_mail("cem@example.com")
    assert waiting() == 3


@pytest.mark.usefixtures("few")
def test_the_limit_of_one_owner_does_not_affect_others() -> None:
    for number in range(4):
        request_mail(f"a{number}@example.com")
    with pytest.raises(Exhausted):
        request_mail("new@example.com")
    with as_owner("bob"):
        request_mail("new@example.com")
    assert waiting() == 5


@pytest.mark.usefixtures("few")
def test_a_list_of_recipients_is_counted_completely_or_not() -> None:
    people = [f"a{number}@example.com" for number in range(3)]
    enqueue_background_job(MANY, people, "s")
    with pytest.raises(Exhausted):
        enqueue_background_job(MANY, recipients=["b0@example.com", "b1@example.com"], subject="s")
    request_mail("b0@example.com")
    with pytest.raises(Exhausted):
        enqueue_background_job(MANY, ["c@example.com"] * 1000, "s")
    assert waiting() == 2


@pytest.mark.usefixtures("few")
def test_a_batch_of_mails_counts_as_a_whole() -> None:
    with pytest.raises(Exhausted):
        submit_batch(
            MAIL, [{"recipient": f"a{number}@example.com", "subject": "s"} for number in range(5)]
        )
    with pytest.raises(Exhausted):
        submit_batch(MAIL, [{"recipient": "ann@example.com", "subject": "s"}] * 3)
    submit_batch(
        MAIL, [{"recipient": f"a{number}@example.com", "subject": "s"} for number in range(4)]
    )
    assert waiting() == 4


@pytest.mark.usefixtures("few", "probe_tasks")
def test_internal_jobs_and_tasks_without_a_limit_do_not_count() -> None:
    for _ in range(5):
        submit(MAIL, ["ann@example.com", "s"], options=JobOptions(internal=True))
        enqueue_background_job("workers.probe_tasks.nothing")
    request_mail("ann@example.com")
    assert waiting() == 11


@pytest.mark.usefixtures("few")
def test_concurrent_requests_cannot_exceed_the_limit() -> None:
    def one(number: int) -> bool:
        try:
            request_mail(f"a{number}@example.com")
        except Exhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 4
    assert waiting() == 4


@pytest.mark.usefixtures("few")
def test_after_an_hour_the_limit_allows_new_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("libraries.accounts.rate_limits.time.time", lambda: now)
    request_mail("ann@example.com")
    now += 600
    request_mail("ann@example.com")
    with pytest.raises(Exhausted) as refusal:
        request_mail("ann@example.com")
    assert refusal.value.retry_after == 3000
    now += 3001
    request_mail("ann@example.com")
    with pytest.raises(Exhausted):
        request_mail("ann@example.com")
