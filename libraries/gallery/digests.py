"""The drawings of a day in short, as the mail template `digest` takes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from libraries.gallery.catalogue import gallery
from libraries.gallery.drawings import Drawing
from libraries.gallery.searching import Wanted

MAX_LISTED = 100


def digest(since: float, until: float) -> dict[str, Any]:
    """Return what was drawn by anybody between two moments in Unix seconds: the newest drawings, and how many there are in all.

    Raises:
        Unavailable: the index cannot be read.
    """
    wanted = Wanted(since=since, until=until)
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
