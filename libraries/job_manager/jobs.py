"""A job as our worker runs it: RQ's own, without the ways in which a record in the broker could make it call anything else."""

from __future__ import annotations

from typing import Any

from rq.job import Job


class VectorJob(Job):
    """Runs its task and none of RQ's callbacks."""

    def perform(self) -> Any:
        """Run the task and return its result."""
        # What an earlier attempt attached is not of this one.
        self.meta.pop("artifacts", None)
        return super().perform()

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
