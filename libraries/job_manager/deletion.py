"""Removing a job for good: its record first, then its files, and the note of them last, so that a crash leaves none unknown."""

from __future__ import annotations

import json
import logging
from typing import cast

from libraries.broker import Redis, keys
from libraries.job_manager import transitions
from libraries.job_manager.ownership import as_owner, current_owner
from libraries.json_types import JsonObject
from libraries.storage import StorageUnavailable, output_folder

PAGE = 500
log = logging.getLogger(__name__)


def artifact_note(artifacts: list[JsonObject] | None) -> str:
    """Return the note of the files that a job of the current owner made, '' when it made none."""
    return json.dumps({"owner": current_owner(), "files": artifacts}) if artifacts else ""


def delete_job_data(client: Redis, job_id: str) -> bool:
    """Remove the record of a job and the files that it made; return False, having done nothing, when it runs.

    A file that a later job has replaced stays. Files in a store that is away are removed by a later `delete_orphans`.
    """
    try:
        return delete_expired(client, job_id)
    except StorageUnavailable as error:
        log.warning("The files of job %s stay for now: %s", job_id, error)
        return True


def delete_expired(client: Redis, job_id: str) -> bool:
    """Do as `delete_job_data` does, but tell when files stay.

    Raises:
        StorageUnavailable: the store of files does not answer. The record is gone; the note of the files is kept.
    """
    note = transitions.delete_record(client, job_id)
    if note is None:
        return False
    if note:
        made = json.loads(note)
        with as_owner(made["owner"]):
            store = output_folder()
            for artifact in made["files"]:
                store.remove(artifact["name"], sha256=artifact["sha256"])
            for folder in _own_folders(job_id, made["files"]):
                for name in list(store.names(folder)):
                    store.remove(name)
        client.hdel(keys.ARTIFACTS_KEY, job_id)
    return True


def _own_folders(job_id: str, artifacts: list[JsonObject]) -> set[str]:
    """Return the folders that only this job wrote to; the files of a batch lie there, too many to note each of them."""
    folders = {artifact["name"].rpartition("/")[0] for artifact in artifacts}
    return {folder for folder in folders if folder.rpartition("/")[2] == job_id}


def delete_orphans(client: Redis) -> None:
    """Remove the files of jobs whose record is gone: somebody died while disposing of them, or the store was away.

    Raises:
        StorageUnavailable: the store of files does not answer.
    """
    cursor = -1
    while cursor:
        cursor, page = cast(
            "tuple[int, dict[bytes, bytes]]",
            client.hscan(keys.ARTIFACTS_KEY, max(cursor, 0), count=PAGE),
        )
        job_ids = [raw_id.decode() for raw_id in page]
        with client.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                pipeline.exists(keys.job_key(job_id))
            known = pipeline.execute()
        for job_id, exists in zip(job_ids, known, strict=True):
            if not exists:
                delete_expired(client, job_id)
