"""Consistency of the index: kept counts, and statements that use the indexes."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, func, select

from libraries.gallery import GalleryQuery, gallery
from libraries.gallery.index import Gallery
from libraries.gallery.search import facets_of
from libraries.gallery.tables import drawing_facets, drawings, facets
from libraries.gallery.writer import read_drawing
from libraries.settings import Settings, get_settings, use_settings
from tests.libraries.gallery.conftest import drawing
from tests.libraries.gallery.test_search import FOUND

TAGS = ["wall", "blue-ink", "small", "x" * 32]


def assert_counts_are_right(shown: Gallery) -> Counter[tuple[int, str, str, str]]:
    """Compare the kept counts and lists with the records; return the counts."""
    facet, listed = facets.c, drawing_facets.c
    of_list = (
        select(func.count())
        .select_from(drawing_facets)
        .join(drawings, (drawings.c.row_id == listed.row_id) & (drawings.c.id == listed.id))
        .where(listed.facet_id == facet.facet_id)
    )
    kept = select(facet.build, facet.owner, facet.kind, facet.value, facet.drawings)
    with shown._database.read() as connection:
        records = connection.execute(select(drawings.c.build, drawings.c.record)).all()
        rows = connection.execute(kept.add_columns(of_list.scalar_subquery())).all()
        entries = connection.execute(select(func.count()).select_from(drawing_facets)).scalar_one()
    recounted = Counter(
        (build, one.owner, kind, value)
        for build, one in ((build, read_drawing(record)) for build, record in records)
        for kind, value in facets_of(one)
    )
    assert {tuple(row[:4]): row[4] for row in rows} == recounted
    assert {tuple(row[:4]): row[5] for row in rows} == recounted
    assert entries == recounted.total()
    return recounted


def change_at_random(shown: Gallery, chance: random.Random, steps: int) -> None:
    """Add, replace, label, keep and remove drawings of two owners."""
    for _ in range(steps):
        one = drawing(chance.randrange(12))
        owner = chance.choice(["ann", "bob"])
        one = replace(
            one,
            owner=owner,
            id=one.id[:-1] + owner[0],
            seed=chance.choice([None, 1, 10**4000]),
            tags=chance.sample(TAGS, 2),
            colors=["#000000", "#000000"],
            kept=chance.random() < 0.3,
        )
        with shown.changing() as change:
            if chance.random() < 0.3:
                change.remove(one.id)
            else:
                change.put(one)


def test_counts_stay_right_through_all_changes(shown: Gallery) -> None:
    chance = random.Random(14)  # noqa: S311
    change_at_random(shown, chance, 25)
    assert_counts_are_right(shown)
    build = shown.begin()
    everything = [
        one for owner in shown.owners() for one in shown.search(owner, GalleryQuery()).items
    ]
    assert shown.fill(build, everything[::2])
    change_at_random(shown, chance, 15)
    assert len({key[0] for key in assert_counts_are_right(shown)}) == 2
    assert shown.fill(build, everything)
    assert shown.finish(build)
    assert {key[0] for key in assert_counts_are_right(shown)} == {build}


def test_obsolete_builds_are_deleted_in_several_steps(
    shown: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gallery, "MAX_DELETED_ROWS", 3)
    assert shown.finish(shown.begin())
    assert assert_counts_are_right(shown).total() == 0


def test_nothing_is_left_of_an_owner_without_drawings(shown: Gallery) -> None:
    for one in shown.search("ann", GalleryQuery()).items:
        with shown.changing() as change:
            change.remove(one.id)
    assert {key[1] for key in assert_counts_are_right(shown)} == {"bob"}
    assert (shown.owners(), shown.counts("ann", "pattern")) == (["bob"], [])


def _die_while_writing(settings: Settings) -> None:
    use_settings(settings)
    with gallery().changing() as change:
        change.put(drawing(50, tags=["wall"]))
        change.remove(drawing(6).id)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_changes_no_counts(shown: Gallery) -> None:
    before = assert_counts_are_right(shown)
    writer = multiprocessing.get_context("fork").Process(
        target=_die_while_writing, args=(get_settings(),)
    )
    writer.start()
    writer.join(60)
    assert writer.exitcode == -signal.SIGKILL
    assert assert_counts_are_right(shown) == before
    with shown.changing() as change:
        change.put(drawing(51, tags=["wall"]))
    assert shown.counts("ann", "tag") == [("wall", 2), ("big-one", 1)]


def plans(shown: Gallery, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the plans of the database for the statements of all filters, with and without a text or side to start with."""
    explain = "EXPLAIN QUERY PLAN" if "Sqlite" in type(shown._database).__name__ else "EXPLAIN"
    statements: dict[str, Any] = {}

    def note(_: object, __: object, sql: str, values: Any, *___: object) -> None:
        if sql.startswith("SELECT"):
            statements[sql] = values

    event.listen(shown._database._engine, "before_cursor_execute", note)
    for most in (0, 500):
        monkeypatch.setattr("libraries.gallery.queries.MAX_FIRST", most)
        for wanted, _ in [*FOUND, ({}, [])]:
            shown.search("ann", GalleryQuery(**wanted))
    shown.counts("ann", "tag")
    shown.find("ann", drawing(1).id)
    shown.owners()
    event.remove(shown._database._engine, "before_cursor_execute", note)
    found = []
    with shown._database.read() as connection:
        if explain == "EXPLAIN":
            # A sequential scan of a few rows is cheaper than an index.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for sql, values in statements.items():
            rows = connection.exec_driver_sql(f"{explain} {sql}", values).all()
            found += [str(row[-1]) for row in rows]
    return found


def test_every_filter_uses_an_index(shown: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    found = plans(shown, monkeypatch)
    assert len(found) > 50
    scans = [one for one in found if "Seq Scan" in one or "SCAN " in one]
    allowed = ("SCAN CONSTANT ROW", "SCAN (subquery", "SCAN drawing_fts VIRTUAL TABLE INDEX 0:M")
    assert [one for one in scans if not one.startswith(allowed)] == []
    partial = [one for one in found if one.endswith(("(build=?)", "(build=? AND kind=?)"))]
    # The list of owners alone reads more than one owner.
    assert len(partial) <= 1
