"""Tasks for the gallery."""

from __future__ import annotations

from contextlib import suppress

from libraries.errors import Unavailable
from libraries.exporting.thumbnails import remove_old_thumbnails
from libraries.gallery import rebuild
from libraries.gallery.arrivals import drawings_of_jobs, known_owners, rebuild_if_new
from libraries.job_manager import report_progress
from libraries.json_types import JsonObject
from libraries.worker import on_startup

TRIES = 3


def reindex() -> JsonObject:
    """Rebuild the gallery index from the stored drawings; the old index is used until then. Remove old thumbnails.

    The result has `drawings`, `unreadable`, and whether it was `superseded` by a later rebuild.
    """
    remove_old_thumbnails()
    return rebuild(known_owners(), drawings_of_jobs(), report_progress)


@on_startup
def _rebuild_new_index() -> None:
    # A request to the gallery tries again.
    with suppress(Unavailable):
        rebuild_if_new()
