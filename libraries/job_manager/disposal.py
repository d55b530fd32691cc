"""Removing a job for good: its record first, then its files, and the note of them last, so that a crash leaves none unknown."""

from __future__ import annotations

import json
from typing import Any

from redis import Redis

from libraries.job_manager import keys, transitions
from libraries.job_manager.ownership import acting_for, current_owner
from libraries.storage import output_folder


def made_note(artifacts: list[dict[str, Any]] | None) -> str:
    """Return the note of the files that a job of the current owner made, '' when it made none."""
    return json.dumps({"owner": current_owner(), "files": artifacts}) if artifacts else ""


def dispose(client: Redis, job_id: str) -> bool:
    """Remove the record of a job and the files that it made; return False, having done nothing, when it runs.

    A file that a later job has replaced stays.
    """
    note = transitions.forget(client, job_id)
    if note is None:
        return False
    if note:
        made = json.loads(note)
        with acting_for(made["owner"]):
            for artifact in made["files"]:
                output_folder().remove(artifact["name"], sha256=artifact["sha256"])
        client.hdel(keys.ARTIFACTS_KEY, job_id)
    return True


def dispose_leftovers(client: Redis) -> None:
    """Remove the files of jobs whose record is gone: somebody died while disposing of them."""
    for raw_id, _ in client.hscan_iter(keys.ARTIFACTS_KEY, count=500):
        job_id = raw_id.decode()
        if not client.exists(keys.job_key(job_id)):
            dispose(client, job_id)
