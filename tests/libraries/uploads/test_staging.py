"""Files on their way from a request to a job."""

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
    """The keys of parcels, and the bytes that are counted, as far as there are any."""
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
def test_a_file_comes_out_as_it_went_in_as_often_as_it_is_asked_for() -> None:
    for size in (0, 1, 999_999, 1_000_000, 1_000_001, 2_560_000):
        parcel = stage(FILE[start : min(size, start + 70_000)] for start in range(0, size, 70_000))
        assert (parcel.size, parcel.sha256) == (size, hashlib.sha256(FILE[:size]).hexdigest())
        for _ in range(2):
            assert b"".join(open_staged(parcel.id)) == FILE[:size]


def test_a_dropped_parcel_leaves_nothing(broker: object, settings: Settings) -> None:
    parcel = stage([FILE])
    for _ in range(2):
        discard(parcel.id)
        assert not left(settings)
    with raises_code("upload-gone"):
        list(open_staged(parcel.id))


def test_a_file_whose_sender_goes_away_leaves_nothing(broker: object, settings: Settings) -> None:
    def breaking() -> Iterator[bytes]:
        yield FILE
        assert left(settings)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        stage(breaking())
    assert not left(settings)


def test_a_parcel_cannot_be_opened_before_it_is_whole(broker: object, settings: Settings) -> None:
    def looking() -> Iterator[bytes]:
        yield FILE
        (key,) = (key for key in left(settings) if key.startswith("vector:parcel:"))
        with raises_code("upload-gone"):
            list(open_staged(key.rpartition(":")[2]))

    assert stage(looking()).size == len(FILE)


@pytest.mark.usefixtures("broker")
def test_a_parcel_is_for_its_owner_alone() -> None:
    with as_owner("ann"):
        parcel = stage([FILE])
    for owner in ("bob", "anonymous"):
        with as_owner(owner), raises_code("upload-gone"):
            list(open_staged(parcel.id))
    with as_owner("ann"):
        assert b"".join(open_staged(parcel.id)) == FILE


def test_more_than_there_is_room_for_is_refused_and_room_comes_back(
    broker: object, settings: Settings
) -> None:
    use_settings(settings.with_values(parcels_limit=2 * len(FILE) + 10))
    first, _ = stage([FILE]), stage([FILE])
    with raises_code("uploads-full") as refused:
        stage([FILE])
    assert refused.value.retry_after > 0
    discard(first.id)
    assert stage([FILE]).size == len(FILE)


def test_room_comes_back_when_the_broker_throws_parcels_away(
    broker: object, settings: Settings
) -> None:
    use_settings(settings.with_values(parcels_limit=len(FILE) + 10))
    parcel = stage([FILE])
    client = web_client(settings)
    # As if a day had passed.
    client.delete(keys.staged_key(parcel.id))
    client.zadd(keys.STAGED_DUE_KEY, {parcel.id: 1.0})
    assert stage([FILE]).size == len(FILE)


def test_every_key_of_a_parcel_has_an_end(broker: object, settings: Settings) -> None:
    parcel = stage([FILE])
    assert 80_000 < web_client(settings).ttl(keys.staged_key(parcel.id)) <= 86_400
    # What is addressed too late, when it is gone, does not come back.
    bind_to_job("0" * 32, "x")
    assert not web_client(settings).exists(keys.staged_key("0" * 32))


def test_a_parcel_goes_when_its_job_has_ended_and_not_before(
    broker: object, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    parcel = stage([FILE])
    bind_to_job(parcel.id, enqueue_background_job(TASK, parcel.id, "a.csv").id)
    assert discard_expired(web_client(settings)) == 0
    run_jobs()
    assert not left(settings)


@pytest.mark.parametrize("end", [cancel_job, delete_job])
def test_a_parcel_goes_with_a_job_that_never_ran(
    broker: object, settings: Settings, end: Callable[[str], object]
) -> None:
    parcel = stage([FILE])
    job = submit(TASK, (parcel.id, "a.csv"), options=JobOptions())
    bind_to_job(parcel.id, job.id)
    if end is delete_job:
        cancel_job(job.id)
    end(job.id)
    # The entry of a deleted job leads to nothing any more.
    if end is cancel_job:
        catch_up(SUBSCRIPTION)
    else:
        assert discard_expired(web_client(settings)) == 1
    assert not left(settings)


def test_a_parcel_that_nobody_queued_a_job_for_goes_after_some_minutes(
    broker: object, settings: Settings
) -> None:
    parcel = stage([FILE])
    client = web_client(settings)
    assert discard_expired(client) == 0
    due = client.zscore(keys.STAGED_DUE_KEY, parcel.id)
    client.zadd(keys.STAGED_DUE_KEY, {parcel.id: due - 700})  # type: ignore[operator]
    assert discard_expired(client) == 1


@pytest.mark.usefixtures("settings")
def test_without_a_broker_nothing_is_taken() -> None:
    with pytest.raises(QueueUnavailable):
        stage([FILE])
