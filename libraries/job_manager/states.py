"""Job states, and RQ's states that correspond to them."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    """State of a job."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELED = "canceled"
    DEFERRED = "deferred"
    SCHEDULED = "scheduled"


# Three more states are internal to RQ.
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
# A damaged record. It can be listed and deleted.
UNREADABLE = "unreadable"
PUBLIC_STATES = (*sorted({*STATES.values()}), UNREADABLE)
