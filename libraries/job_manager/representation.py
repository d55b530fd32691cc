"""A job as clients see it: the JSON object that `GET /jobs/<job_id>` answers, and that every other way of telling repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from libraries.job_manager.job_drawings import first_drawing
from libraries.job_manager.records import INTERNAL_FAILURE, PUBLIC_FAILURES, JobRecord
from libraries.job_manager.states import FINAL_STATES
from libraries.json_types import JsonObject
from libraries.storage import Store, output_folder, upload_folder

# The states in which a job that ended can be queued again.
RETRYABLE = FINAL_STATES - {"finished"}


def job_body(record: JobRecord) -> JsonObject:
    """Return the job as a JSON object with all that clients may know of it. A path in its result is replaced where it stands."""
    links = job_links(
        record.id, record.status, record.batch_id, drawn=first_drawing(record) is not None
    )
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
        "links": links,
    }


def named_artifacts(record: JobRecord) -> dict[str, JsonObject]:
    """Return what a job made by the names that clients know: without folders, and a number before a name's second use."""
    named: dict[str, JsonObject] = {}
    uses: Counter[str] = Counter()
    for artifact in record.artifacts:
        name = artifact["name"].rsplit("/", 1)[-1]
        uses[name] += 1
        named[name if uses[name] == 1 else f"{uses[name]}-{name}"] = artifact
    return named


def artifacts_json(record: JobRecord) -> list[JsonObject]:
    """Return the files that a job made, as clients see them: the first is the job's result."""
    here = f"/jobs/{record.id}"
    return [
        {
            **one,
            "name": name,
            "url": f"{here}/artifacts/{quote(name)}" if place else f"{here}/result",
        }
        for place, (name, one) in enumerate(named_artifacts(record).items())
    ]


def attempt_json(attempt: dict[str, str]) -> JsonObject:
    """Return an attempt that failed, with what may be told of its error."""
    raw = attempt.get("error", "")
    said = next(
        (detail for mark, (_, detail) in PUBLIC_FAILURES.items() if mark in raw),
        INTERNAL_FAILURE[1],
    )
    shown: JsonObject = {
        "worker": attempt.get("worker", ""),
        "error": attempt.get("detail", said),
    }
    for name in ("started_at", "ended_at"):
        shown[name] = utc(datetime.fromisoformat(attempt[name])) if attempt.get(name) else None
    return shown


def public_result(result: Any) -> Any:
    """Return a result with every path in a store shown as `output/...` or `uploads/...`; containers are changed in place."""
    stores = (output_folder(), upload_folder())
    top = [result]
    pending: list[list[Any] | JsonObject] = [top]
    while pending:
        pending.extend(_show_paths(pending.pop(), stores))
    return top[0]


def _show_paths(
    container: list[Any] | JsonObject, stores: Iterable[Store]
) -> list[list[Any] | JsonObject]:
    """Show the paths that stand directly in `container`, and return the containers in it."""
    places: list[tuple[Any, Any]] = list(
        container.items() if isinstance(container, dict) else enumerate(container)
    )
    for place, value in places:
        container[place] = value if isinstance(value, list | dict) else _shown(value, stores)
    return [value for _, value in places if isinstance(value, list | dict)]


def _shown(value: Any, stores: Iterable[Store]) -> Any:
    for store in stores:
        value = store.display_path(value)
    return value


def utc(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds, such as `2026-11-21T21:43:51.779Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_links(
    job_id: str, status: str = "queued", batch_id: str | None = None, *, drawn: bool = False
) -> dict[str, str]:
    """Return the addresses of a job, relative to this server, with those of what its state allows and, if it drew, a picture."""
    here = f"/jobs/{job_id}"
    links = {
        "self": here,
        "events": f"{here}/events",
        "logs": f"{here}/logs",
        "result": f"{here}/result",
    }
    if drawn:
        links["preview"] = f"{here}/preview.png"
    if status not in FINAL_STATES:
        links["cancel"] = f"{here}/cancel"
    if status in RETRYABLE:
        links["retry"] = f"{here}/retry"
    return links | ({"batch": f"/batches/{batch_id}"} if batch_id else {})
