"""Tasks that store what clients sent."""

from __future__ import annotations

from libraries.job_manager import report_progress
from libraries.json_types import JsonObject
from libraries.storage import upload_folder
from libraries.uploads.staging import open_staged

# A store that is away comes back; the file waits in the broker meanwhile.
TRIES = 5


def store_upload(parcel: str, name: str) -> JsonObject:
    """Store a file that was sent, and return its `file`, `size`, `sha256` and `media_type`.

    Args:
        parcel: the id under which the broker keeps the file.
        name: name of the file below the upload folder.

    Raises:
        NotFound: the file is not kept any more.
        Unavailable: there is no room.
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
