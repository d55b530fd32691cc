"""Staged uploads between request and job."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    submit,
)
from libraries.job_manager.journal import catch_up
from libraries.settings import Settings, use_settings
from libraries.uploads.staging import (
    SUBSCRIPTION,
    bind_to_job,
    discard,
    discard_expired,
    open_staged,
    stage,
)
from tests.errors import raises_code

FILE = bytes(range(256)) * 10_000
TASK = "workers.upload_tasks.store_upload"


def left(settings: Settings) -> set[str]:
    """Return the keys of staged uploads, and the bytes that are counted for them."""
    client = web_client(settings)
    found = {key.decode() for key in client.keys("vector:parcel*")}  # type: ignore[union-attr]
    counted = {
        name.decode(): int(size)  # type: ignore[union-attr]
        for name, size in client.hgetall(keys.STAGED_SIZES_KEY).items()
    }
    assert counted.get("all", 0) == sum(size for name, size in counted.items() if name != "all")
    return (found - {keys.STAGED_SIZES_KEY}) | {
        f"{counted['all']} bytes" for _ in [0] if counted.get("all")
    }


@pytest.mark.usefixtures("broker")
def test_a_staged_upload_can_be_read_repeatedly() -> None:
    for size in (0, 1, 999_999, 1_000_000, 1_000_001, 2_560_000):
        staged = stage(FILE[start : min(size, start + 70_000)] for start in range(0, size, 70_000))
        assert (staged.size, staged.sha256) == (size, hashlib.sha256(FILE[:size]).hexdigest())
        for _ in range(2):
            assert b"".join(open_staged(staged.id)) == FILE[:size]


def test_a_discarded_upload_leaves_nothing(broker: object, settings: Settings) -> None:
    staged = stage([FILE])
    for _ in range(2):
        discard(staged.id)
        assert not left(settings)
    with raises_code("upload-gone"):
        list(open_staged(staged.id))


def test_an_interrupted_upload_leaves_nothing(broker: object, settings: Settings) -> None:
    def breaking() -> Iterator[bytes]:
        yield FILE
        assert left(settings)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        stage(breaking())
    assert not left(settings)


def test_an_incomplete_upload_cannot_be_opened(broker: object, settings: Settings) -> None:
    def looking() -> Iterator[bytes]:
        yield FILE
        (key,) = (key for key in left(settings) if key.startswith("vector:parcel:"))
        with raises_code("upload-gone"):
            list(open_staged(key.rpartition(":")[2]))

    assert stage(looking()).size == len(FILE)


@pytest.mark.usefixtures("broker")
def test_a_staged_upload_is_private_to_its_owner() -> None:
    with as_owner("ann"):
        staged = stage([FILE])
    for owner in ("bob", "anonymous"):
        with as_owner(owner), raises_code("upload-gone"):
            list(open_staged(staged.id))
    with as_owner("ann"):
        assert b"".join(open_staged(staged.id)) == FILE


def test_uploads_over_the_limit_are_rejected_until_space_is_released(
    broker: object, settings: Settings
) -> None:
    use_settings(settings.with_values(parcels_limit=2 * len(FILE) + 10))
    first, _ = stage([FILE]), stage([FILE])
    with raises_code("uploads-full") as refused:
        stage([FILE])
    assert refused.value.retry_after > 0
    discard(first.id)
    assert stage([FILE]).size == len(FILE)


def test_space_is_released_when_uploads_expire(broker: object, settings: Settings) -> None:
    use_settings(settings.with_values(parcels_limit=len(FILE) + 10))
    staged = stage([FILE])
    client = web_client(settings)
    # Simulates that a day has passed.
    client.delete(keys.staged_key(staged.id))
    client.zadd(keys.STAGED_DUE_KEY, {staged.id: 1.0})
    assert stage([FILE]).size == len(FILE)


def test_every_key_of_a_staged_upload_expires(broker: object, settings: Settings) -> None:
    staged = stage([FILE])
    assert 80_000 < web_client(settings).ttl(keys.staged_key(staged.id)) <= 86_400
    # An expired upload that is bound to a job does not reappear.
    bind_to_job("0" * 32, "x")
    assert not web_client(settings).exists(keys.staged_key("0" * 32))


def test_a_staged_upload_is_discarded_when_its_job_ends(
    broker: object, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    staged = stage([FILE])
    bind_to_job(staged.id, enqueue_background_job(TASK, staged.id, "a.csv").id)
    assert discard_expired(web_client(settings)) == 0
    run_jobs()
    assert not left(settings)


@pytest.mark.parametrize("end", [cancel_job, delete_job])
def test_a_staged_upload_is_discarded_with_a_job_that_never_ran(
    broker: object, settings: Settings, end: Callable[[str], object]
) -> None:
    staged = stage([FILE])
    job = submit(TASK, (staged.id, "a.csv"), options=JobOptions())
    bind_to_job(staged.id, job.id)
    if end is delete_job:
        cancel_job(job.id)
    end(job.id)
    # The entry of a deleted job has no upload.
    if end is cancel_job:
        catch_up(SUBSCRIPTION)
    else:
        assert discard_expired(web_client(settings)) == 1
    assert not left(settings)


def test_a_staged_upload_without_a_job_expires_after_some_minutes(
    broker: object, settings: Settings
) -> None:
    staged = stage([FILE])
    client = web_client(settings)
    assert discard_expired(client) == 0
    due = client.zscore(keys.STAGED_DUE_KEY, staged.id)
    client.zadd(keys.STAGED_DUE_KEY, {staged.id: due - 700})  # type: ignore[operator]
    assert discard_expired(client) == 1


@pytest.mark.usefixtures("settings")
def test_without_a_broker_uploads_are_rejected() -> None:
    with pytest.raises(QueueUnavailable):
        stage([FILE])
