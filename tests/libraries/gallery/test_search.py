"""Searches of the index: results, their order, and hostile input."""

from __future__ import annotations

import multiprocessing
import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from libraries.gallery import GalleryQuery, gallery
from libraries.gallery.databases import SqliteDatabase
from libraries.gallery.index import Gallery
from libraries.gallery.installation import FILE_NAME
from libraries.gallery.postgres import SCHEMA, PostgresDatabase, connection_arguments
from libraries.settings import Settings, get_settings, use_settings
from tests.errors import raises_code
from tests.libraries.gallery.conftest import drawing

HOSTILE = [
    '"', '""', "'", "*", "a*", "NEAR(a b)", "spiral AND", "OR", "NOT x", "words:secret", "{words}:x", "^a", "-a", "a + b", "(",
    ")", "\0", "a\0b", "\\", "%", "_", "; DROP TABLE drawing; --", "' OR 1=1 --", "\ud800", "\u202e", "x" * 100_000,
    "a " * 50_000, "🎨", "",
]  # fmt: skip


def numbers(shown: Gallery, owner: str = "ann", **wanted: Any) -> list[int]:
    return [int(one.name[10:14]) for one in shown.search(owner, GalleryQuery(**wanted)).items]


def test_own_drawings_are_listed_newest_first(shown: Gallery) -> None:
    assert numbers(shown) == [6, 5, 4, 3, 2, 1, 0]
    assert numbers(shown, "bob") == [7]
    assert numbers(shown, "unknown") == []
    assert shown.find("bob", drawing(3).id) is None
    assert shown.find("ann", drawing(3).id) == drawing(3)


FOUND: list[tuple[dict[str, Any], list[int]]] = [
    ({"text": "postcard"}, [5]),
    ({"text": "GRUSSE"}, [5]),
    ({"text": "grüße"}, [5]),
    ({"text": "grusse aus"}, [5]),
    ({"text": "cacak"}, [5]),
    ({"text": "ann aus"}, [5]),
    ({"text": "number 3"}, [3]),
    ({"text": "spir"}, [4, 3, 2, 1, 0, 6]),
    ({"text": "flow field"}, [6]),
    ({"text": "flow_field"}, [6]),
    ({"text": "big-one"}, [6]),
    ({"text": "bob"}, []),
    ({"pattern": "contours"}, [6]),
    ({"pattern": "contour"}, []),
    ({"tags": ["wall", "big-one"]}, [6]),
    ({"tags": ["wall", "small"]}, []),
    ({"color": "#F00"}, [6]),
    ({"color": "red"}, [6]),
    ({"color": "Tomato"}, [6]),
    ({"color": "no colour"}, []),
    ({"seed": 2}, [2]),
    ({"size": (148, 210)}, [5]),
    ({"size": (210.3, 148)}, [5]),
    ({"max_height": 200}, [5]),
    ({"min_height": 200, "seed": 4}, [4]),
    ({"min_width": 211}, []),
    ({"since": 1_700_000_005.0}, [6, 5]),
    ({"until": 1_700_000_002.0}, [1, 0]),
    ({"kept": True}, [6]),
    ({"kept": False, "since": 1_700_000_005.0}, [5]),
]


def test_drawings_are_found_by_their_contents(shown: Gallery) -> None:
    for wanted, found in FOUND:
        assert sorted(numbers(shown, **wanted)) == sorted(found), wanted
        assert shown.count("ann", GalleryQuery(**wanted)) == len(found)


def test_hostile_searches_cause_no_errors(shown: Gallery) -> None:
    for text in HOSTILE:
        for wanted in (
            GalleryQuery(text=text),
            GalleryQuery(pattern=text),
            GalleryQuery(tags=[text]),
            GalleryQuery(color=text),
        ):
            assert all(one.owner == "ann" for one in shown.search("ann", wanted).items), text
    assert len(numbers(shown)) == 7


@rules(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60))
def test_search_texts_contain_no_operators(shown: Gallery, text: str) -> None:
    """A word with any other text finds no drawing that the word alone does not find."""
    assert set(numbers(shown, text=f"contours {text}")) <= {6}


def test_pages_have_no_gaps_and_no_duplicates(shown: Gallery) -> None:
    with shown.changing() as change:
        for number in range(20, 33):
            change.put(drawing(number, made_at=1_700_000_100.0))
    seen: list[str] = []
    cursor = None
    while True:
        page = shown.search("ann", GalleryQuery(), limit=3, cursor=cursor)
        seen += [one.id for one in page.items]
        with shown.changing() as change:  # concurrent insertion
            change.put(drawing(100 + len(seen), made_at=1_700_000_900.0))
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 20


def test_an_invalid_cursor_is_rejected(shown: Gallery) -> None:
    for cursor in (
        "",
        "x",
        "AAAA",
        "bmFuIDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA",
        "\ud800",
        "x" * 10_000,
        "MS4wIHg=",
    ):
        with raises_code("bad-cursor"):
            shown.search("ann", GalleryQuery(), cursor=cursor)


def test_a_drawing_that_is_added_again_replaces_the_old_one(shown: Gallery) -> None:
    with shown.changing() as change:
        change.put(drawing(3, title="Renamed", tags=["new"]))
        change.put(drawing(3, title="Renamed", tags=["new"]))
    assert numbers(shown, text="renamed") == [3]
    assert numbers(shown, text="number 3") == []
    assert shown.counts("ann", "tag") == [("big-one", 1), ("new", 1), ("wall", 1)]
    assert shown.counts("ann", "pattern")[0] == ("spiral", 5)


def test_a_failed_transaction_changes_nothing(shown: Gallery) -> None:
    def fail() -> None:
        with shown.changing() as change:
            change.put(drawing(50))
            change.remove(drawing(1).id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert numbers(shown) == [6, 5, 4, 3, 2, 1, 0]


def _write(settings: Settings, first: int) -> None:
    use_settings(settings)
    for number in range(first, first + 25):
        with gallery().changing() as change:
            change.put(drawing(number))


def test_concurrent_writes_of_several_processes_are_kept(shown: Gallery) -> None:
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=_write, args=(get_settings(), first)) for first in (1000, 1100, 1200)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert shown.count("ann", GalleryQuery()) == 7 + 75


@pytest.mark.parametrize("shown", ["sqlite"], indirect=True)
def test_a_damaged_index_is_reported_once_and_then_empty(
    shown: Gallery, settings: Settings
) -> None:
    path = settings.broker.data_dir / FILE_NAME
    for ending in ("-wal", "-shm"):
        path.with_name(f"{FILE_NAME}{ending}").unlink(missing_ok=True)
    path.unlink()
    path.write_bytes(b"This is no database. " * 1000)
    with raises_code("gallery-away") as caught:
        shown.search("ann", GalleryQuery())
    assert str(settings.broker.data_dir) not in str(caught.value)
    assert numbers(shown) == []
    assert path.with_name(f"{FILE_NAME}.damaged").is_file()


@pytest.mark.parametrize("shown", ["sqlite"], indirect=True)
def test_an_index_of_another_version_is_recreated(shown: Gallery, settings: Settings) -> None:
    path = settings.broker.data_dir / FILE_NAME
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert Gallery(SqliteDatabase(path)).search("ann", GalleryQuery()).items == []


@pytest.mark.parametrize("shown", ["postgresql"], indirect=True)
def test_broken_connections_are_replaced_and_reported_in_one_line(
    shown: Gallery, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    other = PostgresDatabase(database_url)
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = user"
    with other.write() as connection:
        cut = connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {others}").all()
    other.close()
    assert cut
    assert len(numbers(shown)) == 7
    (record,) = caplog.records
    assert record.getMessage().startswith("PostgreSQL has closed its connections")
    assert record.exc_info is None


@pytest.mark.parametrize("shown", ["postgresql"], indirect=True)
def test_the_schemas_of_earlier_versions_are_dropped(shown: Gallery, database_url: str) -> None:
    database = PostgresDatabase(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA vector_gallery_1")
        connection.exec_driver_sql("CREATE TABLE vector_gallery_1.gone (id TEXT)")
    shown.vacuum()
    schemas = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'vector_gallery')"
    with database.read() as connection:
        names = connection.exec_driver_sql(schemas).scalars().all()
    database.close()
    assert names == [SCHEMA]
    assert len(numbers(shown)) == 7


def test_a_missing_database_is_reported_without_its_password(settings: Settings) -> None:
    use_settings(settings.with_values(gallery_url="postgresql://ann:secret@127.0.0.1:1/none"))
    with raises_code("gallery-away") as caught:
        gallery().search("ann", GalleryQuery())
    assert "secret" not in str(caught.value) + repr(get_settings())


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            "postgresql://ann:a%40b@db.example:5433/x",
            {"user": "ann", "password": "a@b", "host": "db.example", "port": 5433},
        ),
        (
            "postgresql:///x?host=/run/pg",
            {"user": "postgres", "unix_sock": "/run/pg/.s.PGSQL.5432", "database": "x"},
        ),
        ("postgresql://u@h/x", {"password": None, "ssl_context": None}),
    ],
)
def test_an_address_is_parsed(url: str, wanted: dict[str, Any]) -> None:
    found = connection_arguments(url)
    assert {name: found[name] for name in wanted} == wanted
    assert connection_arguments("postgresql://u@h/x?sslmode=require")["ssl_context"].check_hostname
