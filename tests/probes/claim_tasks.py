"""Tasks that claim steps."""

from __future__ import annotations

from typing import Any

from libraries.errors import Unavailable
from libraries.job_manager import claim


def claim_twice() -> dict[str, Any]:
    """StepLock a step, give it back, claim it again, do it, and claim it once more."""
    first = claim("step")
    first.release()
    released = claim("step")
    released.mark_done({"state": "sent"})
    return {
        "first": first.done,
        "released": released.done,
        "second": claim("step").done,
        "other": claim("other").done,
    }


def fail_with_a_claim() -> str:
    """Fail after a claim the first time, and claim the same the second time."""
    claim("step")
    first = claim("first attempt")
    if first.done is None:
        first.mark_done({})
        raise Unavailable("not now")
    return "claimed again"
