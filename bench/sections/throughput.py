"""What the queue itself costs: no-op jobs per second, CPU time, round trips and memory a job, and the latency when idle."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from bench.machinery import Bench, BenchTrouble, Crew
from bench.peers import PEERS
from bench.peers.peer import Peer
from bench.report import NOT_APPLICABLE, Table, percentile, ratios, spread

OURS, BASELINE = "python -m workers", "rq worker"
LOOK_EVERY = 0.005
PATIENCE = 60.0
IDLE_WARM_UP = 3
Figures = dict[str, dict[str, list[float]]]


class Moment(NamedTuple):
    """How far a run has come: seconds, jobs done, CPU seconds of the workers, the broker's commands and reads without our own."""

    at: float
    done: int
    cpu: float
    commands: int
    reads: int


class Run:
    """One run of one peer: a full queue, then workers, until all jobs are done."""

    def __init__(self, bench: Bench, peer: Peer, crew: Crew) -> None:
        """Watch the workers of `crew`."""
        self._bench = bench
        self._peer = peer
        self._crew = crew
        self._asked = 0

    def drain(self, jobs: int, workers: int) -> dict[str, float]:
        """Start `workers` on a queue of `jobs`; return the figures between a tenth of the jobs and all of them."""
        self._peer.start(self._crew, workers)
        first = self._moment(jobs // 10)
        last = self._moment(jobs)
        count = last.done - first.done
        if count <= 0:
            raise BenchTrouble(
                f"{self._peer.name} was done with {jobs} jobs before it could be timed"
            )
        return {
            "rate": count / (last.at - first.at),
            "cpu": 1000 * (last.cpu - first.cpu) / count,
            "commands": (last.commands - first.commands) / count,
            "reads": (last.reads - first.reads) / count,
        }

    def _moment(self, wanted: int) -> Moment:
        """Wait until `wanted` jobs are done; return how things stand then."""
        deadline, seen = time.monotonic() + PATIENCE, -1
        while True:
            self._asked += 1
            done, at = self._peer.done(), time.perf_counter()
            if done >= wanted:
                break
            if done > seen:
                deadline, seen = time.monotonic() + PATIENCE, done
            self._crew.check()
            if time.monotonic() > deadline:
                raise BenchTrouble(
                    f"{self._peer.name} stood still at {done} of {wanted} jobs for {PATIENCE:.0f} s"
                )
            time.sleep(LOOK_EVERY)
        told = self._bench.counts()
        self._asked += 1
        # This question is counted by the broker after it was answered.
        return Moment(
            at,
            done,
            self._crew.cpu(),
            told.commands - self._asked + 1,
            told.reads - self._asked + 1,
        )


def measure(bench: Bench) -> Table:
    """Measure every peer in turns, with one worker and with two."""
    table = Table("Throughput: no-op jobs through a full queue", COLUMNS)
    taking_part = _prepared(bench, table)
    jobs: dict[str, int] = {}
    for name in list(taking_part):
        with _or_without(name, taking_part, table):
            jobs[name] = _pilot(bench, taking_part[name])
    figures: Figures = {name: defaultdict(list) for name in taking_part}
    for name in bench.in_turns(list(taking_part), "throughput"):
        with _or_without(name, taking_part, table):
            _one_round(bench, taking_part.get(name), jobs[name], figures[name])
    table.rows = [_row(peer, figures) for peer in taking_part.values()]
    table.notes += _notes(bench, taking_part, jobs)
    return table


def _prepared(bench: Bench, table: Table) -> dict[str, Peer]:
    """Return the peers of this run: ours, the baseline, then the others; note those that cannot take part."""
    ready: dict[str, Peer] = {}
    for name, kind in sorted(
        PEERS.items(),
        key=lambda item: (item[0] != OURS, item[0] != BASELINE, not item[1].standard, item[0]),
    ):
        if kind.standard or bench.peers:
            peer = ready[name] = kind(bench)
            with _or_without(name, ready, table):
                bench.say(f"throughput: preparing {name}")
                peer.prepare()
                # What the broker sets up once, such as its scripts, must not count as the memory of the first peer's jobs.
                peer.enqueue(1)
                peer.done()
    return ready


@contextlib.contextmanager
def _or_without(name: str, taking_part: dict[str, Peer], table: Table) -> Iterator[None]:
    """Go on without a peer that cannot be measured, and note why; but not without ours and RQ's."""
    try:
        yield
    except BenchTrouble as trouble:
        if taking_part[name].standard:
            raise
        del taking_part[name]
        table.notes.append(f"{name} was not measured: {' '.join(str(trouble).split())[:300]}")


def _pilot(bench: Bench, peer: Peer) -> int:
    """Return how many jobs keep one worker busy for as long as the scale wants."""
    scale = bench.scale
    if not scale.pilot_jobs:
        return scale.fewest_jobs * peer.jobs_factor
    bench.say(f"throughput, pilot: {peer.name}")
    jobs = scale.pilot_jobs * peer.jobs_factor
    while True:
        rate = _one_run(bench, peer, jobs, 1, idle_jobs=0)["rate"]
        wanted = round(min(max(rate * scale.job_seconds, scale.fewest_jobs), scale.most_jobs), -1)
        # The rate of a queue that was empty in no time says little.
        if wanted <= 20 * jobs:
            return int(wanted)
        jobs *= 10


def _one_round(bench: Bench, peer: Peer | None, jobs: int, figures: dict[str, list[float]]) -> None:
    """Add the figures of a round; nothing for a peer that an earlier round went on without."""
    if peer is None:
        return
    for workers in (1, 2):
        for figure, value in _one_run(bench, peer, jobs, workers).items():
            figures[f"{figure}{workers}"].append(value)


def _one_run(
    bench: Bench, peer: Peer, jobs: int, workers: int, *, idle_jobs: int | None = None
) -> dict[str, float]:
    idle_jobs = bench.scale.idle_jobs if idle_jobs is None else idle_jobs
    peer.forget()
    empty = bench.counts().memory
    peer.enqueue(jobs)
    with bench.crew() as crew:
        figures = Run(bench, peer, crew).drain(jobs, workers)
        if workers == 1 and idle_jobs:
            peer.idle_latency(IDLE_WARM_UP)
            waits = peer.idle_latency(idle_jobs)
            figures |= {"p50": percentile(waits, 50), "p99": percentile(waits, 99)}
    # Without the workers' connections, so that what is left belongs to the jobs.
    figures["bytes"] = (bench.counts().memory - empty) / peer.done()
    return figures


COLUMNS = (
    "worker", "jobs/s, 1 worker", f"rate / {BASELINE}", "jobs/s, 2 workers", "CPU ms / job", "broker commands / job",
    "broker reads / job", "broker bytes / finished job", "idle p50 ms", "idle p99 ms",
)  # fmt: skip


def _row(peer: Peer, figures: Figures) -> list[str]:
    own = figures[peer.name]
    asked = [
        spread(own[figure]) if peer.on_broker else NOT_APPLICABLE
        for figure in ("commands1", "reads1", "bytes1")
    ]
    return [
        peer.name,
        spread(own["rate1"]),
        ratios(own["rate1"], figures[BASELINE]["rate1"]) if BASELINE in figures else NOT_APPLICABLE,
        spread(own["rate2"]),
        spread(own["cpu1"]),
        *asked,
        spread(own["p501"]),
        spread(own["p991"]),
    ]


def _notes(bench: Bench, peers: dict[str, Peer], jobs: dict[str, int]) -> list[str]:
    return [
        (
            "The queue is filled before the workers start; the rate, the CPU time (the worker and all its children) and the "
            "broker's counts are taken between a tenth of the jobs and all of them, so that starting up is not in them."
        ),
        f"Jobs a run: {', '.join(f'{name} {jobs[name]:,}' for name in peers)}.",
        "Broker bytes: for a finished job RQ keeps a record with its arguments, times and outcome, the others keep a result.",
        "A read of the broker is about one round trip. The benchmark's own questions are left out of commands and reads.",
        (
            f"Idle latency: {bench.scale.idle_jobs} jobs a round queued one by one to one idle worker, 20 ms apart; from the "
            "call that queues until the result is seen, looking every 0.2 ms."
        ),
        *(f"{name}: {peer.note}." for name, peer in peers.items() if peer.note),
    ]
