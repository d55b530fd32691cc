"""Tasks that store uploads."""

from __future__ import annotations

from libraries.job_manager import report_progress
from libraries.json_types import JsonObject
from libraries.storage import upload_folder
from libraries.uploads.staging import open_staged

# Enough for an outage of the store; the broker keeps the file meanwhile.
TRIES = 5


def store_upload(parcel: str, name: str) -> JsonObject:
    """Store a staged upload, and return its `file`, `size`, `sha256` and `media_type`.

    `parcel` is the id of the staged upload, `name` the name in the upload folder.
    """
    report_progress(0, 1, "storing")
    stored = upload_folder().publish(name, open_staged(parcel))
    report_progress(1, 1, "stored")
    return {
        "file": f"uploads/{name}",
        "size": stored.size,
        "sha256": stored.sha256,
        "media_type": stored.media_type,
    }
