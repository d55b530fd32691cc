"""Readiness of the components that jobs need."""

from __future__ import annotations

from flask import current_app

from components.http.problems import with_members
from components.system.probes import Probe, new_probes
from libraries.broker.append_only import losses
from libraries.broker.paths import broker_folder
from libraries.errors import Unavailable
from libraries.job_manager import known_tasks
from libraries.job_manager.control import (
    QueueHealth,
    problems_of_workers,
    queue_health,
    silent_text,
)
from libraries.json_types import JsonObject
from libraries.loading import load_problems
from libraries.settings import (
    BrokerSettings,
    GallerySettings,
    JobSettings,
    StorageSettings,
    UploadSettings,
)
from libraries.storage import check_storage

PROBES = "vector-api-probes"


def readiness() -> JsonObject:
    """Return the state of all components; raise Unavailable if one of them is not ready."""
    probes = _probes()
    for probe in probes.values():
        probe.start()
    health = queue_health()
    parts = {"web": _part(ready=True, found="answers")}
    parts["broker"] = _broker(health["broker"], probes["broker"])
    parts["worker"] = _worker(health)
    parts["storage"] = _storage(probes["storage"])
    parts["gallery"] = _written(probes["gallery"], "is writable")
    not_loaded = _not_loaded(broker=health["broker"])
    if not all(part["ready"] for part in parts.values()):
        missing = {name: part["detail"] for name, part in parts.items() if not part["ready"]}
        text = "; ".join(f"{name}: {detail}" for name, detail in missing.items())
        members = {"parts": parts, "missing": list(missing), "not_loaded": not_loaded}
        raise with_members(Unavailable(text, code="not-ready"), retry_after=5, **members)
    return {"status": "ready", "parts": parts, "not_loaded": not_loaded}


def _probes() -> dict[str, Probe]:
    """Return the checks of this application and its present settings."""
    groups = (BrokerSettings, StorageSettings, UploadSettings, GallerySettings)
    settings = tuple(group.current() for group in groups)
    known: tuple[object, dict[str, Probe]] | None = current_app.extensions.get(PROBES)
    if known is None or known[0] != settings:
        known = (settings, new_probes())
        current_app.extensions[PROBES] = known
    return known[1]


def _not_loaded(*, broker: bool) -> list[JsonObject]:
    """Return the modules that could not be imported; jobs run without them.

    Only workers import task modules, so their errors come from the broker.
    """
    known_tasks()  # reads the task modules, if this process has not done so
    found = [problem.public() for problem in load_problems()]
    known = {problem["module"] for problem in found}
    of_workers = problems_of_workers() if broker else []
    return found + [one for one in of_workers if one["module"] not in known]


def _broker(answers: bool, probe: Probe) -> JsonObject:
    if not answers:
        fix = "Start it with `make run`, or set REDIS_URL to a running server."
        return _part(ready=False, found="does not answer", fix=fix)
    broker, found = BrokerSettings.current(), "answers"
    if broker.embedded_broker:
        lost = [loss.text for loss in losses(broker_folder(broker.data_dir))]
        found = "; ".join([found, *lost])
    return _written(probe, found)


def _worker(health: QueueHealth) -> JsonObject:
    if JobSettings.current().immediate:
        return _part(ready=True, found="not needed: jobs run in the web process (immediate mode)")
    if health["workers"]:
        return _part(ready=True, found=f"{health['workers']} alive")
    found = "none alive" if health["broker"] else "unknown while the broker does not answer"
    fix = "Start one with `python -m workers`."
    if health["silent_workers"]:
        found = f"none alive; {silent_text(health['silent_workers'])}"
        fix = "Its supervisor restarts it; if it does not, stop it and start another."
    return _part(ready=False, found=found, fix=fix)


def _storage(probe: Probe) -> JsonObject:
    if StorageSettings.current().storage_url is None:
        return _written(probe, "is writable")
    error = check_storage()
    if error is not None:
        return _part(ready=False, found=str(error), fix="Run `flask --app app doctor`.")
    return _written(probe, "answers")


def _written(probe: Probe, found: str) -> JsonObject:
    """Return the part that a check writes to; `found` is its state if that succeeds."""
    problem = probe.result()
    if problem is None:
        return _part(ready=True, found=found)
    return _part(ready=False, found=problem.reason, fix=problem.fix)


def _part(*, ready: bool, found: str, fix: str = "") -> JsonObject:
    return {"ready": ready, "detail": found, **({} if ready else {"fix": fix})}
