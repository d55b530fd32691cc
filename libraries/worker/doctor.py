"""Diagnosis of the broker, the workers, the queue and the task modules, for operators."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from libraries.broker import Redis, exceptions, keys
from libraries.broker.append_only import losses
from libraries.broker.checks import write_problem
from libraries.broker.connections import redacted_broker_url, web_client
from libraries.broker.in_memory import is_running
from libraries.broker.paths import broker_folder, socket_path
from libraries.job_index import OwnerIndex
from libraries.job_manager.control import (
    count_other_workers,
    count_silent_workers,
    count_workers,
    silent_text,
)
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.records import find_unreadable
from libraries.job_manager.tasks import PACKAGE, misplaced_functions, task_files
from libraries.loading import load_module, load_problem
from libraries.settings import Settings
from libraries.worker.broker_checks import eviction_policy

# A busy machine imports the modules in a tenfold of the usual two seconds.
IMPORT_TIMEOUT_S = 30.0
# A broker that hangs does not reply to any of these.
PINGS = 3
MAX_COUNT_S = 2.0


class Finding(NamedTuple):
    """The state of one part; `fix` says what to do if it is not `ok`."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def is_in_memory(settings: Settings) -> bool:
    """Return whether processes use in-memory brokers: in immediate mode, if none is running."""
    return (
        settings.jobs.immediate
        and settings.broker.embedded_broker
        and not is_running(socket_path(settings.broker.data_dir))
    )


def examine_queue(settings: Settings) -> list[Finding]:
    if is_in_memory(settings):
        detail = "not needed: in immediate mode each process starts its own"
        return [Finding("broker", ok=True, detail=detail), _no_worker()]
    client = web_client(settings)
    error = _broker_error(client, redacted_broker_url(settings))
    if error:
        return [error]
    answers = Finding("broker", ok=True, detail=f"answers at {redacted_broker_url(settings)}")
    workers = _no_worker() if settings.jobs.immediate else _workers(client, settings)
    broker = _writing(client, settings) or [answers]
    return [
        *broker,
        _memory(client),
        workers,
        _queue(client, settings),
        *_records(client),
        *_index(client),
    ]


def _no_worker() -> Finding:
    detail = "not needed: in immediate mode jobs run in the process that queues them"
    return Finding("worker", ok=True, detail=detail)


def _broker_error(client: Redis, url: str) -> Finding | None:
    try:
        _ping(client)
    except exceptions.AuthenticationError:
        detail, fix = f"{url} rejects the user or the password", "Correct REDIS_URL."
    except exceptions.BusyLoadingError:
        detail, fix = f"{url} is loading its data", "Wait a moment and try again."
    except exceptions.TimeoutError:
        detail = f"{url} accepts connections but does not reply"
        fix = "Check whether the server is stopped or overloaded."
    except (exceptions.InvalidResponse, exceptions.ResponseError):
        detail = f"the server at {url} is not a Redis or Valkey server, or denies access"
        fix = "Correct REDIS_URL."
    except (exceptions.RedisError, OSError):
        detail = f"cannot be reached at {url}"
        fix = "Start it with `make run`, or set REDIS_URL to a server that runs."
    else:
        return None
    return Finding("broker", ok=False, detail=detail, fix=fix)


def _ping(client: Redis) -> None:
    """Send PING; repeat it after a timeout, which a busy machine may cause."""
    for _ in range(PINGS - 1):
        with suppress(exceptions.TimeoutError):
            client.ping()
            return
    client.ping()


def _writing(client: Redis, settings: Settings) -> list[Finding]:
    """Report why the broker rejects writes, and what a repair of its data lost."""
    findings = []
    if problem := write_problem(client):
        findings.append(Finding("broker", ok=False, detail=problem.reason, fix=problem.fix))
    if settings.broker.embedded_broker:
        for loss in losses(broker_folder(settings.broker.data_dir)):
            fix = f"The damaged file is kept in {loss.copy}; delete that folder to end this report."
            findings.append(Finding("broker", ok=False, detail=loss.text, fix=fix))
    return findings


def _records(client: Redis) -> list[Finding]:
    """Report damaged job records; counts for a limited time."""
    damaged, is_complete = find_unreadable(client, limit_s=MAX_COUNT_S)
    if not damaged:
        return []
    detail = f"{'' if is_complete else 'at least '}{len(damaged)} jobs have damaged records"
    fix = "List them with GET /jobs?status=unreadable, and delete them."
    return [Finding("records", ok=False, detail=detail, fix=fix)]


def _index(client: Redis) -> list[Finding]:
    """Report an index of jobs that is not complete."""
    if OwnerIndex.open(client, ANONYMOUS).complete:
        return []
    detail = "the index of jobs is not complete, so lists of jobs may miss older ones"
    fix = "Wait: a worker rebuilds it from the records within minutes."
    return [Finding("index", ok=False, detail=detail, fix=fix)]


def _memory(client: Redis) -> Finding:
    policy = eviction_policy(client)
    if policy == "noeviction":
        return Finding("memory", ok=True, detail="the broker keeps every job (noeviction)")
    detail = f"the broker evicts jobs when its memory is full (maxmemory-policy {policy})"
    fix = "Set its maxmemory-policy to noeviction."
    return Finding("memory", ok=False, detail=detail, fix=fix)


def _workers(client: Redis, settings: Settings) -> Finding:
    number = count_workers(client)
    if number:
        return Finding("worker", ok=True, detail=f"{number} alive")
    shared = "DATA_DIR" if settings.broker.embedded_broker else "REDIS_URL"
    detail, others = "none is alive, so jobs wait", count_other_workers(client)
    if silent := count_silent_workers(client):
        detail += f"; {silent_text(silent)}"
    fix = f"Start one with `python -m workers`, with the {shared} of this command."
    if others:
        detail = f"none takes jobs of the queue {keys.QUEUE}; {others} listen to other queues"
        fix = f"Start one with `python -m workers`, or `rq worker {keys.QUEUE}`."
    return Finding("worker", ok=False, detail=detail, fix=fix)


def _queue(client: Redis, settings: Settings) -> Finding:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(keys.QUEUE_KEY)
        pipeline.zcard(keys.SCHEDULED_KEY)
        pipeline.zcard(keys.STARTED_KEY)
        pipeline.exists(keys.SUSPENDED_KEY)
        waiting, scheduled, running, paused = pipeline.execute()
    if paused:
        detail, fix = f"paused, with {waiting} waiting", "Resume it with POST /queue/resume."
    elif waiting + scheduled >= settings.jobs.max_queue:
        detail = f"full: {waiting + scheduled} wait, and MAX_QUEUE is {settings.jobs.max_queue}"
        fix = "Start more workers (WORKERS), or increase MAX_QUEUE."
    else:
        detail, fix = f"{waiting} waiting, {scheduled} scheduled, {running} running", ""
    return Finding("queue", ok=not fix, detail=detail, fix=fix)


def examine_tasks(timeout_s: float = IMPORT_TIMEOUT_S) -> list[Finding]:
    """Return findings about the task modules, imported elsewhere within `timeout_s` seconds."""
    files = task_files()
    modules = [f"{PACKAGE}.{path.stem}" for path in files]
    errors, ending = _import_elsewhere(modules, files, timeout_s)
    failed = {module: ending if error is None else error for module, error in errors.items()}
    findings = [_import_failed(module, error) for module, error in failed.items() if error]
    if not errors:
        detail = f"the modules cannot be imported: {ending}"
        fix = "Run `python -m workers` to see the error, or wait until the machine is less busy."
        findings.append(Finding("tasks", ok=False, detail=detail, fix=fix))
    findings += [
        Finding("tasks", ok=False, detail=mistake, fix="Correct it, or begin its name with _.")
        for mistake in misplaced_functions()
    ]
    detail = f"all {len(modules)} modules can be imported"
    return findings or [Finding("tasks", ok=True, detail=detail)]


def _import_elsewhere(
    modules: list[str], files: list[Path], timeout_s: float
) -> tuple[dict[str, str | None], str]:
    """Import modules in a child process, because a module may print, hang or exit.

    Returns the errors by module, `""` for none and None for a module whose import did not end, and
    why the process ended early.
    """
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=_import_all, args=(modules, files, sender))
    process.start()
    sender.close()
    errors: dict[str, str | None] = {}
    deadline = time.monotonic() + timeout_s
    try:
        while receiver.poll(max(0.0, deadline - time.monotonic())):
            module, error = receiver.recv()
            errors[module] = error
        ending = f"not imported within {timeout_s:.1f} s"
    except EOFError:
        process.join()
        ending = f"the import ended the process (code {process.exitcode})"
    finally:
        # The whole group, with the processes that a module started.
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        receiver.close()
    return errors, ending


def _import_all(modules: list[str], files: list[Path], sender: Connection) -> None:
    """Import modules from the folders of `files`; send each name before and with its error after."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    folders = dict.fromkeys(str(path.parent) for path in files)
    importlib.import_module(PACKAGE).__path__[:] = list(folders)
    for module in modules:
        sender.send((module, None))
        sys.modules.pop(module, None)
        load_module(module)
        sender.send((module, str(load_problem(module) or "")))


def _import_failed(module: str, error: str) -> Finding:
    detail, fix = (
        f"{module} cannot be imported: {error[:300]}",
        "Correct the module: its jobs fail.",
    )
    return Finding("tasks", ok=False, detail=detail, fix=fix)
