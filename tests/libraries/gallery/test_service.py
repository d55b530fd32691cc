"""Updates of the gallery by real jobs, actions on drawings, and rebuilds of the index."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libraries.broker import keys
from libraries.broker.connections import worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.gallery import (
    Drawing,
    GalleryQuery,
    NewDrawing,
    drawing_id,
    find_drawing,
    gallery,
    label_drawing,
    open_drawing,
    pin_drawing,
    rebuild,
    remove_drawing,
)
from libraries.gallery.arrivals import known_owners, process_pending, update_index
from libraries.gallery.index import Gallery
from libraries.gallery.service import add
from libraries.job_manager import as_owner, delete_job, enqueue_background_job
from libraries.job_manager.journal import JournalEntry
from libraries.settings import Settings
from libraries.sheets.artboard import draw_artboard
from libraries.storage import output_folder, owner_folder
from tests.errors import raises_code

ARTBOARD = "workers.svg_tasks.generate_complex_svg"
POSTCARD = "workers.svg_tasks.generate_postcard_svg"
REINDEX = "workers.gallery_tasks.reindex"
ANYBODY = "anonymous"
RunJobs = Callable[[], None]


def everything(owner: str = ANYBODY, **wanted: Any) -> list[Drawing]:
    return gallery().search(owner, GalleryQuery(**wanted), limit=100).items


def quiet(_: int, __: int, ___: str) -> None: ...


def rebuilt() -> dict[str, Any]:
    return rebuild(known_owners(), {}, quiet)


def drawn(run_jobs: RunJobs, *, seeds: int = 1) -> list[str]:
    """Draw small spirals with real jobs; return their ids."""
    jobs = [
        enqueue_background_job(
            ARTBOARD, 60 + seed, 40, "spiral", f"a/{seed}.svg", {"pitch": 4}, seed=seed
        )
        for seed in range(seeds)
    ]
    run_jobs()
    return [job.id for job in jobs]


@pytest.fixture
def shown(settings: Settings) -> list[Drawing]:
    """Add three spirals with the seeds 0 to 2 to the anonymous gallery, as jobs do."""
    for seed in range(3):
        made = draw_artboard(60 + seed, 40, "spiral", params={"pitch": 4}, seed=seed)
        stored = output_folder().publish(f"a/{seed}.svg", made.blocks())
        arrival = NewDrawing(
            owner=ANYBODY,
            name=stored.name,
            sha256=stored.sha256,
            size=stored.size,
            made_at=1_700_000_000.0 + seed,
            job_id=f"job{seed}",
        )
        with gallery().changing() as change:
            add(change, arrival)
    return everything()[::-1]


def test_a_finished_drawing_is_in_the_gallery_with_its_description(run_jobs: RunJobs) -> None:
    (job_id,) = drawn(run_jobs)
    (found,) = everything()
    assert found.job_id == job_id
    assert (found.patterns, found.width, found.height, found.seed, found.kept) == (
        ["spiral"],
        60.0,
        40.0,
        0,
        False,
    )
    assert (found.colors, found.title) == (["#000000"], "spiral, 60 x 40 mm")
    with open_drawing(found) as file:
        assert file.read(4) == b"<svg"


def test_the_text_of_a_postcard_is_found(run_jobs: RunJobs) -> None:
    enqueue_background_job(
        POSTCARD, "Ann Lee", "Meet me under the lighthouse", template_name="birthday"
    )
    run_jobs()
    (found,) = everything(text="lighthouse ann")
    assert found.patterns == ["birthday"]
    assert everything(text="motorway") == []


def test_another_owners_drawings_are_unknown(run_jobs: RunJobs) -> None:
    with as_owner("ann"):
        enqueue_background_job(ARTBOARD, 50, 50, "spiral", "mine.svg", {"pitch": 4})
    run_jobs()
    assert everything() == []
    (own,) = everything("ann")
    for act in (find_drawing, pin_drawing, remove_drawing, label_drawing):
        with raises_code("drawing-not-found"):
            act("bob", own.id)
    assert find_drawing("ann", own.id) == own


def test_a_deleted_job_removes_its_drawing_and_a_failed_one_adds_none(
    run_jobs: RunJobs,
) -> None:
    first, _ = drawn(run_jobs, seeds=2)
    enqueue_background_job(ARTBOARD, 50, 50, "no such pattern", "b.svg")
    run_jobs()
    label_drawing(ANYBODY, everything(seed=0)[0].id, tags=["soon-gone"])
    delete_job(first)
    process_pending()
    assert [one.seed for one in everything()] == [1]
    assert [name for name in output_folder().names() if name.endswith(".json")] == []


def test_repeated_entries_after_a_crash_change_nothing(run_jobs: RunJobs) -> None:
    """As after kill -9 between the change of the index and the acknowledgement."""
    drawn(run_jobs, seeds=3)
    before = everything()
    finished = [
        JournalEntry(id=f"1-{n}", job_id=one.job_id, event="finished", owner=ANYBODY, task=ARTBOARD)
        for n, one in enumerate(before)
    ]
    update_index(finished * 2)
    assert everything() == before
    # The entry of a deleted job adds nothing.
    delete_job(before[0].job_id)
    process_pending()
    update_index(finished)
    assert everything() == before[1:]


def test_notes_of_the_previous_version_are_processed_after_an_upgrade(
    run_jobs: RunJobs, settings: Settings
) -> None:
    client = worker_client(settings)
    first, second = drawn(run_jobs, seeds=2)
    (gone, made) = everything()[::-1]
    with gallery().changing() as change:
        change.remove(made.id)
    note = {"gone": first, "owner": ANYBODY, "files": [[gone.name, gone.sha256]]}
    client.rpush(keys.EXHIBITS_KEY, json.dumps({"made": second}), json.dumps(note))
    process_pending()
    assert [one.job_id for one in everything()] == [second]
    assert client.llen(keys.EXHIBITS_KEY) == 0


def test_an_unwritable_gallery_does_not_affect_jobs(
    run_jobs: RunJobs, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    from libraries.job_manager import fetch_job

    (settings.broker.data_dir / "gallery.sqlite3").mkdir(parents=True)
    (job_id,) = drawn(run_jobs)
    record = fetch_job(job_id)
    assert record is not None
    assert record.status == "finished"
    (settings.broker.data_dir / "gallery.sqlite3").rmdir()
    process_pending()
    assert len(everything()) == 1


def test_a_replaced_file_stays_in_the_gallery_when_the_first_job_is_deleted(
    run_jobs: RunJobs,
) -> None:
    (first,) = drawn(run_jobs)
    enqueue_background_job(ARTBOARD, 60, 40, "grid", "a/0.svg")
    run_jobs()
    delete_job(first)
    process_pending()
    assert [one.patterns for one in everything()] == [["grid"]]


# -- labels, kept and removed drawings


def test_title_and_tags_are_found_and_survive_a_rebuild(
    shown: list[Drawing], settings: Settings
) -> None:
    spiral = everything(seed=1)[0].id
    labelled = label_drawing(
        ANYBODY, spiral, title="  Storm   over Skye ", tags=["wall", "blue-ink", "wall"]
    )
    assert (labelled.title, labelled.tags) == ("Storm over Skye", ["wall", "blue-ink"])
    assert (
        [one.id for one in everything(text="skye")]
        == [one.id for one in everything(tags=["blue-ink"])]
        == [spiral]
    )
    # Only the given values change.
    assert label_drawing(ANYBODY, spiral, tags=[]).title == "Storm over Skye"
    for path in settings.broker.data_dir.glob("gallery.sqlite3*"):
        path.unlink()
    assert everything() == []
    assert rebuilt() == {"drawings": 3, "unreadable": 0, "superseded": False}
    (again,) = everything(text="skye")
    assert (again.id, again.title, again.tags) == (spiral, "Storm over Skye", [])
    # An empty title restores that of the file.
    assert label_drawing(ANYBODY, spiral, title="").title == "spiral, 61 x 40 mm"


@pytest.mark.parametrize("tag", ["", "UPPER", "a b", "ä", "x" * 33, "../x", "a\n", "a_b"])
def test_an_invalid_tag_is_rejected(shown: list[Drawing], tag: str) -> None:
    with raises_code("bad-label"):
        label_drawing(ANYBODY, everything()[0].id, tags=["good", tag])


@pytest.mark.parametrize("title", ["x" * 101, "a\0b", "\ud800", "a\x1b[31m"])
def test_an_invalid_title_is_rejected(shown: list[Drawing], title: str) -> None:
    with raises_code("bad-label"):
        label_drawing(ANYBODY, everything()[0].id, title=title)


def test_a_kept_drawing_outlives_its_job_with_its_description(run_jobs: RunJobs) -> None:
    job = enqueue_background_job(POSTCARD, "Ann", "Meet me under the lighthouse", "birthday")
    run_jobs()
    (card,) = everything()
    label_drawing(ANYBODY, card.id, title="For Ann", tags=["cards"])
    kept = pin_drawing(ANYBODY, card.id)
    assert (kept.id, kept.kept, kept.title, kept.made_at) == (
        card.id,
        True,
        "For Ann",
        card.made_at,
    )
    assert pin_drawing(ANYBODY, card.id) == kept
    delete_job(job.id)
    process_pending()
    for look in range(2):
        (left,) = everything(text="lighthouse")
        assert (left.id, left.patterns, left.tags, left.kept, left.job_id) == (
            card.id,
            ["birthday"],
            ["cards"],
            True,
            job.id,
        )
        assert left.made_at == pytest.approx(card.made_at)
        with open_drawing(left) as file:
            assert b"</svg>" in file.read()
        if not look:
            assert rebuilt()["drawings"] == 1
    remove_drawing(ANYBODY, card.id)
    assert everything() == []
    assert list(output_folder().names()) == []
    assert rebuilt() == {"drawings": 0, "unreadable": 0, "superseded": False}


def test_a_drawing_and_its_kept_copy_are_one_entry(
    shown: list[Drawing],
) -> None:
    kept = pin_drawing(ANYBODY, shown[0].id)
    rebuilt()
    assert everything(kept=True) == [kept]
    assert len(everything()) == 3


def test_a_drawing_without_its_file_cannot_be_kept_or_opened(shown: list[Drawing]) -> None:
    output_folder().remove(shown[0].name)
    with raises_code("drawing-not-found"):
        open_drawing(shown[0])
    with raises_code("drawing-not-found"):
        pin_drawing(ANYBODY, shown[0].id)
    assert list(output_folder().names()) == ["a/1.svg", "a/2.svg"]


# -- rebuilds of the index


def test_a_rebuilt_index_equals_the_updated_one(run_jobs: RunJobs) -> None:
    drawn(run_jobs, seeds=4)
    enqueue_background_job(POSTCARD, "Ann", "Hello", "plain")
    with as_owner("ann"):
        enqueue_background_job(ARTBOARD, 50, 50, "spiral", "mine.svg", {"pitch": 4})
    run_jobs()
    before = {owner: everything(owner) for owner in (ANYBODY, "ann")}
    job = enqueue_background_job(REINDEX)
    run_jobs()
    assert job.return_value() == {"drawings": 6, "unreadable": 0, "superseded": False}
    assert {owner: everything(owner) for owner in (ANYBODY, "ann")} == before


def test_foreign_files_are_added_with_the_facts_that_they_contain(
    settings: Settings, broker: EmbeddedBroker
) -> None:
    folder = output_folder()
    folder.publish("empty.svg", "")
    folder.publish("noise.svg", bytes(range(256)) * 4000)
    folder.publish("deep.svg", f"<svg width='1'><metadata>{'[' * 100_000}</metadata>")
    folder.publish(
        "odd.svg",
        '<svg width="1e9mm" height="..mm"><title>a &lt;b&gt;</title><metadata>{"pattern": "<x>", "seed": true}',
    )
    folder.publish("kept/not-an-id/x.svg", "<svg/>")
    folder.publish("kept/not-an-id/x.json", "{}")
    folder.publish(f"gallery/aa/{'a' * 24}.json", "[1, 2")
    with owner_folder("ann"):
        folder.publish("x.svg", "<svg/>")
    assert rebuilt() == {"drawings": 6, "unreadable": 0, "superseded": False}
    (odd,) = everything(text="b")
    assert (odd.title, odd.patterns, odd.seed, odd.height) == ("a <b>", [], None, 0.0)


def test_the_valid_parts_of_a_forged_label_are_read(shown: list[Drawing]) -> None:
    drawing = everything()[0].id
    forged: list[object] = [
        [],
        {"tags": "x"},
        {"tags": [1, "UP", "ok"], "title": 5, "made_at": 1e300, "arguments": []},
        "x",
        None,
    ]
    for label in forged:
        output_folder().publish(f"gallery/{drawing[:2]}/{drawing}.json", json.dumps(label))
        rebuilt()
        assert find_drawing(ANYBODY, drawing).title == "spiral, 62 x 40 mm"
    assert find_drawing(ANYBODY, drawing).tags == []


def test_readers_see_the_old_index_until_the_rebuild_is_complete(shown: list[Drawing]) -> None:
    seen: list[int] = []

    def look(_: int, __: int, ___: str) -> None:
        seen.append(len(everything()))

    build = gallery().begin()
    assert len(everything()) == 3
    assert gallery().fill(build, everything()[:1])
    assert len(everything()) == 3
    # An interrupted rebuild leaves the old index, and the next one starts over.
    assert rebuild(known_owners(), {}, look)["drawings"] == 3
    assert set(seen) == {3}
    assert gallery().fill(build, everything()) is gallery().finish(build) is False


def test_concurrent_changes_are_in_the_rebuilt_index(
    run_jobs: RunJobs,
) -> None:
    jobs = drawn(run_jobs, seeds=3)
    one, two = (everything(seed=seed)[0].id for seed in (1, 2))

    def meddle(done: int, total: int, _: str) -> None:
        if done < total:  # the files are listed, but not read
            delete_job(jobs[0])
            label_drawing(ANYBODY, one, title="Meanwhile")
            pin_drawing(ANYBODY, two)
            process_pending()

    rebuild(known_owners(), {}, meddle)
    assert {(found.id, found.title == "Meanwhile", found.kept) for found in everything()} == {
        (one, True, False),
        (two, False, True),
    }


def test_the_later_of_two_concurrent_rebuilds_wins(shown: list[Drawing]) -> None:

    def interfere(done: int, total: int, _: str) -> None:
        if done < total:
            gallery().begin()

    assert rebuild(known_owners(), {}, interfere)["superseded"]
    assert everything()[::-1] == shown


def test_a_killed_rebuild_leaves_the_old_index_and_can_be_repeated(
    shown: list[Drawing],
) -> None:
    for number in range(120):
        path = Path(output_folder().path_of(f"many/{number}.svg"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('<svg width="10mm" height="10mm"><title>one of many</title></svg>')

    def die_half_way(done: int, _: int, __: str) -> None:
        if done >= 100:
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=rebuild, args=([ANYBODY], {}, die_half_way)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert everything()[::-1] == shown
    assert rebuild([ANYBODY], {}, quiet) == {"drawings": 123, "unreadable": 0, "superseded": False}
    assert gallery().count(ANYBODY, GalleryQuery(text="many")) == 120


def test_reads_do_not_wait_for_a_writer(settings: Settings) -> None:
    seen: list[int] = []
    with gallery().changing() as change:
        change.put(_plain(drawing_id(ANYBODY, "a.svg")))
        reader = threading.Thread(target=lambda: seen.append(len(everything())))
        reader.start()
        reader.join(20)
    assert seen == [0]
    assert len(everything()) == 1


def _plain(drawing: str) -> Drawing:
    return Drawing(
        id=drawing, owner=ANYBODY, name="old.svg", sha256="", size=1, made_at=time.time(), job_id="", task="", title="old",
        words="", width=1, height=1, seed=None, patterns=[], colors=[], tags=[], kept=False,
    )  # fmt: skip


def test_each_installation_has_one_gallery(settings: Settings) -> None:
    assert gallery() is gallery()
    assert isinstance(gallery(), Gallery)
