"""Write check of the index, with the reason and the remedy of a failure."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from libraries.errors import Unavailable
from libraries.gallery.installation import gallery
from libraries.settings import GallerySettings

# Another process writes: the index works.
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class IndexProblem(NamedTuple):
    """Reason for which the index cannot be written to, and the remedy."""

    reason: str
    fix: str


def index_problem() -> IndexProblem | None:
    """Write to the index; return the problem, None if it works."""
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
