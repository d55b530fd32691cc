"""Results of the jobs of a fault test: their runs, their states and their files."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from libraries.broker.keys import INTERMEDIATE_KEY, QUEUE_KEY, STARTED_KEY, job_key
from libraries.job_manager import submit
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.submission import JobOptions


def report(text: object) -> None:
    """Print a measurement, which pytest shows for failed tests."""
    sys.stdout.write(f"{text}\n")


class Run(NamedTuple):
    """A run of a job, in monotonic seconds; `ended` is infinite if it was interrupted."""

    pid: int
    started_at: float
    ended: float


def runs(ledger: Path) -> dict[str, list[Run]]:
    """Return the runs of each job in order of their start."""
    found: dict[str, dict[int, Run]] = defaultdict(dict)
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    order: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        what, key, pid, at = line.split()
        if what == "begin":
            found[key][number] = Run(int(pid), float(at), float("inf"))
            order[key].append(number)
        else:
            latest = next(n for n in reversed(order[key]) if found[key][n].pid == int(pid))
            found[key][latest] = found[key][latest]._replace(ended=float(at))
    return {key: [rows[number] for number in order[key]] for key, rows in found.items()}


def started_runs(ledger: Path, key: str = "") -> int:
    """Return the number of started runs, of one job or of all."""
    return sum(len(rows) for name, rows in runs(ledger).items() if not key or name == key)


def queue(
    client: Redis,
    task: str,
    *args: Any,
    retries: int = 0,
    intervals: Iterable[float] = (),
    **options: Any,
) -> str:
    """Queue a task of the probes with retries after the delays in seconds; return the job id."""
    job = submit(f"workers.{task}", args, {}, JobOptions(retries=retries, **options))
    client.hset(job_key(job.id), "retry_intervals", json.dumps(list(intervals) or [0]))
    return str(job.id)


def states(client: Redis, ids: Iterable[str]) -> Counter[str]:
    """Return the number of jobs by RQ state."""
    with client.pipeline(transaction=False) as pipeline:
        for job_id in ids:
            pipeline.hget(job_key(job_id), "status")
        return Counter((status or b"lost").decode() for status in pipeline.execute())


def all_done(client: Redis, ids: Iterable[str]) -> bool:
    """Return whether all jobs have ended."""
    return set(states(client, ids)) <= FINAL_STATES


def leftovers(client: Redis) -> tuple[int, int, int]:
    """Return the numbers of entries in the queue, the intermediate list and the started jobs."""
    return client.llen(QUEUE_KEY), client.llen(INTERMEDIATE_KEY), client.zcard(STARTED_KEY)


def torn(folder: Path, texts: dict[str, str]) -> list[str]:
    """Return the keys whose file is missing or has the wrong text."""
    wrong = []
    for key, text in texts.items():
        path = folder / "trail" / f"{key}.txt"
        if not path.is_file() or path.read_text() != text:
            wrong.append(key)
    return wrong
