"""The dispatcher: threads of a worker that handle entries of the journal as they come, one for each subscriber.

A subscriber that is slow keeps no other one waiting. Subscribers that say `between_jobs` are left to the work-horses.
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

# An entry wakes one process. Should that die, the others look in any case after this many seconds.
LOOK_EVERY_S = 1
# Entries that come in quick succession are handled together.
BETWEEN_TWO_S = 0.02
BROKER_PAUSE_S = 0.2
log = logging.getLogger(__name__)


class Dispatcher:
    """Handles entries from `start` to `stop`; any number of them may run at once."""

    def __init__(self, settings: Settings) -> None:
        """Prepare to serve the subscribers that are known now."""
        self._client: Redis = worker_client(settings)
        self._stop = threading.Event()
        prompt = [one for one in subscriptions() if not one.between_jobs]
        self._news = {one.name: threading.Event() for one in prompt}
        self._threads = [
            threading.Thread(
                target=self._serve, args=(one,), name=f"journal-{one.name}", daemon=True
            )
            for one in prompt
        ]
        self._waiting = threading.Thread(target=self._wait, name="journal", daemon=True)

    def start(self) -> None:
        """Begin."""
        with suppress(*REFUSALS):
            for one in subscriptions():
                Reader(self._client, one).begin()
        for thread in (*self._threads, self._waiting):
            thread.start()

    def stop(self) -> None:
        """End, after another look at what has come."""
        self._stop.set()
        self._wake()
        for thread in self._threads:
            thread.join(timeout=2)

    def _wake(self) -> None:
        for event in self._news.values():
            event.set()

    def _wait(self) -> None:
        while not self._stop.is_set():
            woken = time.monotonic()
            try:
                self._client.blpop([keys.JOURNAL_WAKE_KEY], timeout=LOOK_EVERY_S)
            except REFUSALS:
                self._stop.wait(BROKER_PAUSE_S)
            self._wake()
            if time.monotonic() - woken < BETWEEN_TWO_S:
                self._stop.wait(BETWEEN_TWO_S)

    def _serve(self, subscription: Subscription) -> None:
        reader, news = Reader(self._client, subscription), self._news[subscription.name]
        stopping = False
        while not stopping:
            stopping = self._stop.is_set()
            if not stopping:
                news.wait()
                news.clear()
            try:
                while reader.step() is Step.HANDLED:
                    pass
            except REFUSALS:
                continue
            except Exception:
                log.exception("Journal: a round of %s failed", subscription.name)
