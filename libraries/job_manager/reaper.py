"""The reaper: beside every worker, each second, it puts right what died.

Any number of reapers may run at once. RQ's own clean-up runs every ten minutes under a lock that a killed worker leaves behind.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import cast

from redis import Redis
from rq.registry import ReadyJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import as_text

from libraries.job_manager import keys, transitions
from libraries.job_manager.connections import BROKER_AWAY, worker_client
from libraries.job_manager.disposal import dispose, dispose_leftovers
from libraries.job_manager.horse import deliver_due, release_dependents
from libraries.job_manager.jobs import VectorJob
from libraries.settings import Settings
from libraries.storage import output_folder

EVERY = 1.0
SLOW_ANSWER = 1.0
SWEEP_EVERY = 10.0
OLDEST_TEMPORARY = 60.0
MOST_AT_ONCE = 1000
LOST_CAUSES = (b"failed", b"stopped", b"canceled")
log = logging.getLogger(__name__)


class Reaper:
    """Runs the reaping script again and again, in a thread of its own and on a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._quiet_until = 0.0

    def start(self) -> None:
        """Begin reaping."""
        self._thread.start()

    def stop(self) -> None:
        """End reaping after the round that is under way."""
        self._stop.set()
        self._thread.join(timeout=2)

    def turn(self) -> transitions.Reaped | None:
        """Do one round; None when the broker is away, or was until just now."""
        try:
            if time.monotonic() < self._quiet_until:
                self._client.ping()
                return None
            asked = time.monotonic()
            self._client.ping()
            if time.monotonic() - asked > SLOW_ANSWER:
                # It hung, and the workers with it: the same holds as after it was away.
                self._quiet_until = time.monotonic() + transitions.LEASE
                return None
            reaped = transitions.reap(self._client, time.time(), self._settings.failure_ttl)
        except BROKER_AWAY:
            # While the broker is away no worker can say that it lives. Let them speak before anyone is called dead.
            self._quiet_until = time.monotonic() + transitions.LEASE
            return None
        for job_id in reaped.waited_for:
            release_dependents(self._client, job_id)
        deliver_due(self._client)
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
        """Remove what has outlived its job: files, memories of jobs, temporary files of writers that died."""
        try:
            for registry in (keys.ENDING_KEY, keys.FINISHED_KEY):
                while due := self._client.zrangebyscore(registry, "-inf", time.time(), 0, MOST_AT_ONCE):
                    for job_id in due:
                        dispose(self._client, as_text(job_id))  # type: ignore[arg-type]
                        self._client.zrem(registry, job_id)  # type: ignore[arg-type]
        except BROKER_AWAY:
            return
        output_folder().sweep(time.time() - OLDEST_TEMPORARY)

    def release_waiting(self) -> None:
        """See to jobs that wait for others: one of those may have ended while nobody was there to say so."""
        try:
            ReadyJobRegistry(keys.QUEUE, connection=self._client, serializer=JSONSerializer, job_class=VectorJob).cleanup()
            waiting = cast("list[bytes]", self._client.zrange(keys.DEFERRED_KEY, 0, MOST_AT_ONCE - 1))
            for job_id in map(bytes.decode, waiting):
                self.see_to(job_id)
        except BROKER_AWAY:
            return

    def see_to(self, job_id: str) -> None:
        """Release a job that waits for others if all those have finished, and give it up if one never will."""
        needed = [as_text(name) for name in self._client.smembers(keys.dependencies_key(job_id))]
        states = {name: self._client.hget(keys.job_key(name), "status") for name in needed}
        if any(state in LOST_CAUSES for state in states.values()):
            transitions.abandon(self._client, job_id, time.time(), self._settings.failure_ttl)
        elif all(state in (b"finished", None) for state in states.values()):
            for name in needed:
                release_dependents(self._client, name)

    def _run(self) -> None:
        sweep_at = 0.0
        with suppress(*BROKER_AWAY):
            dispose_leftovers(self._client)
        while not self._stop.is_set():
            try:
                self.turn()
                if time.monotonic() > sweep_at:
                    self.sweep()
                    self.release_waiting()
                    sweep_at = time.monotonic() + SWEEP_EVERY
            except Exception:
                # Whatever it is, the next round must come: nobody else does this work.
                log.exception("A round of reaping failed")
            self._stop.wait(EVERY)
