"""Files of jobs: their readable names, and their deletion.

The file `postcards/ann.svg` of a job is stored as `jobs/<job id>/postcards/ann.svg`. Its readable
name, `postcards/ann.svg`, is a copy that belongs to the last job that claimed it. The broker has the
id of that job, or '' for a file that outlives its job. A copy is made after the claim, and again if
the job changed meanwhile, so the last copy is that of the newest job.

A deletion removes first the record, then the files, and last the note of the files. In this order a
crash leaves no unknown files.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import cast

from libraries.broker import Redis, keys
from libraries.broker.retry import TASK, retry
from libraries.broker.scripts import run_script
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import transitions
from libraries.job_manager.ownership import as_owner, current_owner
from libraries.json_types import JsonObject
from libraries.storage import (
    StorageUnavailable,
    job_files,
    job_folder_name,
    own_name,
    readable_name,
    shared_output_folder,
)

log = logging.getLogger(__name__)


def artifact_note(artifacts: list[JsonObject] | None) -> str:
    """Return the note of a job's files as JSON, '' if there are none.

    It has what the deletion of the files and the gallery need; the record of the job has the rest.
    Files that the running job published without attaching them are in its folder.
    """
    published = job_files()
    if not artifacts and not (published and published.published):
        return ""
    kept = ("name", "sha256", "size", "media_type")
    files = [{name: one[name] for name in kept if name in one} for one in artifacts or ()]
    return json.dumps({"owner": current_owner(), "files": files})


def announce_files(client: Redis, job_id: str) -> None:
    """Note that a job may have files, unless a note exists. It remains if the job is killed."""
    note = json.dumps({"owner": current_owner(), "files": []})
    retry(lambda: client.hsetnx(keys.ARTIFACTS_KEY, job_id, note), TASK)


def claim_readable_names(client: Redis, attached: Container[str]) -> None:
    """Show the files of the running job under their readable names. Idempotent.

    A file that is not `attached` to the job keeps its readable name when the job is deleted. A name
    that cannot be used, for example because it is a folder, does not fail the job.
    """
    files = job_files()
    for artifact in list(files.published.values()) if files else ():
        name = readable_name(artifact.name, files.job_id) if files else None
        if files and name:
            try:
                holder = files.job_id if artifact.name in attached else ""
                is_original = name in files.originals
                claim = partial(
                    _claim, client, files.job_id, name, holder=holder, is_original=is_original
                )
                retry(claim, TASK)
            except InvalidInput as error:
                log.warning("Job %s has no readable name: %s", files.job_id, error)


def _claim(client: Redis, job_id: str, name: str, *, holder: str, is_original: bool) -> None:
    key = keys.readable_names_key(current_owner())
    if not is_original and not client.hexists(key, name):
        # The only copy of a job of the version that had no folders of jobs.
        shared_output_folder().set_aside(name)
    client.hset(key, name, holder)
    if holder:
        _show_newest(client, key, name)
    else:
        shared_output_folder().copy(own_name(name, job_id), name)


def forget_readable_name(client: Redis, name: str) -> None:
    """Note that the file of a readable name no longer belongs to a job."""
    retry(lambda: client.hset(keys.readable_names_key(current_owner()), name, ""), TASK)


def release_readable_name(client: Redis, job_id: str, file_name: str) -> None:
    """Remove the readable name of a file that is deleted, unless it belongs to another job."""
    name, key = readable_name(file_name, job_id), keys.readable_names_key(current_owner())
    if name and run_script(client, "job_manager/release_name", (key,), (name, job_id)):
        _show_newest(client, key, name)


def _show_newest(client: Redis, key: str, name: str) -> None:
    """Make the file of a readable name that of its job, or remove it."""
    store = shared_output_folder()
    shown: str | None = "unknown"
    while True:
        found = cast("bytes | None", client.hget(key, name))
        holder = None if found is None else found.decode()
        if holder in ("", shown):
            return
        if holder:
            # Without its file the job is being deleted, and releases the name next.
            with suppress(NotFound):
                store.show(own_name(name, holder), name)
        else:
            store.remove(name)
        shown = holder


def delete_job_data(client: Redis, job_id: str) -> bool:
    """Delete the record and the files of a job; return False if the job is running.

    A readable name is removed with its newest job. If the store is unreachable, `delete_orphans`
    deletes the files later.
    """
    try:
        return delete_expired(client, job_id)
    except StorageUnavailable as error:
        log.warning("The files of job %s are deleted later: %s", job_id, error)
        return True


def delete_records(client: Redis, job_ids: Sequence[str], now: float) -> list[bool]:
    """Delete the records of jobs; return False for running ones. A collector deletes the files."""
    notes = transitions.delete_all(client, job_ids)
    if due := {job_id: now for job_id, note in zip(job_ids, notes, strict=True) if note}:
        client.zadd(keys.ENDING_KEY, due)
    return [note is not None for note in notes]


def delete_expired(client: Redis, job_id: str) -> bool:
    """Delete a job as `delete_job_data` does.

    Raises StorageUnavailable after deleting the record; the note of the files is kept.
    """
    note = transitions.delete_record(client, job_id)
    if note is None:
        return False
    if note:
        _delete_files(client, job_id, note)
        client.hdel(keys.ARTIFACTS_KEY, job_id)
    return True


def _delete_files(client: Redis, job_id: str, note: str) -> None:
    """Delete the files that a note names, and those in the folders of the job.

    A damaged note names none.
    """
    try:
        stored = json.loads(note)
        owner, files = str(stored["owner"]), list(stored["files"])
        known = {str(one["name"]): str(one["sha256"]) for one in files}
    except (ValueError, TypeError, LookupError):
        log.warning("The note of the files of job %s is damaged; its files are kept", job_id)
        return
    with as_owner(owner):
        store = shared_output_folder()
        folders = {job_folder_name(job_id), *_own_folders(job_id, known)}
        listed = {name for folder in folders for name in store.names(folder)}
        # Stores of images do not list them.
        own_files = {name for name in known if name.startswith(tuple(f"{one}/" for one in folders))}
        for name in sorted(listed | own_files):
            release_readable_name(client, job_id, name)
            store.remove(name)
        # Jobs of the version without folders of jobs.
        own = f"{job_folder_name(job_id)}/"
        for name in [
            one for one in known if job_id not in one.split("/") and not one.startswith(own)
        ]:
            if not client.hexists(keys.readable_names_key(owner), name):
                store.remove(name, sha256=known[name])
            store.remove_set_aside(known[name])


def _own_folders(job_id: str, names: Iterable[str]) -> set[str]:
    """Return the folders that only this job wrote to. A batch has too many files to note each."""
    folders = {name.rpartition("/")[0] for name in names}
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
