"""Damaged job records: which fields are damaged, and how the job ends as failed all the same."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import cast

from rq.utils import as_text

from libraries.broker import Redis, exceptions, keys
from libraries.job_index import indexed_owner
from libraries.job_manager import transitions
from libraries.job_manager.errors import BadRecord
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.record_fields import (
    FIELDS,
    damage_text,
    is_wrong_type,
    parse_fields,
)
from libraries.json_types import JsonObject


def read_record(record: dict[bytes, bytes]) -> tuple[JsonObject, list[str]]:
    """Return the fields of a taken job, and the names of those that are damaged."""
    known, damaged = parse_fields([record.get(name.encode()) for name in FIELDS])
    if record.pop(b"found_status", b"queued") != b"queued":
        damaged.append("status")
    return known, damaged


def restore(job: VectorJob, record: dict[bytes, bytes]) -> str:
    """Restore a job from its record and return the name of its task. Raises BadRecord."""
    try:
        job.restore(record)
        parts = (job.func_name, job.instance, job.args, job.kwargs)
    except Exception as error:
        raise BadRecord(damage_text(["data"])) from error
    if [type(part) for part in parts] != [str, type(None), list, dict]:
        raise BadRecord(damage_text(["data"]))
    return str(job.func_name)


def owner_of(client: Redis, job_id: str, known: JsonObject, damaged: list[str]) -> str:
    """Return the owner of a job; if the field is damaged, the one whose index has the job."""
    if "owner" not in damaged:
        return str(known.get("owner", ANONYMOUS))
    return indexed_owner(client, job_id) or ANONYMOUS


def reject_damage(client: Redis, job_id: str, damaged: list[str], owner: str) -> None:
    """Delete damaged fields, so that the job can be shown as failed, and raise BadRecord if any."""
    if not damaged:
        return
    client.hdel(keys.job_key(job_id), *damaged)
    if "owner" in damaged:
        client.hset(keys.job_key(job_id), "owner", owner)
    raise BadRecord(damage_text(damaged))


def fail_if_damaged(client: Redis, job_id: str, lifetime_s: int, registry: str) -> bool:
    """Fail a job in a registry of waiting jobs if its record is damaged; return whether it is."""
    try:
        record = cast("dict[bytes, bytes]", client.hgetall(keys.job_key(job_id)))
    except exceptions.ResponseError as error:
        if not is_wrong_type(error):
            raise
        _detach(client, job_id)
        client.zrem(registry, job_id)
        return True
    known, damaged = read_record(dict(record))
    if not record or (not damaged and _is_restorable(client, job_id, record)):
        return False
    _detach(client, job_id)
    with suppress(BadRecord):
        reject_damage(client, job_id, damaged, owner_of(client, job_id, known, damaged))
    error_text = damage_text(damaged or ["data"])
    transitions.abandon(
        client,
        job_id,
        time.time(),
        lifetime_s,
        code=BadRecord.code,
        detail=error_text,
        registry=registry,
    )
    return True


def _detach(client: Redis, job_id: str) -> None:
    """Take a job out of the dependents of others, because RQ reads all of them at once."""
    for parent in map(as_text, client.smembers(keys.dependencies_key(job_id))):
        client.srem(f"{keys.job_key(parent)}:dependents", job_id)


def _is_restorable(client: Redis, job_id: str, record: dict[bytes, bytes]) -> bool:
    try:
        restore(VectorJob(job_id, connection=client), record)
    except BadRecord:
        return False
    return True
