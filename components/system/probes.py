"""Checks that write, for readiness: cached for a few seconds, and never run twice at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from libraries.broker.checks import write_problem
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import retry
from libraries.gallery.checks import index_problem
from libraries.settings import StorageSettings
from libraries.storage.checks import store_problem

VALID_S = 2.0
# Each request to a bucket may cost money; `check_storage` notices an unreachable one at once.
BUCKET_VALID_S = 30.0
# A check that takes longer counts as failed; until then its last result is valid.
MAX_CHECK_S = 10.0


class Problem(NamedTuple):
    """Reason for which a part cannot be used, and the remedy."""

    reason: str
    fix: str


class Probe:
    """A check in a separate thread, which may hang."""

    PATIENCE_S = 1.0

    def __init__(
        self, check: Callable[[], Problem | None], fix: str, *, valid_s: float | None = None
    ) -> None:
        self._check = check
        self._valid_s = VALID_S if valid_s is None else valid_s
        self._fix = fix
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._problem: Problem | None = None
        self._is_running = self._is_known = False
        self._started_at = self._ended_at = float("-inf")

    def start(self) -> None:
        """Start the check, unless it is running or its result is still valid."""
        with self._lock:
            if self._is_running or time.monotonic() - self._ended_at < self._valid_s:
                return
            self._is_running, self._started_at = True, time.monotonic()
            self._done.clear()
        threading.Thread(target=self._run, name="readiness", daemon=True).start()

    def result(self, patience_s: float = PATIENCE_S) -> Problem | None:
        """Return the problem that the last check found, None without one."""
        if self._done.wait(patience_s):
            return self._problem
        running_s = time.monotonic() - self._started_at
        if self._is_known and running_s < MAX_CHECK_S:
            return self._problem
        return Problem(f"no answer within {running_s:.0f} s", self._fix)

    def _run(self) -> None:
        try:
            self._problem = self._check()
        except Exception as error:
            self._problem = Problem(f"the check failed: {type(error).__name__}", self._fix)
        with self._lock:
            self._is_running, self._is_known = False, True
            self._ended_at = time.monotonic()
            self._done.set()


def new_probes() -> dict[str, Probe]:
    """Return the checks of a web process by the name of their part."""
    storage = StorageSettings.current()
    is_bucket = storage.storage_url is not None or bool(storage.cf_acct_id)
    doctor = "Run `flask --app app doctor`."
    return {
        "broker": Probe(_broker, doctor),
        "storage": Probe(_storage, doctor, valid_s=BUCKET_VALID_S if is_bucket else None),
        "gallery": Probe(_gallery, doctor),
    }


def _broker() -> Problem | None:
    try:
        found = retry(partial(write_problem, web_client()))
    except QueueUnavailable as error:
        return Problem(
            str(error), "Start it with `make run`, or set REDIS_URL to a running server."
        )
    return Problem(*found) if found else None


def _storage() -> Problem | None:
    found = store_problem()
    return Problem(f"{found.setting}: {found.reason}", found.fix) if found else None


def _gallery() -> Problem | None:
    found = index_problem()
    return Problem(*found) if found else None
