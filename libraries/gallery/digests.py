"""Summary of the drawings of a day, as the context of the mail template `digest`."""

from __future__ import annotations

from datetime import UTC, datetime

from libraries.gallery.drawings import Drawing
from libraries.gallery.installation import gallery
from libraries.gallery.search import GalleryQuery
from libraries.json_types import JsonObject

MAX_LISTED = 100


def digest(since: float, until: float) -> JsonObject:
    """Return the newest drawings of all owners between two Unix times, and the number of all; raise Unavailable on failure."""
    wanted = GalleryQuery(since=since, until=until)
    owners = gallery().owners()
    found = [
        one for owner in owners for one in gallery().search(owner, wanted, limit=MAX_LISTED).items
    ]
    newest = sorted(found, key=lambda one: (-one.made_at, one.id))[:MAX_LISTED]
    return {
        "date": f"{datetime.fromtimestamp(until, UTC):%d %B %Y}".lstrip("0"),
        "drawings": [_row(one) for one in newest],
        "counts": {"drawings": sum(gallery().count(owner, wanted) for owner in owners)},
    }


def _row(drawing: Drawing) -> dict[str, str]:
    return {
        "title": drawing.title,
        "pattern": ", ".join(drawing.patterns)[:100],
        "job_id": drawing.job_id,
    }
