"""A job as our worker runs it: RQ's own, with a guard before the task and one behind it."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from rq.job import Job

from libraries.errors import VectorError
from libraries.job_manager.catalogue import check_task
from libraries.job_manager.errors import BadResult
from libraries.settings import get_settings

LONGEST_ERROR = 4096
log = logging.getLogger(__name__)


class VectorJob(Job):
    """Runs only known tasks, none of RQ's callbacks, and only keeps results that are JSON of a bounded size."""

    def perform(self) -> Any:
        """Run the task and return its result.

        Raises:
            UnknownTask: the job names a function that is no task; it is not imported.
            BadResult: the result is not JSON, or too large.
            Exception: whatever the task raised.
        """
        name, started = str(self.func_name), time.perf_counter()
        log.info("Executing %s: %s", _printable(name), self.id)
        try:
            check_task(name)
            self.meta.pop("artifacts", None)
            result = super().perform()
            self._check_result(result)
        except Exception as error:
            self._remember(error)
            seconds = time.perf_counter() - started
            log.warning("%s: %s failed after %.3fs: %s", _printable(name), self.id, seconds, type(error).__name__)
            raise
        log.info("%s: %s executed in %.3fs", name, self.id, time.perf_counter() - started)
        return result

    # RQ would import and call whatever these fields of the job's record name. Ours are never set, so a value there is not ours.
    @property
    def success_callback(self) -> None:
        """Never call back."""

    @property
    def failure_callback(self) -> None:
        """Never call back."""

    @property
    def stopped_callback(self) -> None:
        """Never call back."""

    def _check_result(self, result: object) -> None:
        # RQ would store the text "Unserializable return value" and call the job finished.
        try:
            size = len(json.dumps(result, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise BadResult(f"the task returned a {type(result).__name__} that cannot be written as JSON") from None
        largest = get_settings().max_result
        if size > largest:
            raise BadResult(f"the task returned {size} bytes of JSON, over the limit of {largest}; write a file instead")

    def _remember(self, error: Exception) -> None:
        """Keep what may be shown of an error whose text is meant for users; of any other, nothing but its trace is kept."""
        if not isinstance(error, VectorError):
            return
        detail = str(error)[:LONGEST_ERROR]
        self.meta["error"] = {"code": error.code, "detail": detail, "text": f"{type(error).__name__}: {detail}"}
        self.save_meta()  # type: ignore[no-untyped-call]


def _printable(name: str) -> str:
    return name[:128].encode("unicode_escape").decode()
