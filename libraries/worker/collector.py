"""The collector: deletion of expired data, every ten seconds, in every worker."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from rq.utils import as_text

from libraries.broker import Redis, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import BROKER_ERRORS
from libraries.job_index.maintenance import Upkeep, mark_unreadable
from libraries.job_manager.job_files import delete_expired, delete_orphans
from libraries.job_manager.listing import index_entries
from libraries.job_manager.records import find_unreadable
from libraries.settings import Settings
from libraries.storage import StorageUnavailable, clean_stores, output_folder, prepare_stores

COUNT_S, MAX_COUNT_S = 300.0, 10.0
MAX_BATCH = 1000
Sweep = Callable[[Redis], object]
log = logging.getLogger(__name__)


class Collector:
    """Deletes expired data in a background thread with its own connection.

    Not a part of the reaper, which a slow or unreachable store must not delay.
    """

    ORPHANS_S = 600.0

    COLLECT_S = 10.0

    def __init__(self, settings: Settings, sweeps: Sequence[Sweep] = ()) -> None:
        self._sweeps = sweeps
        self._client: Redis = worker_client(settings)
        self._upkeep = Upkeep(self._client, index_entries)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._orphans_at = self._stores_at = 0.0

    def start(self) -> None:
        # In this thread: a fork while another thread imports modules would break the child.
        prepare_stores()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def collect_expired(self) -> None:
        """Delete expired files, records and temporary files, and call the `sweeps`."""
        try:
            self._remove_expired()
            for sweep in self._sweeps:
                sweep(self._client)
            if time.monotonic() > self._orphans_at:
                delete_orphans(self._client)
                self._orphans_at = time.monotonic() + self.ORPHANS_S
            self._upkeep.run()
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
            damaged, _ = find_unreadable(self._client, limit_s=MAX_COUNT_S)
            self._client.set(keys.UNREADABLE_KEY, len(damaged))
            mark_unreadable(self._client, damaged)

    def _remove_expired(self) -> None:
        for registry in (keys.ENDING_KEY, keys.FINISHED_KEY):
            while due := self._client.zrangebyscore(registry, "-inf", time.time(), 0, MAX_BATCH):
                for job_id in due:
                    delete_expired(self._client, as_text(job_id))  # type: ignore[arg-type]
                    self._client.zrem(registry, job_id)  # type: ignore[arg-type]

    def _run(self) -> None:
        while not self._stop.is_set():
            pause_s = self.COLLECT_S
            try:
                self.collect_expired()
                pause_s = self.COLLECT_S if self._upkeep.is_idle else 0.1
            except Exception:
                log.exception("Deleting expired data failed")
            self._stop.wait(pause_s)
