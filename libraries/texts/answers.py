"""Answers of text jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True)
class Answer:
    """The answer of a text job: text, engine, and an optional time (ISO 8601, UTC)."""

    text: str
    engine: str = "built-in"
    timestamp: str = ""


def default(content: str) -> Answer:
    return Answer(f"✅ Processed: {content.upper()}")


def stamp(answer: Answer, moment: datetime) -> Answer:
    """Return `answer` with the UTC time of day before its text, and the complete time as `timestamp`."""
    utc = moment.astimezone(UTC)
    return replace(
        answer, text=f"[{utc:%H:%M:%S}] {answer.text}", timestamp=utc.isoformat(timespec="seconds")
    )


def excerpt(text: str, *, most_bytes: int) -> str | None:
    """Return the beginning of `text` with `…` if it takes more than `most_bytes` as JSON, else None."""
    return f"{text[:500]}…" if len(json.dumps(text)) > most_bytes else None
