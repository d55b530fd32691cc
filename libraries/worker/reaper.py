"""The reaper: recovery from dead processes, each second in every worker, slower in the web process.

Several reapers may run at once. RQ's own clean-up runs every ten minutes, under a lock that a
killed worker does not release.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import cast

from rq.registry import ReadyJobRegistry
from rq.utils import as_text

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import BROKER_ERRORS
from libraries.fair_queue import maintain
from libraries.job_manager import transitions
from libraries.job_manager.jobs import VectorJob
from libraries.settings import LimitSettings, Settings
from libraries.worker.damage import fail_if_damaged

TICK_S = 1.0
# Outside of a worker: the workers normally come first.
WEB_PACE_S = 5.0
MAX_BATCH = 1000
log = logging.getLogger(__name__)


class Reaper:
    """Runs the reap script every `pace_s` seconds, in a background thread with its own connection."""

    RELEASE_S = 10.0

    MAX_PING_S = 1.0

    def __init__(self, settings: Settings, *, pace_s: float = TICK_S) -> None:
        self._settings = settings
        self._pace_s = pace_s
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._quiet_until = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def tick(self) -> transitions.Reaped | None:
        """Reap once; None while the broker is unreachable and shortly afterwards."""
        try:
            if time.monotonic() < self._quiet_until:
                self._client.ping()
                return None
            started = time.monotonic()
            self._client.ping()
            if time.monotonic() - started > self.MAX_PING_S:
                raise exceptions.TimeoutError("slow reply to PING")
            reaped = transitions.reap(self._client, time.time(), self._settings.jobs.failure_ttl)
        except BROKER_ERRORS:
            # Workers could not send heartbeats either: give them time before they count as dead.
            self._quiet_until = time.monotonic() + transitions.LEASE_S
            return None
        for job_id in reaped.waited_for:
            transitions.release_dependents(self._client, job_id, self._settings.jobs.failure_ttl)
        if any(reaped[:4]):
            log.warning("Reaped: %d requeued, %d retried, %d lost, %d poison", *reaped[:4])
        return reaped

    def release_waiting(self) -> None:
        """Release or abandon deferred jobs whose dependencies ended unnoticed."""
        try:
            waiting = cast("list[bytes]", self._client.zrange(keys.DEFERRED_KEY, 0, MAX_BATCH - 1))
            lifetime_s = self._settings.jobs.failure_ttl
            for job_id in map(as_text, waiting):
                if not fail_if_damaged(self._client, job_id, lifetime_s, keys.DEFERRED_KEY):
                    self.settle_waiting_job(job_id)
            self._queue_ready_jobs()
            maintain(self._client, owner_running=LimitSettings.current().limit("owner_running"))
        except BROKER_ERRORS:
            return

    def _queue_ready_jobs(self) -> None:
        """Queue the jobs that an interrupted release left in RQ's registry."""
        registry = ReadyJobRegistry(keys.QUEUE, connection=self._client, job_class=VectorJob)
        lifetime_s = self._settings.jobs.failure_ttl
        for job_id in cast("list[bytes]", self._client.zrange(registry.key, 0, MAX_BATCH - 1)):
            fail_if_damaged(self._client, as_text(job_id), lifetime_s, registry.key)
        try:
            registry.cleanup()
        except exceptions.RedisError:
            raise
        except Exception:  # RQ raises several types for a damaged record
            log.warning("A job that is ready to be queued has a damaged record")

    def settle_waiting_job(self, job_id: str) -> None:
        """Queue a deferred job if its dependencies have ended, abandon it if one failed."""
        now, lifetime_s = time.time(), self._settings.jobs.failure_ttl
        if transitions.settle(self._client, job_id, now):
            transitions.abandon(self._client, job_id, now, lifetime_s)
            transitions.release_dependents(self._client, job_id, lifetime_s)

    def _run(self) -> None:
        release_at, ticked_at = 0.0, time.time()
        while not self._stop.is_set():
            try:
                if time.time() - ticked_at > self._pace_s + transitions.LEASE_S:
                    # The machine slept, or this process did: the same may hold for the workers.
                    self._quiet_until = time.monotonic() + 2 * transitions.HEARTBEAT_S
                self.tick()
                if time.monotonic() > release_at:
                    self.release_waiting()
                    release_at = time.monotonic() + self.RELEASE_S
            except Exception:
                # The thread must survive any error.
                log.exception("Reaping failed")
            ticked_at = time.time()
            self._stop.wait(self._pace_s)
