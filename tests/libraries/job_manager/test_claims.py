"""Claims to steps of a job, and quotas, against a real broker."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from libraries.job_manager import (
    JobOptions,
    RateLimited,
    acting_for,
    claim,
    enqueue_background_job,
    fetch_job,
    submit,
    submit_batch,
)
from libraries.job_manager.connections import web_client
from libraries.job_manager.keys import QUEUE_KEY
from libraries.job_manager.reaper import Reaper
from libraries.settings import Settings, get_settings, use_settings
from tests.conftest import until

MAIL = "workers.email_tasks.send_notification"
MANY = "workers.email_tasks.send_batch"
CLAIM_TWICE = "workers.claim_tasks.claim_twice"


def waiting() -> int:
    return int(web_client(get_settings()).llen(QUEUE_KEY))


def ask(recipient: Any = "ann@example.com", **more: Any) -> None:
    enqueue_background_job(MAIL, recipient, "s", **more)


def test_outside_a_job_every_step_is_to_be_done() -> None:
    for _ in range(2):
        step = claim("mail")
        assert step.done is None
        step.mark_done({"state": "sent"})
        step.release()


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_a_step_is_done_once_and_its_note_is_found_again(run_jobs: Callable[[], None]) -> None:
    jobs = [enqueue_background_job(CLAIM_TWICE) for _ in range(2)]
    run_jobs()
    for job in jobs:
        record = fetch_job(job.id)
        assert record is not None
        assert record.result == {
            "first": None,
            "released": None,
            "second": {"state": "sent"},
            "other": None,
        }


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_the_step_of_an_attempt_that_failed_is_free_at_once(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    """The first attempt dies with the claim in its hands; the second one gets it."""
    job = submit(
        "workers.claim_tasks.fail_with_a_claim", options=JobOptions(retries=1, retry_pause=0.01)
    )
    record = fetch_job(job.id)

    def done() -> bool:
        nonlocal record
        Reaper(settings).turn()
        run_jobs()
        record = fetch_job(job.id)
        return record is not None and record.done

    until(done, what="the second attempt")
    assert record is not None
    assert (record.status, record.result, record.attempt) == ("finished", "claimed again", 2)


@pytest.fixture
def few(broker: object, settings: Settings) -> Settings:
    """Settings with which four mails an hour are allowed, and two to each."""
    return use_settings(settings.with_values(mail_per_hour=4, mail_per_recipient=2))


@pytest.mark.usefixtures("few")
def test_one_address_gets_no_more_than_it_may_by_whatever_name() -> None:
    ask("ann@example.com")
    ask("Ann@Example.com")
    with pytest.raises(RateLimited, match="nothing was queued") as refusal:
        ask("ANN@example.com")
    assert 3590 < refusal.value.retry_after <= 3600
    with acting_for("bob"), pytest.raises(RateLimited):
        ask("ann@example.com")
    ask("cem@example.com")
    assert waiting() == 3


@pytest.mark.usefixtures("few")
def test_one_owner_sends_no_more_than_they_may_and_others_are_not_held_up() -> None:
    for number in range(4):
        ask(f"a{number}@example.com")
    with pytest.raises(RateLimited):
        ask("new@example.com")
    with acting_for("bob"):
        ask("new@example.com")
    assert waiting() == 5


@pytest.mark.usefixtures("few")
def test_all_of_a_list_counts_or_none_of_it() -> None:
    people = [f"a{number}@example.com" for number in range(3)]
    enqueue_background_job(MANY, people, "s")
    with pytest.raises(RateLimited):
        enqueue_background_job(MANY, recipients=["b0@example.com", "b1@example.com"], subject="s")
    ask("b0@example.com")
    with pytest.raises(RateLimited):
        enqueue_background_job(MANY, ["c@example.com"] * 1000, "s")
    assert waiting() == 2


@pytest.mark.usefixtures("few")
def test_a_batch_of_mails_counts_as_a_whole() -> None:
    with pytest.raises(RateLimited):
        submit_batch(
            MAIL, [{"recipient": f"a{number}@example.com", "subject": "s"} for number in range(5)]
        )
    with pytest.raises(RateLimited):
        submit_batch(MAIL, [{"recipient": "ann@example.com", "subject": "s"}] * 3)
    submit_batch(
        MAIL, [{"recipient": f"a{number}@example.com", "subject": "s"} for number in range(4)]
    )
    assert waiting() == 4


@pytest.mark.usefixtures("few", "probe_tasks")
def test_what_the_service_queues_for_itself_and_tasks_without_a_meter_do_not_count() -> None:
    for _ in range(5):
        submit(MAIL, ["ann@example.com", "s"], options=JobOptions(internal=True))
        enqueue_background_job("workers.probe_tasks.nothing")
    ask("ann@example.com")
    assert waiting() == 11


@pytest.mark.usefixtures("few")
def test_many_at_once_do_not_slip_through_together() -> None:
    def one(number: int) -> bool:
        try:
            ask(f"a{number}@example.com")
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 4
    assert waiting() == 4


@pytest.mark.usefixtures("few")
def test_an_hour_later_there_is_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("libraries.job_manager.quotas.time.time", lambda: now)
    ask("ann@example.com")
    now += 600
    ask("ann@example.com")
    with pytest.raises(RateLimited) as refusal:
        ask("ann@example.com")
    assert refusal.value.retry_after == 3000
    now += 3001
    ask("ann@example.com")
    with pytest.raises(RateLimited):
        ask("ann@example.com")
