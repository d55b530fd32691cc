"""Deletion of jobs: first the record, then the files, and last the note of the files.

In this order a crash leaves no unknown files.
"""

from __future__ import annotations

import json
import logging
from typing import cast

from libraries.broker import Redis, keys
from libraries.job_manager import transitions
from libraries.job_manager.ownership import as_owner, current_owner
from libraries.json_types import JsonObject
from libraries.storage import StorageUnavailable, output_folder

log = logging.getLogger(__name__)


def artifact_note(artifacts: list[JsonObject] | None) -> str:
    """Return the note of a job's files as JSON, '' if there are none."""
    return json.dumps({"owner": current_owner(), "files": artifacts}) if artifacts else ""


def delete_job_data(client: Redis, job_id: str) -> bool:
    """Delete the record and the files of a job; return False if the job is running.

    A file that a later job has replaced is kept. If the store is unreachable, `delete_orphans`
    deletes the files later.
    """
    try:
        return delete_expired(client, job_id)
    except StorageUnavailable as error:
        log.warning("The files of job %s are deleted later: %s", job_id, error)
        return True


def delete_expired(client: Redis, job_id: str) -> bool:
    """Delete a job as `delete_job_data` does.

    Raises StorageUnavailable after deleting the record; the note of the files is kept.
    """
    note = transitions.delete_record(client, job_id)
    if note is None:
        return False
    if note:
        _delete_files(job_id, note)
        client.hdel(keys.ARTIFACTS_KEY, job_id)
    return True


def _delete_files(job_id: str, note: str) -> None:
    """Delete the files that a note names; a damaged note names none."""
    try:
        stored = json.loads(note)
        owner, files = str(stored["owner"]), list(stored["files"])
        known = {str(one["name"]): str(one["sha256"]) for one in files}
    except (ValueError, TypeError, LookupError):
        log.warning("The note of the files of job %s is damaged; its files are kept", job_id)
        return
    with as_owner(owner):
        store = output_folder()
        for name, sha256 in known.items():
            store.remove(name, sha256=sha256)
        for folder in _own_folders(job_id, files):
            for name in list(store.names(folder)):
                store.remove(name)


def _own_folders(job_id: str, artifacts: list[JsonObject]) -> set[str]:
    """Return the folders that only this job wrote to. A batch has too many files to note each."""
    folders = {artifact["name"].rpartition("/")[0] for artifact in artifacts}
    return {folder for folder in folders if folder.rpartition("/")[2] == job_id}


def delete_orphans(client: Redis) -> None:
    """Delete the files of deleted jobs, after a crash or an outage. Raises StorageUnavailable."""
    cursor = -1
    while cursor:
        cursor, page = cast(
            "tuple[int, dict[bytes, bytes]]",
            client.hscan(keys.ARTIFACTS_KEY, max(cursor, 0), count=500),
        )
        job_ids = [raw_id.decode() for raw_id in page]
        with client.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                pipeline.exists(keys.job_key(job_id))
            known = pipeline.execute()
        for job_id, exists in zip(job_ids, known, strict=True):
            if not exists:
                delete_expired(client, job_id)
