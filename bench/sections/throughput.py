"""Overhead of the queue: no-op jobs per second, CPU time, round trips and memory per job, and idle latency."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import NamedTuple

from bench.machinery import Bench, BenchError, ProcessGroup
from bench.peers import PEERS
from bench.peers.peer import Peer
from bench.report import NOT_APPLICABLE, Table, percentile, ratios, skip_on_error, spread

OURS, BASELINE = "python -m workers", "rq worker"
POLL_S = 0.005
TIMEOUT_S = 60.0
IDLE_WARM_UP = 3
Figures = dict[str, dict[str, list[float]]]


class Moment(NamedTuple):
    """Progress of a run: time in s, finished jobs, CPU seconds, and the broker's commands and reads without our own."""

    at: float
    done: int
    cpu: float
    commands: int
    reads: int


class Run:
    """One run of one queue system: workers empty a full queue."""

    def __init__(self, bench: Bench, peer: Peer, group: ProcessGroup) -> None:
        self._bench = bench
        self._peer = peer
        self._group = group
        self._queries = 0

    def drain(self, jobs: int, workers: int) -> dict[str, float]:
        """Start workers on a queue of `jobs`; return the figures of the last 90 % of the jobs."""
        self._peer.start(self._group, workers)
        first = self._moment(jobs // 10)
        last = self._moment(jobs)
        count = last.done - first.done
        if count <= 0:
            raise BenchError(f"{self._peer.name} finished {jobs} jobs before they could be timed")
        return {
            "rate": count / (last.at - first.at),
            "cpu": 1000 * (last.cpu - first.cpu) / count,
            "commands": (last.commands - first.commands) / count,
            "reads": (last.reads - first.reads) / count,
        }

    def _moment(self, wanted: int) -> Moment:
        """Wait until `wanted` jobs are finished."""
        deadline, seen = time.monotonic() + TIMEOUT_S, -1
        while True:
            self._queries += 1
            done, at = self._peer.done(), time.perf_counter()
            if done >= wanted:
                break
            if done > seen:
                deadline, seen = time.monotonic() + TIMEOUT_S, done
            self._group.check()
            if time.monotonic() > deadline:
                raise BenchError(
                    f"{self._peer.name} made no progress for {TIMEOUT_S:.0f} s, at {done} of {wanted} jobs"
                )
            time.sleep(POLL_S)
        counts = self._bench.counts()
        # The broker counts this query after its reply, so it is not subtracted yet.
        own, self._queries = self._queries, self._queries + 1
        return Moment(at, done, self._group.cpu(), counts.commands - own, counts.reads - own)


def measure(bench: Bench) -> Table:
    """Measure all queue systems in turns, with one worker and with two."""
    table = Table("Throughput: no-op jobs through a full queue", COLUMNS)
    candidates = _prepared(bench, table)
    jobs: dict[str, int] = {}
    for name in list(candidates):
        with skip_on_error(name, candidates, table):
            jobs[name] = _pilot(bench, candidates[name])
    figures: Figures = {name: defaultdict(list) for name in candidates}
    for name in bench.in_turns(list(candidates), "throughput"):
        with skip_on_error(name, candidates, table):
            _one_round(bench, candidates.get(name), jobs[name], figures[name])
    table.rows = [_row(peer, figures) for peer in candidates.values()]
    table.notes += _notes(bench, candidates, jobs)
    return table


def _prepared(bench: Bench, table: Table) -> dict[str, Peer]:
    """Return the queue systems of this run: ours, the baseline, then the others."""
    ready: dict[str, Peer] = {}
    for name, kind in sorted(
        PEERS.items(),
        key=lambda item: (item[0] != OURS, item[0] != BASELINE, not item[1].standard, item[0]),
    ):
        if kind.standard or bench.peers or (bench.queues and kind.is_reference):
            peer = ready[name] = kind(bench)
            with skip_on_error(name, ready, table):
                bench.progress(f"throughput: preparing {name}")
                peer.prepare()
                # Load scripts now, so that they do not count as memory of the first jobs.
                peer.enqueue(1)
                peer.done()
    return ready


def _pilot(bench: Bench, peer: Peer) -> int:
    """Return the number of jobs that keep one worker busy for `job_seconds`."""
    scale = bench.scale
    if not scale.pilot_jobs:
        return scale.min_jobs * peer.jobs_factor
    bench.progress(f"throughput, pilot: {peer.name}")
    jobs = scale.pilot_jobs * peer.jobs_factor
    while True:
        rate = _one_run(bench, peer, jobs, 1, idle_jobs=0)["rate"]
        wanted = round(min(max(rate * scale.job_seconds, scale.min_jobs), scale.max_jobs), -1)
        # The rate of a short run is not reliable.
        if wanted <= 20 * jobs:
            return int(wanted)
        jobs *= 10


def _one_round(bench: Bench, peer: Peer | None, jobs: int, figures: dict[str, list[float]]) -> None:
    """Add the figures of a round; `peer` is None if it failed in an earlier round."""
    if peer is None:
        return
    for workers in (1, 2):
        # A quick run takes the figures of one worker for both.
        if workers == 1 or not bench.scale.is_quick:
            found = _one_run(bench, peer, jobs, workers)
        for figure, value in found.items():
            figures[f"{figure}{workers}"].append(value)


def _one_run(
    bench: Bench, peer: Peer, jobs: int, workers: int, *, idle_jobs: int | None = None
) -> dict[str, float]:
    idle_jobs = bench.scale.idle_jobs if idle_jobs is None else idle_jobs
    peer.flush()
    empty = bench.counts().memory
    peer.enqueue(jobs)
    with bench.process_group() as group:
        figures = Run(bench, peer, group).drain(jobs, workers)
        if workers == 1 and idle_jobs:
            peer.idle_latency(IDLE_WARM_UP)
            waits = peer.idle_latency(idle_jobs)
            figures |= {"p50": percentile(waits, 50), "p99": percentile(waits, 99)}
    # The workers' connections are closed now, so the memory belongs to the jobs.
    figures["bytes"] = (bench.counts().memory - empty) / peer.done()
    return figures


COLUMNS = (
    "worker", "jobs/s, 1 worker", f"rate / {BASELINE}", "jobs/s, 2 workers", "CPU ms / job", "broker commands / job",
    "broker reads / job", "broker bytes / finished job", "idle p50 ms", "idle p99 ms",
)  # fmt: skip


def _row(peer: Peer, figures: Figures) -> list[str]:
    own = figures[peer.name]
    counts = [
        spread(own[figure]) if peer.on_broker else NOT_APPLICABLE
        for figure in ("commands1", "reads1", "bytes1")
    ]
    return [
        peer.name,
        spread(own["rate1"]),
        ratios(own["rate1"], figures[BASELINE]["rate1"]) if BASELINE in figures else NOT_APPLICABLE,
        spread(own["rate2"]),
        spread(own["cpu1"]),
        *counts,
        spread(own["p501"]),
        spread(own["p991"]),
    ]


def _notes(bench: Bench, peers: dict[str, Peer], jobs: dict[str, int]) -> list[str]:
    return [
        (
            "The queue is filled before the workers start. The rate, the CPU time (of the worker and its children) and the "
            "broker's counters are those of the last 90 % of the jobs, without the startup."
        ),
        f"Jobs per run: {', '.join(f'{name} {jobs[name]:,}' for name in peers)}.",
        "Broker bytes: RQ keeps a record of a finished job with its arguments, times and result, the others only a result.",
        "A read of the broker is about one round trip. Commands and reads of the benchmark itself are not included.",
        (
            f"Idle latency: {bench.scale.idle_jobs} jobs per round, queued one by one to one idle worker, 20 ms apart; from the "
            "enqueuing call until the result is available, polled every 0.2 ms."
        ),
        *(f"{name}: {peer.note}." for name, peer in peers.items() if peer.note),
    ]
