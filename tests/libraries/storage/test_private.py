"""Files and folders are private, and uploads that are hard links are refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.paths import data_dir_error
from libraries.errors import InvalidInput
from libraries.gallery import gallery
from libraries.gallery.databases import SqliteDatabase
from libraries.gallery.index import Gallery
from libraries.gallery.installation import FILE_NAME
from libraries.settings import Settings
from libraries.storage import open_input, output_folder, owner_folder, upload_folder


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The default of most systems, with which new files are readable for all users."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of what is not private, by path."""
    paths = [folder, *folder.rglob("*")]
    found = {path: path.lstat().st_mode & 0o777 for path in paths if not path.is_socket()}
    return {
        str(path): mode
        for path, mode in found.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }


def test_results_uploads_index_and_broker_are_private(settings: Settings) -> None:
    broker = EmbeddedBroker(settings)
    assert broker.keep()
    broker.start()
    try:
        with owner_folder("anna"):
            output_folder().publish("a/b/drawing.svg", "<svg/>")
            upload_folder().publish("table.csv", "a,b")
        gallery().check_writable()
    finally:
        broker.stop()
    assert modes(settings.broker.data_dir) == modes(settings.storage.output_dir) == {}
    assert modes(settings.storage.upload_dir) == {}


def test_the_check_at_the_start_creates_a_private_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert data_dir_error(folder, with_broker=False) is None
    assert modes(folder) == {}


def test_the_index_of_an_earlier_version_becomes_private(settings: Settings) -> None:
    gallery().check_writable()
    path = settings.broker.data_dir / FILE_NAME
    path.chmod(0o644)
    Gallery(SqliteDatabase(path)).check_writable()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("folder", ["", ".received"])
def test_a_hard_link_in_the_uploads_is_refused(
    settings: Settings, tmp_path: Path, folder: str
) -> None:
    secret, uploads = tmp_path / "secret.csv", settings.storage.upload_dir / folder
    secret.write_text("a,b")
    uploads.mkdir(parents=True)
    try:
        (uploads / "table.csv").hardlink_to(secret)
    except OSError:
        pytest.skip("the folders are on file systems without common links")
    for name in ("table.csv", "uploads/table.csv", str(uploads / "table.csv")):
        with pytest.raises(InvalidInput, match="hard link"):
            open_input(name)
    secret.unlink()
    with open_input("table.csv") as file:
        assert file.read() == b"a,b"


def test_a_hard_link_to_a_result_does_not_hide_it(settings: Settings, tmp_path: Path) -> None:
    output_folder().publish("a.svg", "<svg/>")
    (settings.storage.output_dir / "backup.svg").hardlink_to(settings.storage.output_dir / "a.svg")
    with output_folder().open_checked("a.svg") as file:
        assert file.read() == b"<svg/>"
