"""The index of this installation."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from libraries.settings import BrokerSettings, GallerySettings

if TYPE_CHECKING:
    from libraries.gallery.index import Gallery

FILE_NAME = "gallery.sqlite3"


def gallery() -> Gallery:
    """Return the index of this installation: in the database GALLERY_URL, or in a file in DATA_DIR."""
    return _gallery(GallerySettings.current().gallery_url, BrokerSettings.current().data_dir)


def index_file() -> Path | None:
    """Return the file of the index; None if it is in the database GALLERY_URL."""
    if GallerySettings.current().gallery_url:
        return None
    return BrokerSettings.current().data_dir / FILE_NAME


@lru_cache(maxsize=8)
def _gallery(url: str, folder: Path) -> Gallery:
    # SQLAlchemy takes 0.2 s and 12 MB; the launcher, and most web processes, do not need it.
    from libraries.gallery.databases import SqliteDatabase  # noqa: PLC0415
    from libraries.gallery.index import Gallery  # noqa: PLC0415

    if not url:
        return Gallery(SqliteDatabase(folder / FILE_NAME))
    from libraries.gallery.postgres import PostgresDatabase  # noqa: PLC0415

    return Gallery(PostgresDatabase(url))
