"""Reuse of stored drawings for equal requests; wrong cache entries never affect the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from libraries.broker.connections import web_client
from libraries.broker.in_memory import close_in_memory
from libraries.broker.keys import drawing_cache_key
from libraries.job_manager import JobRecord, as_owner, delete_job, enqueue_background_job, fetch_job
from libraries.settings import Settings, use_settings
from libraries.sheets.artboard import load_artboard
from libraries.storage import output_folder
from libraries.svg_reader import read_svg

TASK = "workers.svg_tasks.generate_complex_svg"
BOARD: dict[str, Any] = {"width": 60, "height": 60, "pattern_type": "truchet", "seed": 5}
DRAWN, AGAIN = "stored", "truchet was already drawn"


@pytest.fixture
def immediate(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with immediate mode, in which jobs run through the same steps."""
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    yield changed
    close_in_memory(changed.broker.data_dir)


@pytest.fixture
def draw(immediate: Settings) -> Callable[..., JobRecord]:
    """Draw in a job, and return its record."""
    names = (f"drawings/{number}.svg" for number in range(100))
    return lambda **more: ended(
        enqueue_background_job(TASK, **{**BOARD, "output_filename": next(names), **more}).id
    )


def ended(job_id: str) -> JobRecord:
    record = fetch_job(job_id)
    assert record is not None
    assert record.status == "finished", record.error
    return record


def last_message(record: JobRecord) -> str:
    assert record.progress is not None
    assert record.progress["percent"] == 100
    return str(record.progress["message"])


def stored(record: JobRecord) -> bytes:
    with output_folder().open_checked(record.artifacts[0]["name"]) as file:
        return file.read()


def cache_entry_of(settings: Settings, owner: str = "anonymous") -> tuple[Redis, str]:
    """Return a client, and the key of the cache entry of the drawing."""
    artboard = load_artboard(
        BOARD["width"], BOARD["height"], BOARD["pattern_type"], seed=BOARD["seed"]
    )
    return web_client(settings), drawing_cache_key(owner, artboard.recipe().cache_key)


def test_a_worker_draws_equal_requests_once(run_jobs: Callable[[], None]) -> None:
    jobs = [
        enqueue_background_job(TASK, **BOARD, output_filename=f"{number}.svg").id
        for number in range(3)
    ]
    run_jobs()
    records = [ended(job_id) for job_id in jobs]
    assert [last_message(record) for record in records] == [DRAWN, AGAIN, AGAIN]
    assert len({record.artifacts[0]["sha256"] for record in records}) == 1


def test_an_equal_request_gets_the_same_bytes_without_a_drawing(
    draw: Callable[..., JobRecord],
) -> None:
    first, second = draw(), draw()
    assert (last_message(first), last_message(second)) == (DRAWN, AGAIN)
    one, other = first.artifacts[0], second.artifacts[0]
    assert one["name"] != other["name"]
    assert {**one, "name": ""} == {**other, "name": ""}
    assert one["plot"]["vertices"] > 100
    assert stored(first) == stored(second)
    assert one["recipe_sha256"].encode() in stored(first)
    # The copy does not depend on the original.
    delete_job(first.id)
    assert last_message(draw()) == AGAIN


@pytest.mark.parametrize(
    "more",
    [{"seed": 6}, {"margin": 3.0}, {"params": {"cell": 9}}, {"encoding": "compact"}, {"width": 61}],
)
def test_a_request_that_differs_in_anything_is_drawn(
    draw: Callable[..., JobRecord], more: dict[str, Any]
) -> None:
    draw()
    assert last_message(draw(**more)) == DRAWN


def test_drawings_of_other_owners_are_not_reused(draw: Callable[..., JobRecord]) -> None:
    draw()
    with as_owner("ann"):
        assert last_message(draw()) == DRAWN
        assert last_message(draw()) == AGAIN


def test_a_drawing_with_a_missing_file_is_drawn_again(draw: Callable[..., JobRecord]) -> None:
    first = draw()
    data = stored(first)
    output_folder().remove(first.artifacts[0]["name"])
    second = draw()
    assert last_message(second) == DRAWN
    assert stored(second) == data


def test_a_replaced_file_is_not_reused(
    draw: Callable[..., JobRecord],
) -> None:
    first = draw()
    data = stored(first)
    output_folder().publish(first.artifacts[0]["name"], "<svg/>")
    second = draw()
    assert last_message(second) == DRAWN
    assert stored(second) == data


def test_a_drawing_whose_job_was_deleted_is_drawn_again(draw: Callable[..., JobRecord]) -> None:
    delete_job(draw().id)
    assert last_message(draw()) == DRAWN


@pytest.mark.parametrize("value", ["", "}{", "17", '["nonesuch", "00"]', '["a"]', "null", "[1, 2]"])
def test_a_wrong_cache_entry_does_not_affect_the_drawing(
    draw: Callable[..., JobRecord], immediate: Settings, value: str
) -> None:
    client, key = cache_entry_of(immediate)
    client.set(key, value)
    assert last_message(draw()) == DRAWN
    assert last_message(draw()) == AGAIN


def test_a_cache_entry_expires_with_its_files(
    draw: Callable[..., JobRecord], immediate: Settings
) -> None:
    draw()
    client, key = cache_entry_of(immediate)
    assert 0 < client.ttl(key) <= immediate.jobs.result_ttl


def test_a_file_may_be_drawn_again_under_its_own_name(draw: Callable[..., JobRecord]) -> None:
    first, second = draw(output_filename="same.svg"), draw(output_filename="same.svg")
    assert (last_message(first), last_message(second)) == (DRAWN, AGAIN)
    assert stored(second) == stored(first)


def test_a_compact_drawing_is_the_same_drawing_in_about_half_of_the_bytes(
    draw: Callable[..., JobRecord],
) -> None:
    board = {"width": 200, "height": 200, "pattern_type": "spiral", "params": {"pitch": 2}}
    plain, compact = draw(**board), draw(**board, encoding="compact")
    assert len(stored(compact)) < 0.55 * len(stored(plain))
    one, other = (read_svg(stored(record)).document.store for record in (plain, compact))
    assert one.offsets.tolist() == other.offsets.tolist()
    assert abs(one.coordinates - other.coordinates).max() <= 0.0051
    assert b"recipe_sha256" in stored(compact)
    assert plain.artifacts[0]["plot"] == compact.artifacts[0]["plot"]
    assert last_message(draw(**board, encoding="compact")) == "spiral was already drawn"
