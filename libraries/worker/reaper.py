"""The reaper: recovery from dead processes, each second, in every worker.

Several reapers may run at once. RQ's own clean-up runs every ten minutes, under a lock that a
killed worker does not release.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from rq.registry import ReadyJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import as_text

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import BROKER_ERRORS
from libraries.job_manager import transitions
from libraries.job_manager.deletion import delete_expired, delete_orphans
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.records import count_unreadable
from libraries.settings import Settings
from libraries.storage import StorageUnavailable, clean_stores, output_folder, prepare_stores
from libraries.worker.damage import fail_if_damaged
from libraries.worker.horse import release_dependents

TICK_S = 1.0
MAX_PING_S = 1.0
COLLECT_S = 10.0
ORPHANS_S = 600.0
COUNT_S, MAX_COUNT_S = 300.0, 10.0
MAX_BATCH = 1000
UNSUCCESSFUL = (b"failed", b"stopped", b"canceled")
Sweep = Callable[[Redis], object]
log = logging.getLogger(__name__)


class Reaper:
    """Runs the reap script each second, in a background thread with its own connection.

    A second thread deletes expired data, so that a slow or unreachable store does not delay the
    reaping.
    """

    def __init__(self, settings: Settings, sweeps: Sequence[Sweep] = ()) -> None:
        self._settings = settings
        self._sweeps = sweeps
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="reaper", daemon=True),
            threading.Thread(target=self._run_collector, name="collector", daemon=True),
        ]
        self._quiet_until = 0.0
        self._orphans_at = self._stores_at = 0.0

    def start(self) -> None:
        # In this thread: a fork while another thread imports modules would break the child.
        prepare_stores()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=2)

    def tick(self) -> transitions.Reaped | None:
        """Reap once; None while the broker is unreachable and shortly afterwards."""
        try:
            if time.monotonic() < self._quiet_until:
                self._client.ping()
                return None
            started = time.monotonic()
            self._client.ping()
            if time.monotonic() - started > MAX_PING_S:
                raise exceptions.TimeoutError("slow reply to PING")
            reaped = transitions.reap(self._client, time.time(), self._settings.jobs.failure_ttl)
        except BROKER_ERRORS:
            # Workers could not send heartbeats either: give them time before they count as dead.
            self._quiet_until = time.monotonic() + transitions.LEASE_S
            return None
        for job_id in reaped.waited_for:
            release_dependents(self._client, job_id)
        if any(reaped[:4]):
            log.warning("Reaped: %d requeued, %d retried, %d lost, %d poison", *reaped[:4])
        return reaped

    def collect_expired(self) -> None:
        """Delete expired files, records and temporary files, and call the `sweeps`."""
        try:
            self._remove_expired()
            for sweep in self._sweeps:
                sweep(self._client)
            if time.monotonic() > self._orphans_at:
                delete_orphans(self._client)
                self._orphans_at = time.monotonic() + ORPHANS_S
            self._count_unreadable()
            if time.monotonic() > self._stores_at:
                clean_stores()
                self._stores_at = time.monotonic() + output_folder().cleanup_interval_s
        except BROKER_ERRORS:
            return
        except StorageUnavailable as error:
            # The next tick deletes the orphaned files.
            self._orphans_at = 0.0
            log.warning("Expired files not deleted: %s", error)

    def _count_unreadable(self) -> None:
        """Count the damaged records for the metrics, in one worker at a time."""
        lock = f"{keys.UNREADABLE_KEY}:lock"
        if self._client.set(lock, "1", nx=True, ex=int(COUNT_S)):
            number, _ = count_unreadable(self._client, limit_s=MAX_COUNT_S)
            self._client.set(keys.UNREADABLE_KEY, number)

    def _remove_expired(self) -> None:
        for registry in (keys.ENDING_KEY, keys.FINISHED_KEY):
            while due := self._client.zrangebyscore(registry, "-inf", time.time(), 0, MAX_BATCH):
                for job_id in due:
                    delete_expired(self._client, as_text(job_id))  # type: ignore[arg-type]
                    self._client.zrem(registry, job_id)  # type: ignore[arg-type]

    def release_waiting(self) -> None:
        """Release or abandon deferred jobs whose dependencies ended unnoticed."""
        try:
            waiting = cast("list[bytes]", self._client.zrange(keys.DEFERRED_KEY, 0, MAX_BATCH - 1))
            lifetime_s = self._settings.jobs.failure_ttl
            for job_id in map(as_text, waiting):
                if not fail_if_damaged(self._client, job_id, lifetime_s, keys.DEFERRED_KEY):
                    self.settle_waiting_job(job_id)
            self._queue_ready_jobs()
        except BROKER_ERRORS:
            return

    def _queue_ready_jobs(self) -> None:
        """Queue the jobs that an interrupted release left in RQ's registry."""
        registry = ReadyJobRegistry(
            keys.QUEUE, connection=self._client, serializer=JSONSerializer, job_class=VectorJob
        )
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
        """Release a deferred job if its dependencies have ended, abandon it if one failed."""
        needed = [as_text(name) for name in self._client.smembers(keys.dependencies_key(job_id))]
        states = {self._client.hget(keys.job_key(name), "status") for name in needed}
        allowed = self._client.hget(keys.job_key(job_id), "allow_dependency_failures") == b"1"
        if states.intersection(UNSUCCESSFUL) and not allowed:
            transitions.abandon(self._client, job_id, time.time(), self._settings.jobs.failure_ttl)
        elif states <= {b"finished", None, *UNSUCCESSFUL}:
            for name in needed:
                release_dependents(self._client, name)

    def _run(self) -> None:
        release_at = 0.0
        while not self._stop.is_set():
            try:
                self.tick()
                if time.monotonic() > release_at:
                    self.release_waiting()
                    release_at = time.monotonic() + COLLECT_S
            except Exception:
                # The thread must survive any error.
                log.exception("Reaping failed")
            self._stop.wait(TICK_S)

    def _run_collector(self) -> None:
        while not self._stop.is_set():
            try:
                self.collect_expired()
            except Exception:
                log.exception("Deleting expired data failed")
            self._stop.wait(COLLECT_S)
