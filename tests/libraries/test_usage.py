"""The bytes of the files of each owner."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from app import create_app
from libraries import usage
from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.errors import Exhausted
from libraries.job_manager import as_owner, delete_job, enqueue_background_job, find_job
from libraries.job_manager.journal import catch_up
from libraries.settings import Settings, use_settings

CARD = "workers.svg_tasks.generate_postcard_svg"
WORDS = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def owner(settings: Settings) -> Iterator[str]:
    """An owner with a limit of stored bytes."""
    use_settings(settings.with_values(owner_storage=2000))
    with as_owner("ann"):
        yield "ann"


def stored(owner: str) -> int:
    catch_up(usage.SUBSCRIPTION)
    catch_up(usage.UPLOADS)
    found = web_client().hget(keys.stored_key(), owner)
    return int(found) if found else 0


def draw(run_jobs: Callable[[], None]) -> str:
    job_id = enqueue_background_job(CARD, **WORDS).id
    run_jobs()
    return job_id


def test_the_files_of_a_job_count_until_it_is_deleted(
    owner: str, run_jobs: Callable[[], None]
) -> None:
    job_id = draw(run_jobs)
    size = sum(one["size"] for one in find_job(job_id).artifacts)
    assert stored(owner) == size > 2000
    with pytest.raises(Exhausted) as error:
        enqueue_background_job(CARD, **WORDS)
    assert (error.value.code, error.value.retry_after) == ("owner-storage-full", 60)
    assert "Delete jobs" in str(error.value)
    with as_owner("bob"):
        enqueue_background_job(CARD, **WORDS)
    delete_job(job_id)
    assert stored(owner) == 0
    enqueue_background_job(CARD, **WORDS)


def test_an_entry_that_is_delivered_twice_counts_once(
    owner: str, run_jobs: Callable[[], None]
) -> None:
    draw(run_jobs)
    size = stored(owner)
    web_client().xgroup_setid(keys.JOURNAL_KEY, usage.SUBSCRIPTION.name, "0")
    assert stored(owner) == size


def test_a_recount_corrects_the_numbers(owner: str, run_jobs: Callable[[], None]) -> None:
    draw(run_jobs)
    size, client = stored(owner), web_client()
    client.hset(keys.stored_key(owner), "deleted-job", "777")
    client.hincrby(keys.stored_key(), owner, 777)
    client.hset(keys.ARTIFACTS_KEY, "damaged", "{")
    client.hset(keys.ARTIFACTS_KEY, "other", json.dumps({"owner": "bob", "files": [{"size": 5}]}))
    usage.recount()
    assert (stored(owner), stored("bob")) == (size, 5)


def test_an_upload_counts_until_its_file_is_deleted(
    settings: Settings, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(settings.with_values(owner_storage=1000)).test_client()
    table = b"x,y\n" + b"1,2\n" * 300
    sent = {"data": {"file": (BytesIO(table), "a.csv")}, "content_type": "multipart/form-data"}
    job_id = client.post("/uploads", **sent).get_json()["job_id"]
    run_jobs()
    assert stored("anonymous") == len(table)
    # The file outlives its job.
    delete_job(job_id)
    assert stored("anonymous") == len(table)
    sent = {"data": {"file": (BytesIO(table), "b.csv")}, "content_type": "multipart/form-data"}
    refused = client.post("/uploads", **sent)
    assert refused.get_json()["type"] == "/problems/owner-storage-full"
    now = time.time() + settings.uploads.upload_ttl + 60
    monkeypatch.setattr("libraries.accounts.waiting.time.time", lambda: now)
    enqueue_background_job(CARD, **WORDS)
    assert stored("anonymous") == 0


@pytest.mark.parametrize(
    "note", [None, "", "{", "[]", '{"files": [{"size": "many"}]}', '{"files": [{}]}']
)
def test_a_damaged_note_has_no_size(note: str | None) -> None:
    assert usage.size_of(note) == 0
