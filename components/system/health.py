"""Readiness of the components that jobs need."""

from __future__ import annotations

from components.http.problems import with_members
from libraries.errors import Unavailable
from libraries.job_manager import known_tasks
from libraries.job_manager.control import problems_of_workers, queue_health
from libraries.json_types import JsonObject
from libraries.loading import load_problems
from libraries.settings import JobSettings, StorageSettings
from libraries.storage import check_storage


def readiness() -> JsonObject:
    """Return the state of all components; raise Unavailable if one of them is not ready."""
    health = queue_health()
    parts = {"web": _part(ready=True, found="answers"), "broker": _broker(health["broker"])}
    parts["worker"] = _worker(health["workers"], broker=health["broker"])
    if StorageSettings.current().storage_url is not None:
        parts["storage"] = _storage()
    not_loaded = _not_loaded(broker=health["broker"])
    if not all(part["ready"] for part in parts.values()):
        missing = {name: part["detail"] for name, part in parts.items() if not part["ready"]}
        text = "; ".join(f"{name}: {detail}" for name, detail in missing.items())
        members = {"parts": parts, "missing": list(missing), "not_loaded": not_loaded}
        raise with_members(Unavailable(text, code="not-ready"), retry_after=5, **members)
    return {"status": "ready", "parts": parts, "not_loaded": not_loaded}


def _not_loaded(*, broker: bool) -> list[JsonObject]:
    """Return the modules that could not be imported; jobs run without them.

    Only workers import task modules, so their errors come from the broker.
    """
    known_tasks()  # reads the task modules, if this process has not done so
    found = [problem.public() for problem in load_problems()]
    known = {problem["module"] for problem in found}
    of_workers = problems_of_workers() if broker else []
    return found + [one for one in of_workers if one["module"] not in known]


def _broker(answers: bool) -> JsonObject:
    fix = "Start it with `make run`, or set REDIS_URL to a running server."
    return _part(ready=answers, found="answers" if answers else "does not answer", fix=fix)


def _worker(number: int, *, broker: bool) -> JsonObject:
    if JobSettings.current().immediate:
        return _part(ready=True, found="not needed: jobs run in the web process (immediate mode)")
    none = "none alive" if broker else "unknown while the broker does not answer"
    found = f"{number} alive" if number else none
    return _part(ready=number > 0, found=found, fix="Start one with `python -m workers`.")


def _storage() -> JsonObject:
    trouble = check_storage()
    found = "answers" if trouble is None else str(trouble)
    return _part(ready=trouble is None, found=found, fix="Run `flask --app app doctor`.")


def _part(*, ready: bool, found: str, fix: str = "") -> JsonObject:
    return {"ready": ready, "detail": found, **({} if ready else {"fix": fix})}
