"""Write check of the index, with the reason and the remedy of a failure."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from typing import NamedTuple
from urllib.parse import quote

from libraries.errors import Unavailable
from libraries.gallery.drawings import VERSION
from libraries.gallery.installation import gallery, index_file
from libraries.settings import GallerySettings

# Another process writes: the index works.
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class IndexProblem(NamedTuple):
    """Reason for which the index cannot be written to, and the remedy."""

    reason: str
    fix: str


def index_problem() -> IndexProblem | None:
    """Write to the index; return the problem, None if it works."""
    if _is_writable_file():
        return None
    try:
        gallery().check_writable()
    except Unavailable as error:
        cause = error.__cause__
        if getattr(cause, "sqlite_errorcode", None) in BUSY:
            return None
        if GallerySettings.current().gallery_url:
            reason = f"the database cannot be written to ({type(cause).__name__})"
            return IndexProblem(reason, "Start the database in GALLERY_URL, or correct the URL.")
        reason = getattr(cause, "strerror", None) or str(cause)
        return IndexProblem(
            reason.lower(), "Make DATA_DIR writable, and free space on its disk if it is full."
        )
    return None


def _is_writable_file() -> bool:
    """Return whether the file of the index can be written to, or created; False also if in doubt.

    The driver alone does that. SQLAlchemy would add 20 MB to each web process, and most of them do
    not need it for anything else.
    """
    path = index_file()
    if path is None:
        return False
    try:
        if not path.exists():
            with tempfile.TemporaryFile(dir=path.parent):
                return True
        address = f"file:{quote(str(path))}?mode=rw"
        # An index that another process writes works.
        connected = sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.2)
        with closing(connected) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                return False
            # As for other transactions of the index.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(
                "INSERT INTO index_state (name, value) VALUES ('checked', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (int(time.time()),),
            )
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", None) in BUSY
    except OSError:
        return False
    return True
