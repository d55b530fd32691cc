"""The states of a job, and the states of RQ that they stand for."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    """A state of a job, as clients see it."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELED = "canceled"
    DEFERRED = "deferred"
    SCHEDULED = "scheduled"


# RQ has three more, which only say how it works inside.
STATES = MappingProxyType(
    {
        **{state.value: state.value for state in JobState},
        "created": JobState.QUEUED.value,
        "rate_limited": JobState.QUEUED.value,
        "ready_to_enqueue": JobState.DEFERRED.value,
    }
)
FINAL_STATES = frozenset({JobState.FINISHED, JobState.FAILED, JobState.STOPPED, JobState.CANCELED})
NOT_FOUND = "not_found"
