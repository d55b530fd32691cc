"""Threads of a worker that deliver journal entries, one for each subscriber.

A slow subscriber does not delay the others. Subscribers with `between_jobs` are left to the
work-horses.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

from libraries.broker import Redis, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import REFUSALS
from libraries.job_manager.journal import Reader, Step, Subscription, subscriptions
from libraries.settings import Settings

# An entry wakes one process. The others poll, in case that one dies.
POLL_S = 1
BROKER_RETRY_S = 0.2
log = logging.getLogger(__name__)


class Dispatcher:
    """Delivers entries from `start` to `stop`. Several dispatchers may run at once."""

    # Entries within this time are handled together.
    DEBOUNCE_S = 0.02

    def __init__(self, settings: Settings) -> None:
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        served = [one for one in subscriptions() if not one.between_jobs]
        self._wake_events = {one.name: threading.Event() for one in served}
        self._threads = [
            threading.Thread(
                target=self._serve, args=(one,), name=f"journal-{one.name}", daemon=True
            )
            for one in served
        ]
        self._listener = threading.Thread(target=self._listen, name="journal", daemon=True)

    def start(self) -> None:
        with suppress(*REFUSALS):
            for one in subscriptions():
                Reader(self._client, one).begin()
        for thread in (*self._threads, self._listener):
            thread.start()

    def stop(self) -> None:
        """Handle the entries that have arrived, and stop the threads."""
        self._stop.set()
        self._wake()
        for thread in self._threads:
            thread.join(timeout=2)

    def _wake(self) -> None:
        for event in self._wake_events.values():
            event.set()

    def _listen(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self._client.blpop([keys.JOURNAL_WAKE_KEY], timeout=POLL_S)
            except REFUSALS:
                self._stop.wait(BROKER_RETRY_S)
            self._wake()
            if time.monotonic() - started < self.DEBOUNCE_S:
                self._stop.wait(self.DEBOUNCE_S)

    def _serve(self, subscription: Subscription) -> None:
        reader, wake = Reader(self._client, subscription), self._wake_events[subscription.name]
        stopping = False
        while not stopping:
            stopping = self._stop.is_set()
            if not stopping:
                wake.wait()
                wake.clear()
            try:
                while reader.step() is Step.HANDLED:
                    pass
            except REFUSALS:
                continue
            except Exception:
                log.exception("Journal: subscriber %s failed", subscription.name)
