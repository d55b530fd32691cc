"""RQ's words for the state of a job, and ours.

Clients see RQ's own names except for three that only tell how RQ works inside.
"""

from __future__ import annotations

from types import MappingProxyType

STATES = MappingProxyType(
    {
        "created": "queued",
        "queued": "queued",
        "started": "started",
        "finished": "finished",
        "failed": "failed",
        "stopped": "stopped",
        "canceled": "canceled",
        "deferred": "deferred",
        "scheduled": "scheduled",
        "rate_limited": "queued",
        "ready_to_enqueue": "deferred",
    }
)
FINAL_STATES = frozenset({"finished", "failed", "stopped", "canceled"})
NOT_FOUND = "not_found"
