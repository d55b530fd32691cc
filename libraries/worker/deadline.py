"""The time limit of a job."""

from __future__ import annotations

import signal
import time
from contextlib import AbstractContextManager
from types import FrameType
from typing import NoReturn

from libraries.job_manager.errors import JobTimeout


class Deadline(AbstractContextManager[None]):
    """Raises JobTimeout in the main thread after `seconds`; restores an earlier alarm on exit."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._has_expired = False

    def __enter__(self) -> None:
        self._started = time.monotonic()
        self._handler_before = signal.signal(signal.SIGALRM, self._on_alarm)
        self._left_before, _ = signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler_before or signal.SIG_DFL)
        if self._left_before:
            left = self._left_before - (time.monotonic() - self._started)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))
        if self._has_expired and not (kind and issubclass(kind, JobTimeout)):
            raise self._error() from None  # the task caught the first one

    def _on_alarm(self, number: int, frame: FrameType | None) -> NoReturn:
        self._has_expired = True
        raise self._error()

    def _error(self) -> JobTimeout:
        return JobTimeout(f"the job ran longer than its timeout of {self._seconds} s")
