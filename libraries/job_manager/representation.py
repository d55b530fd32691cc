"""The JSON representation of a job, shared by HTTP, event streams, WebSockets and webhooks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from operator import is_not
from typing import Any
from urllib.parse import quote

from libraries.job_manager.job_drawings import first_drawing
from libraries.job_manager.records import JobRecord, attempt_error
from libraries.job_manager.states import FINAL_STATES, UNREADABLE
from libraries.json_types import JsonObject
from libraries.storage import output_folder, upload_folder

# Final states in which a job can be retried.
RETRYABLE = FINAL_STATES - {"finished"}


def job_body(record: JobRecord, *, arguments: bool = False) -> JsonObject:
    """Return the job as a JSON object.

    Only the owner gets the `arguments`: webhooks and tokens reach others.
    """
    links = job_links(
        record.id, record.status, record.batch_id, drawn=first_drawing(record) is not None
    )
    if record.retry_of:
        links["original"] = f"/jobs/{record.retry_of}"
    return {
        "id": record.id,
        "status": record.status,
        "result": public_result(record.result),
        "error": record.public_error,
        "created_at": utc(record.created_at),
        "started_at": utc(record.started_at),
        "ended_at": utc(record.ended_at),
        "done": record.done,
        "error_code": record.error_code,
        "task": record.task,
        "position": record.position,
        "progress": record.progress,
        "attempt": record.attempt,
        "retries_left": record.retries_left,
        "timeout": record.timeout,
        "expires_at": utc(record.expires_at),
        "artifacts": artifacts_json(record),
        "attempts": [attempt_json(one) for one in record.attempts],
        "batch_id": record.batch_id,
        "tags": record.tags,
        "retry_of": record.retry_of,
        **({"arguments": public_result(record.arguments)} if arguments else {}),
        "links": links,
    }


def named_artifacts(record: JobRecord) -> dict[str, JsonObject]:
    """Return the artifacts by public name: without folders, duplicates with a number in front."""
    named: dict[str, JsonObject] = {}
    uses: Counter[str] = Counter()
    for artifact in record.artifacts:
        name = artifact["name"].rsplit("/", 1)[-1]
        uses[name] += 1
        named[name if uses[name] == 1 else f"{uses[name]}-{name}"] = artifact
    return named


def artifacts_json(record: JobRecord) -> list[JsonObject]:
    """Return the artifacts for clients; the first one is the result."""
    if not record.artifacts:
        return []
    path = f"/jobs/{record.id}"
    return [
        {
            **one,
            "name": name,
            "url": f"{path}/artifacts/{quote(name)}" if index else f"{path}/result",
        }
        for index, (name, one) in enumerate(named_artifacts(record).items())
    ]


def attempt_json(attempt: dict[str, str]) -> JsonObject:
    body: JsonObject = {"worker": attempt.get("worker", ""), "error": attempt_error(attempt)}
    for name in ("started_at", "ended_at"):
        body[name] = utc(datetime.fromisoformat(attempt[name])) if attempt.get(name) else None
    return body


def public_result(result: Any) -> Any:
    """Return a result with store paths as `output/...` or `uploads/...`.

    Only what contains such paths is copied. Results are at most 100 levels deep.
    """
    if isinstance(result, str):
        return _display_path(result) if "/" in result else result
    if isinstance(result, dict):
        changed = {
            name: shown for name, one in result.items() if (shown := public_result(one)) is not one
        }
        return {**result, **changed} if changed else result
    if isinstance(result, list):
        copy = [public_result(one) for one in result]
        return copy if any(map(is_not, copy, result)) else result
    return result


def _display_path(value: Any) -> Any:
    for folder in (output_folder, upload_folder):
        shown = folder().display_path(value)
        if shown is not value:
            return shown
    return value


def utc(moment: datetime | None) -> str | None:
    """Return a time in ISO 8601, UTC with milliseconds: `2026-11-21T21:43:51.779Z`."""
    if moment is None:
        return None
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds')[:-6]}Z"


def job_links(
    job_id: str, status: str = "queued", batch_id: str | None = None, *, drawn: bool = False
) -> dict[str, str]:
    """Return the links of a job and of the actions that its state permits."""
    path = f"/jobs/{job_id}"
    links = {
        "self": path,
        "events": f"{path}/events",
        "logs": f"{path}/logs",
        "result": f"{path}/result",
    }
    if drawn:
        links["preview"] = f"{path}/preview.png"
    if status not in FINAL_STATES | {UNREADABLE}:
        links["cancel"] = f"{path}/cancel"
    if status in RETRYABLE:
        links["retry"] = f"{path}/retry"
    return links | ({"batch": f"/batches/{batch_id}"} if batch_id else {})
