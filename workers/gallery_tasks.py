"""Tasks that look after the gallery."""

from __future__ import annotations

from libraries.gallery import rebuild
from libraries.gallery.arrivals import drawings_of_jobs, known_owners
from libraries.job_manager import report_progress
from libraries.json_types import JsonObject

TRIES = 3


def reindex() -> JsonObject:
    """Build the index of the gallery anew from the stored drawings; the old one answers until the new one is whole.

    The result has the number of `drawings` in it, that of `unreadable` files, and whether it was `superseded` by a later one.
    """
    return rebuild(known_owners(), drawings_of_jobs(), report_progress)
