"""What may keep the service from working, looked at from outside: settings, broker, workers, tasks, web, output folder."""

from __future__ import annotations

import http.client
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from components.http.pages import VERSION, base_address
from libraries.errors import VectorError
from libraries.imaging.controls import PictureParams
from libraries.job_manager.tasks import PACKAGE as TASKS
from libraries.loading import load_problems
from libraries.patterns import PATTERNS, Pattern, trial_drawing
from libraries.settings import Settings
from libraries.storage import check_storage, output_folder
from libraries.worker.doctor import Finding, examine_queue, examine_tasks

Check = Callable[[Settings], list[Finding]]
# Whatever hangs, the doctor has an answer after this many seconds.
PATIENCE = 3.2
MAX_ANSWER_BYTES = 4096
STORAGE_PATIENCE = 2.5
TRIAL_TIMEOUT_S = 0.5
STORAGE_FIXES = {
    "folder": "Set OUTPUT_DIR to a folder that this user may write to and that has room.",
    "": "Look at the log of the server that STORAGE_URL names.",
    "failing": "Look at the log of the server that STORAGE_URL names.",
    "bucket": "Make the bucket, or correct its name in STORAGE_URL.",
    "credentials": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "refused": "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or let them read, write, list and delete there.",
    "slow": "Start the server that STORAGE_URL names, or set STORAGE_TIMEOUT higher.",
    "unreachable": "Start the server that STORAGE_URL names, or correct its endpoint.",
}
OTHER_PROGRAM = "Stop that program, or set PORT to a free port."


def examine(
    settings: Settings, checks: Mapping[str, Check] | None = None, *, patience: float = PATIENCE
) -> list[Finding]:
    """Return what is found about every part, in a fixed order, after `patience` seconds at most."""
    checks = CHECKS if checks is None else checks
    found: dict[str, list[Finding]] = {}

    def look(name: str, check: Check) -> None:
        try:
            found[name] = check(settings)
        except Exception as error:
            found[name] = [
                Finding(
                    name,
                    well=False,
                    detail=f"could not be examined: {type(error).__name__}: {error}",
                )
            ]

    threads = [threading.Thread(target=look, args=item, daemon=True) for item in checks.items()]
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    silent = {
        name: [Finding(name, well=False, detail=f"no answer within {patience:.1f} s")]
        for name in checks
    }
    return [finding for findings in (silent | found).values() for finding in findings]


def examine_settings(settings: Settings) -> list[Finding]:
    """Say that the settings could be read, and which way jobs go."""
    mode = (
        "immediate mode: jobs run in the process that queues them"
        if settings.jobs.immediate
        else "workers run the jobs"
    )
    return [Finding("settings", well=True, detail=f"read; {mode}")]


def examine_web(settings: Settings) -> list[Finding]:
    """Return what is found at the address of the web process."""
    address = base_address()
    try:
        name, version = _who_answers(address)
    except ConnectionRefusedError:
        detail, fix = (
            f"nothing answers at {address}",
            "Start it with `make run`, or set PORT to where it listens.",
        )
    except TimeoutError:
        detail, fix = f"something listens at {address} but does not answer", OTHER_PROGRAM
    except OSError as error:
        detail, fix = (
            f"{address} cannot be reached: {error.strerror or type(error).__name__}",
            "Correct HOST and PORT.",
        )
    except (http.client.HTTPException, ValueError):
        detail, fix = f"something else answers at {address}", OTHER_PROGRAM
    else:
        if name != "Vector API":
            detail, fix = f"something else answers at {address}", OTHER_PROGRAM
        elif version != VERSION:
            detail, fix = (
                f"version {version} answers at {address}, and this is {VERSION}",
                "Restart the web process.",
            )
        else:
            return [Finding("web", well=True, detail=f"answers at {address}")]
    return [Finding("web", well=False, detail=detail, fix=fix)]


def _who_answers(address: str) -> tuple[object, object]:
    place = urlsplit(address)
    with closing(
        http.client.HTTPConnection(place.hostname or "", place.port, timeout=1.0)
    ) as connection:
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read(MAX_ANSWER_BYTES))
    return (answer.get("name"), answer.get("version")) if isinstance(answer, dict) else (None, None)


def examine_output(settings: Settings) -> list[Finding]:
    """Write a file to the store of results as a task does, and remove it."""
    where = settings.storage.storage_url or settings.storage.output_dir
    name, folder = f"doctor-{secrets.token_hex(8)}.txt", output_folder()
    try:
        # A server that is away is found out in a second; writing would try again and again.
        trouble = check_storage(STORAGE_PATIENCE)
        if trouble is not None:
            raise trouble
        folder.publish(name, "The doctor was here.\n")
        folder.remove(name)
    except (VectorError, OSError) as error:
        reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(
            error
        ).__name__
        fix = STORAGE_FIXES[
            getattr(error, "trouble", "") if settings.storage.storage_url else "folder"
        ]
        return [
            Finding("output", well=False, detail=f"{where} cannot be written to: {reason}", fix=fix)
        ]
    return [Finding("output", well=True, detail=f"{where} can be written to")]


def examine_modules(_: Settings) -> list[Finding]:
    """Return the modules that cannot be loaded, and the patterns that draw what they must not."""
    mistakes = [
        f"{problem.module} is left out: {problem}"
        for problem in load_problems()
        # Task modules are examined in a separate process, which also finds those that hang.
        if not problem.module.startswith(f"{TASKS}.")
    ]
    fix = "Correct the file, then restart web and workers."
    return [
        Finding("modules", well=False, detail=mistake, fix=fix)
        for mistake in [*mistakes, *_bad_drawings()]
    ] or [Finding("modules", well=True, detail="all patterns and components are loaded")]


def _bad_drawings() -> list[str]:
    """Return the mistakes of patterns; they are tried newest first, until the time is over."""
    # Pictures take seconds, also small ones; what they draw is checked when it is drawn.
    quick = [name for name, one in PATTERNS.items() if not issubclass(one.params, PictureParams)]
    newest_first = sorted(quick, key=lambda name: -_changed_at(PATTERNS[name]))
    deadline = time.monotonic() + TRIAL_TIMEOUT_S
    tried = takewhile(lambda _: time.monotonic() < deadline, newest_first)
    return [mistake for name in tried if (mistake := trial_drawing(name))]


def _changed_at(pattern: Pattern) -> float:
    file = getattr(sys.modules.get(pattern.params.__module__), "__file__", None)
    return Path(file).stat().st_mtime if file and Path(file).is_file() else 0.0


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "settings": examine_settings,
        "broker": examine_queue,
        "modules": examine_modules,
        "tasks": lambda _: examine_tasks(),
        "web": examine_web,
        "output": examine_output,
    }
)
