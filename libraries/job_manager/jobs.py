"""RQ's job class, restricted to running its task."""

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
    """Runs its task and none of RQ's callbacks; `extra_fields` are stored with the record."""

    extra_fields: Mapping[str, str] = MappingProxyType({})

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> JsonObject:
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
        """Return whether all dependencies have ended as required.

        RQ never releases a job that allows failures if a dependency was stopped or canceled.
        """
        if not self.allow_dependency_failures:
            return super().dependencies_are_met(
                parent_job, pipeline, exclude_job_id, refresh_job_status
            )
        if pipeline is not None:
            pipeline.watch(*[self.key_for(name) for name in self._dependency_ids])  # type: ignore[no-untyped-call]
        states = (
            self.connection.hget(self.key_for(name), "status") for name in self._dependency_ids
        )
        return all(state is None or as_text(state) in FINAL_STATES for state in states)

    def perform(self) -> Any:
        # Remove what an earlier attempt attached.
        self.meta.pop("artifacts", None)
        self.meta.pop("drawn", None)
        return super().perform()

    # RQ would import and call the functions that these fields of the record name.
    @property
    def success_callback(self) -> None:
        """None: callbacks are not supported."""

    @property
    def failure_callback(self) -> None:
        """None: callbacks are not supported."""

    @property
    def stopped_callback(self) -> None:
        """None: callbacks are not supported."""


def read_call(client: Redis, job_id: str, record: dict[bytes, bytes]) -> tuple[str, JsonObject]:
    """Return the task of a job and its arguments by name; {} if the record cannot be read."""
    job = VectorJob(job_id, connection=client, serializer=JSONSerializer)
    task = record.get(b"description", b"").decode(errors="replace")
    try:
        job.restore(record)
        if task in known_tasks():
            return task, named_arguments(task, job.args, job.kwargs)
        return task, dict(job.kwargs)
    except Exception:
        log.warning("The arguments of job %s cannot be read", job_id)
        return task, {}
