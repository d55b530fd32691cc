"""Lists and numbers of jobs with 1, 10 and 100 times as many stored jobs: processor time of client and broker."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench.machinery import Bench, BenchError
from bench.report import Table
from libraries.broker.scripts import LIBRARIES
from libraries.job_manager import JobFilter, change_jobs, count_jobs, list_jobs, submit
from libraries.job_manager.submission import JobOptions

SIZES, QUICK_SIZES = (2000, 20_000, 200_000), (20, 200)
BLOCK_SIZE = 200
TASK = "workers.text_tasks.default_text"
# ARGV: 1 id of a job, then ids of copies and their entries. The parts are those of the product.
COPY = """
for n = 2, #ARGV, 2 do
  redis.call('COPY', 'rq:job:' .. ARGV[1], 'rq:job:' .. ARGV[n])
  enter_job('anonymous', ARGV[n], ARGV[n + 1])
  enter_state('anonymous', redis.call('HGET', 'rq:job:' .. ARGV[n], 'number'), 'f')
end
"""


def measure(bench: Bench) -> Table:
    """Measure the first page of several filters, the numbers by state, and deletion in bulk."""
    sizes = QUICK_SIZES if bench.scale.is_quick else SIZES
    results = [_measured(bench, jobs) for jobs in sizes]
    columns = ["ms of processor time", *(f"{jobs:,} jobs" for jobs in sizes)]
    rows = [[name, *(f"{result[name]:.2f}" for result in results)] for name in results[0]]
    notes = [
        "Medians of client and broker together, without HTTP. One job is not finished, the oldest.",
        "Half of the jobs have one tag, the others one of 10,000; each has five words.",
    ]
    return Table("Lists of jobs", columns, list(rows), notes)


def _measured(bench: Bench, jobs: int) -> dict[str, float]:
    bench.progress(f"lists: {jobs:,} stored jobs")
    bench.flush()
    _store(bench, jobs)
    filters = {
        "page of 50": JobFilter(),
        "state of one job": JobFilter(status="scheduled"),
        "state of no job": JobFilter(status="failed"),
        "tag of few jobs": JobFilter(tag="tag7"),
        "two words": JobFilter(text="word1 text"),
        "no such word": JobFilter(text="nothing"),
        "all conditions": JobFilter(status="finished", tag="even", task=TASK, text="word1"),
    }
    found: dict[str, float] = {}
    for name, one in filters.items():
        found[name] = _cost(bench, lambda one=one: list_jobs(one))  # type: ignore[misc]
    if len(list_jobs(filters["state of one job"]).items) != 1:
        raise BenchError("the list does not have the only scheduled job")
    found["numbers by state"] = _cost(bench, count_jobs)
    block = list_jobs(JobFilter(), limit=jobs // 10).items
    cost = _cost(bench, lambda: change_jobs("delete", block), times=1)
    found["deletion in bulk, per job"] = cost / len(block)
    return found


def _store(bench: Bench, jobs: int) -> None:
    """Store one scheduled job, and finished ones, which are copies."""
    original = submit(TASK, (), {"content": "word"}, JobOptions(run_at=4e9)).id
    bench.client.hset(f"rq:job:{original}", "status", "finished")
    parts = ("job_index/lua/parts/entries.lua", "job_manager/lua/parts/journal.lua")
    script = "".join((LIBRARIES / part).read_text() for part in parts) + COPY
    copy = bench.client.register_script(script)
    for start in range(0, jobs, BLOCK_SIZE):
        copies = [_entries(number) for number in range(start, min(start + BLOCK_SIZE, jobs))]
        copy(args=[original, *(part for one in copies for part in one)])
    bench.client.hset(f"rq:job:{original}", "status", "scheduled")


def _entries(number: int) -> tuple[str, str]:
    """Return the id and the entries of a copy."""
    tag = f"gtag{number % 10_000}" if number % 2 else "geven"
    words = (
        f"wword{number % 20}",
        f"wtext{number % 977}",
        "wcontent",
        f"wend{number % 7}",
        "wlast",
    )
    return f"n{number:031}", "\n".join((f"t{TASK}", tag, f"i{number // 1000:06}", *words))


def _cost(bench: Bench, call: Callable[[], Any], times: int = 9) -> float:
    """Return the median processor time of a call, in ms."""
    found = []
    for _ in range(times):
        before = _broker_ms(bench), time.process_time()
        call()
        found.append((time.process_time() - before[1]) * 1000 + _broker_ms(bench) - before[0])
    return median(found)


def _broker_ms(bench: Bench) -> float:
    used = bench.client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"]) * 1000
