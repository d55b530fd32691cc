"""The answer of a text job, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True)
class Answer:
    """What a text job says, which engine said it, and when (ISO 8601, UTC; empty if answers are not stamped)."""

    text: str
    # Said of an answer that needed no engine beside the product.
    engine: str = "built-in"
    timestamp: str = ""


def default(content: str) -> Answer:
    """Return `content` in upper case."""
    return Answer(f"✅ Processed: {content.upper()}")


def stamp(answer: Answer, moment: datetime) -> Answer:
    """Return `answer` with the time of day in front of its text, in UTC, and the whole time as its `timestamp`."""
    utc = moment.astimezone(UTC)
    return replace(
        answer, text=f"[{utc:%H:%M:%S}] {answer.text}", timestamp=utc.isoformat(timespec="seconds")
    )


def excerpt(text: str, *, most_bytes: int) -> str | None:
    """Return the beginning of `text`, with `…` at its end, if the text takes more than `most_bytes` as JSON; None if it fits."""
    return f"{text[:500]}…" if len(json.dumps(text)) > most_bytes else None
