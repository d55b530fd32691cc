"""The reaper: beside every worker, each second, it puts right what died.

Any number of reapers may run at once. RQ's own clean-up runs every ten minutes under a lock that a killed worker leaves behind.
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

from libraries.broker import Redis, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import BROKER_ERRORS
from libraries.job_manager import transitions
from libraries.job_manager.deletion import delete_expired, delete_orphans
from libraries.job_manager.jobs import VectorJob
from libraries.settings import Settings
from libraries.storage import StorageUnavailable, clean_stores, output_folder, prepare_stores
from libraries.worker.horse import release_dependents

TICK_S = 1.0
MAX_PING_S = 1.0
COLLECT_S = 10.0
ORPHANS_S = 600.0
MAX_AT_ONCE = 1000
LOST_CAUSES = (b"failed", b"stopped", b"canceled")
Sweep = Callable[[Redis], object]
log = logging.getLogger(__name__)


class Reaper:
    """Runs the reaping script again and again, in a thread of its own and on a connection of its own.

    A second thread sweeps: a store of files that is slow or away must not keep anyone from seeing that a worker died.
    """

    def __init__(self, settings: Settings, sweeps: Sequence[Sweep] = ()) -> None:
        """Prepare to reap; `sweeps` are called every ten seconds."""
        self._settings = settings
        self._sweeps = sweeps
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="reaper", daemon=True),
            threading.Thread(target=self._keep_sweeping, name="sweeper", daemon=True),
        ]
        self._quiet_until = 0.0
        self._leftovers_at = self._stores_at = 0.0

    def start(self) -> None:
        """Begin reaping and sweeping."""
        # Here and now: a thread that loads modules while another one forks leaves the child half of them.
        prepare_stores()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End reaping after the round that is under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=2)

    def tick(self) -> transitions.Reaped | None:
        """Do one round; None when the broker is away, or was until just now."""
        try:
            if time.monotonic() < self._quiet_until:
                self._client.ping()
                return None
            asked = time.monotonic()
            self._client.ping()
            if time.monotonic() - asked > MAX_PING_S:
                # It hung, and the workers with it: the same holds as after it was away.
                self._quiet_until = time.monotonic() + transitions.LEASE_S
                return None
            reaped = transitions.reap(self._client, time.time(), self._settings.jobs.failure_ttl)
        except BROKER_ERRORS:
            # While the broker is away no worker can say that it lives. Let them speak before anyone is called dead.
            self._quiet_until = time.monotonic() + transitions.LEASE_S
            return None
        for job_id in reaped.waited_for:
            release_dependents(self._client, job_id)
        if any(reaped[:4]):
            log.warning(
                "Reaped: %d put back, %d tried again, %d lost, %d poison",
                reaped.put_back,
                reaped.again,
                reaped.lost,
                reaped.poison,
            )
        return reaped

    def sweep(self) -> None:
        """Remove what has outlived its job or its time: files, memories of jobs, sent files, what writers left half written."""
        try:
            self._remove_expired()
            for sweep in self._sweeps:
                sweep(self._client)
            if time.monotonic() > self._leftovers_at:
                delete_orphans(self._client)
                self._leftovers_at = time.monotonic() + ORPHANS_S
            if time.monotonic() > self._stores_at:
                clean_stores()
                self._stores_at = time.monotonic() + output_folder().cleanup_interval_s
        except BROKER_ERRORS:
            return
        except StorageUnavailable as error:
            # What stays is noted; the next look for leftovers finds it.
            self._leftovers_at = 0.0
            log.warning("Not swept: %s", error)

    def _remove_expired(self) -> None:
        for registry in (keys.ENDING_KEY, keys.FINISHED_KEY):
            while due := self._client.zrangebyscore(registry, "-inf", time.time(), 0, MAX_AT_ONCE):
                for job_id in due:
                    delete_expired(self._client, as_text(job_id))  # type: ignore[arg-type]
                    self._client.zrem(registry, job_id)  # type: ignore[arg-type]

    def release_waiting(self) -> None:
        """See to jobs that wait for others: one of those may have ended while nobody was there to say so."""
        try:
            ReadyJobRegistry(
                keys.QUEUE, connection=self._client, serializer=JSONSerializer, job_class=VectorJob
            ).cleanup()
            waiting = cast(
                "list[bytes]", self._client.zrange(keys.DEFERRED_KEY, 0, MAX_AT_ONCE - 1)
            )
            for job_id in map(bytes.decode, waiting):
                self.settle_waiting_job(job_id)
        except BROKER_ERRORS:
            return

    def settle_waiting_job(self, job_id: str) -> None:
        """Release a job that waits for others if all those have ended as it needs them to, and give it up if one never will."""
        needed = [as_text(name) for name in self._client.smembers(keys.dependencies_key(job_id))]
        states = {self._client.hget(keys.job_key(name), "status") for name in needed}
        any_end_will_do = (
            self._client.hget(keys.job_key(job_id), "allow_dependency_failures") == b"1"
        )
        if states.intersection(LOST_CAUSES) and not any_end_will_do:
            transitions.abandon(self._client, job_id, time.time(), self._settings.jobs.failure_ttl)
        elif states <= {b"finished", None, *LOST_CAUSES}:
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
                # Whatever it is, the next round must come: nobody else does this work.
                log.exception("A round of reaping failed")
            self._stop.wait(TICK_S)

    def _keep_sweeping(self) -> None:
        while not self._stop.is_set():
            try:
                self.sweep()
            except Exception:
                log.exception("A round of sweeping failed")
            self._stop.wait(COLLECT_S)
