"""Checks of the doctor: settings, broker, workers, modules, tasks, web and output."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from components.http.pages import base_address
from components.system.address import recorded_address
from components.system.api_keys import examine_keys
from libraries import VERSION
from libraries.gallery.checks import index_problem
from libraries.gallery.installation import FILE_NAME
from libraries.imaging.controls import PictureParams
from libraries.job_manager.tasks import PACKAGE as TASKS
from libraries.loading import load_problems
from libraries.patterns import PATTERNS, Pattern, trial_drawing
from libraries.settings import Settings
from libraries.storage.checks import store_problem
from libraries.worker.doctor import Finding, examine_queue, examine_tasks

Check = Callable[[Settings], list[Finding]]
# Each check has a shorter limit, so this one ends checks that hang.
TIMEOUT_S = 35.0
# On a busy machine a reply takes seconds.
WEB_TIMEOUT_S = STORAGE_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 4096
TRIAL_TIMEOUT_S = 0.5


def examine(
    settings: Settings, checks: Mapping[str, Check] | None = None, *, timeout_s: float = TIMEOUT_S
) -> list[Finding]:
    """Run all checks in parallel and return their findings in order, after `timeout_s` at most."""
    checks = CHECKS if checks is None else checks
    found: dict[str, list[Finding]] = {}

    def run(name: str, check: Check) -> None:
        try:
            found[name] = check(settings)
        except Exception as error:
            detail = f"the check failed: {type(error).__name__}: {error}"
            fix = "Correct what the error names, and run the doctor again."
            found[name] = [Finding(name, ok=False, detail=detail, fix=fix)]

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in checks.items()]
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    timeout = f"no answer within {timeout_s:.1f} s"
    fix = "Run the doctor again when the machine is less busy."
    timeouts = {name: [Finding(name, ok=False, detail=timeout, fix=fix)] for name in checks}
    return [finding for findings in (timeouts | found).values() for finding in findings]


def examine_settings(settings: Settings) -> list[Finding]:
    """Report the settings and where jobs run."""
    immediate = "immediate mode: jobs run in the process that queues them"
    mode = immediate if settings.jobs.immediate else "workers run the jobs"
    return [Finding("settings", ok=True, detail=f"valid; {mode}")]


def examine_web(settings: Settings) -> list[Finding]:
    """Report which program answers at the address of the web process.

    That is the address in the settings, or the one that the web process recorded.
    """
    finding = _web_at(base_address())
    recorded = recorded_address(settings)
    if finding.ok or recorded in (None, base_address()):
        return [finding]
    other = _web_at(recorded)
    port = f"; the settings of this command say {base_address()}"
    return [other._replace(detail=other.detail + port) if other.ok else finding]


def _web_at(address: str) -> Finding:
    fix = "Stop that program, or set PORT to a free port."
    detail = f"another program answers at {address}"
    try:
        name, version = _name_and_version(address)
    except ConnectionRefusedError:
        detail = f"connection refused at {address}"
        fix = "Start it with `make run`, or set PORT to its port."
    except TimeoutError:
        detail = f"no response from the program at {address}"
    except OSError as error:
        detail = f"cannot connect to {address}: {error.strerror or type(error).__name__}"
        fix = "Correct HOST and PORT."
    except (http.client.HTTPException, ValueError):
        pass
    else:
        if (name, version) == ("Vector API", VERSION):
            return Finding("web", ok=True, detail=f"answers at {address}")
        if name == "Vector API":
            detail = f"version {version} answers at {address}; expected {VERSION}"
            fix = "Restart the web process."
    return Finding("web", ok=False, detail=detail, fix=fix)


def _name_and_version(address: str) -> tuple[object, object]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WEB_TIMEOUT_S)
    with closing(connection):
        connection.request("GET", "/version")
        answer = json.loads(connection.getresponse().read(MAX_ANSWER_BYTES))
    return (answer.get("name"), answer.get("version")) if isinstance(answer, dict) else (None, None)


def examine_output(settings: Settings) -> list[Finding]:
    """Write files to the storage, as tasks and uploads do, and delete them."""
    storage = settings.storage
    problem = store_problem(STORAGE_TIMEOUT_S)
    if problem is None:
        where = storage.storage_url or storage.output_dir
        photos = "; photos are in Cloudflare Images" if storage.cf_acct_id else ""
        return [Finding("output", ok=True, detail=f"{where} is writable{photos}")]
    shown = {
        "OUTPUT_DIR": storage.output_dir,
        "UPLOAD_DIR": storage.upload_dir,
        "STORAGE_URL": storage.storage_url,
        "CF_IMG_TOKEN": "the account of photos",
    }[problem.setting]
    detail = f"cannot write to {shown}: {problem.reason}"
    return [Finding("output", ok=False, detail=detail, fix=problem.fix)]


def examine_gallery(settings: Settings) -> list[Finding]:
    """Write to the index of the gallery, unless it does not exist yet."""
    where = settings.gallery.gallery_url or settings.broker.data_dir / FILE_NAME
    if isinstance(where, Path) and not where.exists():
        return [Finding("gallery", ok=True, detail="created with the first drawing")]
    problem = index_problem()
    if problem is None:
        return [Finding("gallery", ok=True, detail="the index is writable")]
    detail = f"the index cannot be written to: {problem.reason}"
    return [Finding("gallery", ok=False, detail=detail, fix=problem.fix)]


def examine_modules(_: Settings) -> list[Finding]:
    """Report modules that cannot be imported, and patterns with invalid drawings."""
    mistakes = [
        f"{problem.module} is skipped: {problem}"
        for problem in load_problems()
        # Task modules are checked in a separate process, which also detects those that hang.
        if not problem.module.startswith(f"{TASKS}.")
    ]
    fix = "Correct the file, then restart web and workers."
    found = [*mistakes, *_bad_drawings()]
    return [Finding("modules", ok=False, detail=mistake, fix=fix) for mistake in found] or [
        Finding("modules", ok=True, detail="all patterns and components are loaded")
    ]


def _bad_drawings() -> list[str]:
    """Return the mistakes of patterns; tries the newest first, within a time limit."""
    # Patterns that draw pictures take seconds; their drawings are checked when jobs draw them.
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
        "keys": examine_keys,
        "broker": examine_queue,
        "modules": examine_modules,
        "tasks": lambda _: examine_tasks(),
        "web": examine_web,
        "output": examine_output,
        "gallery": examine_gallery,
    }
)
