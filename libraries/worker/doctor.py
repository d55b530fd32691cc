"""What may keep jobs from being done, each cause in plain words: for whoever runs the service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import redacted_broker_url, web_client
from libraries.broker.in_memory import is_running
from libraries.broker.paths import socket_path
from libraries.job_manager.control import count_workers
from libraries.job_manager.tasks import PACKAGE, misplaced_functions, task_files
from libraries.settings import Settings
from libraries.worker.worker import eviction_policy

START = "Start it with `make run`, or set REDIS_URL to a server that runs."
# Seconds that the import of all task modules may take.
IMPORT_TIMEOUT_S = 2.8


class Finding(NamedTuple):
    """What was found about one part; where all is not well, `fix` says what to do."""

    name: str
    well: bool
    detail: str
    fix: str = ""


def is_in_memory(settings: Settings) -> bool:
    """Tell whether each process has a broker of its own: in immediate mode, with no other broker there."""
    return (
        settings.jobs.immediate
        and settings.broker.embedded_broker
        and not is_running(socket_path(settings.broker.data_dir))
    )


def examine_queue(settings: Settings) -> list[Finding]:
    """Return what is found about the broker, the workers and the queue."""
    if is_in_memory(settings):
        return [
            Finding(
                "broker",
                well=True,
                detail="not needed: in immediate mode each process brings its own",
            ),
            _not_needed("worker"),
        ]
    client = web_client(settings)
    trouble = _broker_trouble(client, redacted_broker_url(settings))
    if trouble:
        return [trouble]
    findings = [
        Finding("broker", well=True, detail=f"answers at {redacted_broker_url(settings)}"),
        _memory(client),
    ]
    workers = _not_needed("worker") if settings.jobs.immediate else _workers(client)
    return [*findings, workers, _queue(client, settings)]


def _not_needed(name: str) -> Finding:
    return Finding(
        name,
        well=True,
        detail="not needed: in immediate mode jobs run in the process that queues them",
    )


def _broker_trouble(client: Redis, url: str) -> Finding | None:
    try:
        client.ping()
    except exceptions.AuthenticationError:
        detail, fix = f"{url} refuses the user or the password", "Correct REDIS_URL."
    except exceptions.BusyLoadingError:
        detail, fix = f"{url} is still reading its data", "Wait a moment and ask again."
    except exceptions.TimeoutError:
        detail, fix = (
            f"{url} takes connections but does not answer",
            "Look whether the server is stopped or overloaded.",
        )
    except (exceptions.InvalidResponse, exceptions.ResponseError):
        detail, fix = (
            f"what answers at {url} is no Redis or Valkey server that lets us in",
            "Correct REDIS_URL.",
        )
    except (exceptions.RedisError, OSError):
        detail, fix = f"cannot be reached at {url}", START
    else:
        return None
    return Finding("broker", well=False, detail=detail, fix=fix)


def _memory(client: Redis) -> Finding:
    policy = eviction_policy(client)
    if policy == "noeviction":
        return Finding("memory", well=True, detail="the broker keeps every job (noeviction)")
    detail = f"the broker throws jobs away when its memory is full (maxmemory-policy {policy})"
    return Finding(
        "memory", well=False, detail=detail, fix="Set its maxmemory-policy to noeviction."
    )


def _workers(client: Redis) -> Finding:
    number = count_workers(client)
    if number:
        return Finding("worker", well=True, detail=f"{number} alive")
    return Finding(
        "worker",
        well=False,
        detail="none is alive, so jobs wait",
        fix="Start one with `python -m workers`.",
    )


def _queue(client: Redis, settings: Settings) -> Finding:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(keys.QUEUE_KEY)
        pipeline.zcard(keys.SCHEDULED_KEY)
        pipeline.zcard(keys.STARTED_KEY)
        pipeline.exists(keys.SUSPENDED_KEY)
        waiting, scheduled, running, paused = pipeline.execute()
    if paused:
        return Finding(
            "queue",
            well=False,
            detail=f"paused, with {waiting} waiting",
            fix="POST /queue/resume lets the jobs begin again.",
        )
    if waiting + scheduled >= settings.jobs.max_queue:
        detail = f"full: {waiting + scheduled} wait, and MAX_QUEUE is {settings.jobs.max_queue}"
        return Finding(
            "queue",
            well=False,
            detail=detail,
            fix="Start more workers (WORKERS), or set MAX_QUEUE higher.",
        )
    return Finding(
        "queue", well=True, detail=f"{waiting} waiting, {scheduled} scheduled, {running} running"
    )


def examine_tasks(patience: float = IMPORT_TIMEOUT_S) -> list[Finding]:
    """Return what is found about the task modules, each imported in another process within `patience` seconds in all."""
    files = task_files()
    modules = [f"{PACKAGE}.{path.stem}" for path in files]
    said, ended = _import_elsewhere(modules, files, patience)
    findings = [
        _of_module(module, trouble)
        for module, trouble in zip(said[::2], said[1::2], strict=False)
        if trouble
    ]
    if len(said) % 2:
        findings.append(_of_module(said[-1], ended))
    if not said:
        findings.append(
            Finding("tasks", well=False, detail=f"the modules cannot be imported: {ended}", fix="")
        )
    findings += [
        Finding("tasks", well=False, detail=mistake, fix="Correct it, or begin its name with _.")
        for mistake in misplaced_functions()
    ]
    return findings or [
        Finding("tasks", well=True, detail=f"all {len(modules)} modules can be imported")
    ]


def _import_elsewhere(
    modules: list[str], files: list[Path], patience: float
) -> tuple[list[str], str]:
    """Return the lines that the other process said, and how it ended if it did not come to an end of its own."""
    folders = os.pathsep.join(dict.fromkeys(str(path.parent) for path in files))
    command = [sys.executable, "-m", "libraries.worker.importing", folders, *modules]
    quiet: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
    }
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=Path(__file__).parents[2], text=True, start_new_session=True, **quiet
    ) as process:
        try:
            said, ended = (
                process.communicate(timeout=patience)[0],
                f"the import ended the process (code {process.returncode})",
            )
        except subprocess.TimeoutExpired:
            os.killpg(
                process.pid, signal.SIGKILL
            )  # a process that the module started may hold the pipe open
            said, ended = process.communicate()[0], f"not imported within {patience:.1f} s"
    return said.splitlines(), ended


def _of_module(module: str, trouble: str) -> Finding:
    fix = "Correct the module: until then its jobs fail."
    return Finding(
        "tasks", well=False, detail=f"{module} cannot be imported: {trouble[:300]}", fix=fix
    )
