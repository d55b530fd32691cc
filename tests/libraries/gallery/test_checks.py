"""The check whether the index of the gallery can be written to."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from libraries.gallery import gallery
from libraries.gallery.checks import index_problem
from libraries.gallery.drawings import VERSION
from libraries.gallery.installation import index_file
from libraries.settings import Settings


def test_an_index_that_exists_or_can_be_created_has_no_problem(settings: Settings) -> None:
    path = index_file()
    assert path is not None
    assert path.is_relative_to(settings.broker.data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert index_problem() is None
    assert not path.exists(), "the first use creates it"
    gallery().check_writable()
    assert index_problem() is None


def test_the_check_makes_an_index_of_another_version_usable(settings: Settings) -> None:
    path = index_file()
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    assert index_problem() is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_an_index_that_another_process_writes_has_no_problem(settings: Settings) -> None:
    gallery().check_writable()
    path = index_file()
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert index_problem() is None


def test_a_folder_in_place_of_the_index_is_a_problem(settings: Settings) -> None:
    path = index_file()
    assert path is not None
    path.mkdir(parents=True)
    problem = index_problem()
    assert problem is not None
    assert "DATA_DIR" in problem.fix
