"""A job as our worker runs it: RQ's own, without the ways in which a record in the broker could make it call anything else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text

from libraries.broker import Pipeline, Redis
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.tasks import known_tasks, named_arguments
from libraries.json_types import JsonObject

log = logging.getLogger(__name__)


class VectorJob(Job):
    """Runs its task and none of RQ's callbacks.

    Attributes:
        extra_fields: fields of its record that are ours, written whenever all of it is.
    """

    extra_fields: Mapping[str, str] = MappingProxyType({})

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> JsonObject:
        """Return the fields of the job's record."""
        return {
            **super().to_dict(include_meta=include_meta, include_result=include_result),
            **self.extra_fields,
        }

    def dependencies_are_met(
        self,
        parent_job: Job | None = None,
        pipeline: Pipeline | None = None,
        exclude_job_id: str | None = None,
        refresh_job_status: bool = True,
    ) -> bool:
        """Tell whether the job has nothing left to wait for.

        RQ lets a job that allows failures wait for ever for one that was stopped or canceled; here any end will do.
        """
        if not self.allow_dependency_failures:
            return super().dependencies_are_met(
                parent_job, pipeline, exclude_job_id, refresh_job_status
            )
        if pipeline is not None:
            pipeline.watch(*[self.key_for(name) for name in self._dependency_ids])  # type: ignore[no-untyped-call]
        states = [
            self.connection.hget(self.key_for(name), "status") for name in self._dependency_ids
        ]
        return all(state is None or as_text(state) in FINAL_STATES for state in states)

    def perform(self) -> Any:
        """Run the task and return its result."""
        # What an earlier attempt attached is not of this one.
        self.meta.pop("artifacts", None)
        self.meta.pop("drawn", None)
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


def read_call(client: Redis, job_id: str, record: dict[bytes, bytes]) -> tuple[str, JsonObject]:
    """Return the task of a job and its arguments by name, as far as the record can be read."""
    job = VectorJob(job_id, connection=client, serializer=JSONSerializer)
    task = record.get(b"description", b"").decode(errors="replace")
    try:
        job.restore(record)
        return task, named_arguments(task, job.args, job.kwargs) if task in known_tasks() else dict(
            job.kwargs
        )
    except Exception:
        log.warning("The arguments of job %s cannot be read", job_id)
        return task, {}
