"""What it costs to hold clients, and how soon all of them know: event streams and WebSockets, beside other servers of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from bench.held_clients import mark
from bench.holders import HOLDERS
from bench.holders.holder import Holder, Publish
from bench.machinery import REPOSITORY, Bench, BenchTrouble, Crew, Partner, wait_until
from bench.report import Table, percentile, ratios, spread

# What a server makes for its first clients is not the price of one more.
FIRST_CLIENTS = 10
FIRST_EVENTS = 3
# Seconds. A job reports progress at most ten times a second.
PAUSE = 0.15
SETTLE = 0.4
# The share of a core that a server may use when it has nothing to do.
BUSY = 0.05
FILLING = " Merging, ordering and simplifying the lines of the drawing"
IDLE = 0
Figures = dict[str, list[float]]


class Round:
    """One round of one server: more and more clients, and at each number of them memory, plain GETs and events."""

    def __init__(self, bench: Bench, holder: Holder, server: Crew, helpers: Crew) -> None:
        """Start the server, the clients' process and the publisher."""
        self._bench = bench
        self._holder = holder
        self._server = server
        self._port = holder.start(server)
        self._publish: Publish = holder.publisher(helpers)
        options = ["--kind", holder.kind, "--say", holder.say, "--until", holder.until]
        command = [
            sys.executable,
            "-m",
            "bench.held_clients",
            str(self._port),
            holder.path,
            *options,
        ]
        self._clients: Partner = helpers.partner(command)
        self._events = 0

    def measure(self) -> Iterator[tuple[int, str, float]]:
        """Yield number of clients, figure and value."""
        # The first answers come from code that has not run yet.
        self._plain(self._bench.scale.ask_seconds / 2)
        for figure, value in self._plain(self._bench.scale.ask_seconds).items():
            yield IDLE, figure, value
        self._open(FIRST_CLIENTS)
        for _ in range(FIRST_EVENTS):
            self._event()
        rest = self._memory()
        for count in self._bench.scale.held:
            self._open(count)
            # Everybody has been written to before, as in the steady state.
            self._event()
            yield count, "bytes", (self._memory() - rest) / (count - FIRST_CLIENTS)
            for figure, value in self._plain(self._bench.scale.ask_seconds).items():
                yield count, figure, value
            for _ in range(self._bench.scale.events):
                waits = self._event()
                yield count, "half", percentile(waits, 50)
                yield count, "last", waits[-1]

    def _open(self, count: int) -> None:
        self._clients.ask(f"open {count}")
        wait_until(lambda: self._holder.all_in(count), self._server, f"{count} clients to be in")
        self._settle()

    def _event(self) -> list[float]:
        """Publish one event; return the milliseconds until each client had it, in order."""
        time.sleep(PAUSE)
        self._events += 1
        moment = self._publish(f"{mark(self._events)}{FILLING}")
        heard: list[float] = json.loads(self._clients.ask(f"hear {self._events}"))
        self._server.check()
        return [1000 * (one - moment) for one in heard]

    def _memory(self) -> int:
        self._settle()
        return self._server.memory()

    def _settle(self) -> None:
        """Wait until the server has nothing to do; it may be busy with its clients when they are in."""
        before = -1.0
        while (now := self._server.cpu()) - before > SETTLE * BUSY:
            before = now
            time.sleep(SETTLE)

    def _plain(self, seconds: float) -> dict[str, float]:
        options = ["--path", self._holder.plain, "--connections", "1", "--seconds", str(seconds)]
        command = [sys.executable, "-m", "bench.load", str(self._port), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        self._server.check()
        if done.returncode != 0:
            raise BenchTrouble(f"the load generator gave up: {done.stderr.strip()}")
        outcome: dict[str, float] = json.loads(done.stdout)
        return {figure: outcome[figure] for figure in ("p50", "p99")}


def measure(bench: Bench) -> Table:
    """Measure every server in turns."""
    table = Table(
        "Held clients: memory, a plain GET beside them, and one event to all of them", COLUMNS
    )
    taking_part: dict[str, Holder] = {}
    for name, kind in sorted(HOLDERS.items(), key=lambda item: not item[1].standard):
        if kind.standard or bench.peers:
            holder = taking_part[name] = kind(bench)
            with _or_without(name, taking_part, table):
                holder.prepare()
    figures: defaultdict[tuple[str, int], Figures] = defaultdict(lambda: defaultdict(list))
    for name in bench.in_turns(list(taking_part), "held clients"):
        if name in taking_part:
            with _or_without(name, taking_part, table):
                _one_round(bench, taking_part[name], figures)
    table.rows = [
        _row(holder, count, figures)
        for count in bench.scale.held
        for holder in taking_part.values()
    ]
    table.notes += _notes(bench, taking_part)
    return table


def _one_round(bench: Bench, holder: Holder, figures: dict[tuple[str, int], Figures]) -> None:
    """Add the figures of one round, of several events their median."""
    bench.forget()
    found: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    with bench.crew() as server, bench.crew() as helpers:
        for count, figure, value in Round(bench, holder, server, helpers).measure():
            found[count, figure].append(value)
        holder.finish()
    for (count, figure), values in found.items():
        figures[holder.name, count][figure].append(percentile(values, 50))


@contextlib.contextmanager
def _or_without(name: str, taking_part: dict[str, Holder], table: Table) -> Iterator[None]:
    """Go on without a server that cannot be measured, and note why; but not without ours."""
    try:
        yield
    except BenchTrouble as trouble:
        if taking_part[name].standard:
            raise
        del taking_part[name]
        table.notes.append(f"{name} was not measured: {' '.join(str(trouble).split())[:300]}")


COLUMNS = (
    "server", "clients", "KB / client", "KB / ours", "event: half of them, ms", "all of them, ms", "all / ours",
    "GET p50 idle, ms", "GET p50 beside them", "beside / idle", "GET p99 idle, ms", "GET p99 beside them",
)  # fmt: skip


def _row(holder: Holder, count: int, figures: dict[tuple[str, int], Figures]) -> list[str]:
    own, idle = figures[holder.name, count], figures[holder.name, IDLE]
    ours = next(
        figures[name, count]
        for name, kind in HOLDERS.items()
        if kind.standard and kind.kind == holder.kind
    )
    return [
        holder.name,
        f"{count:,}",
        spread([one / 1024 for one in own["bytes"]]),
        ratios(own["bytes"], ours["bytes"]),
        spread(own["half"]),
        spread(own["last"]),
        ratios(own["last"], ours["last"]),
        spread(idle["p50"]),
        spread(own["p50"]),
        ratios(own["p50"], idle["p50"]),
        spread(idle["p99"]),
        spread(own["p99"]),
    ]


def _notes(bench: Bench, holders: dict[str, Holder]) -> list[str]:
    return [
        (
            "One server process on the run's broker; the clients are one process with one epoll loop, the publisher is a third. "
            "Streams are compared with our streams, WebSockets with our WebSockets, round by round."
        ),
        (
            "Memory: what the server's processes have written to (Pss_Anon of master and worker) with so many clients, less that "
            f"with {FIRST_CLIENTS} clients after {FIRST_EVENTS} events, by the number of clients between. What the kernel keeps "
            "for a connection is not in it."
        ),
        (
            f"Event: from the moment just before it is published until half of the clients, or all of them, have it; the median "
            f"of {bench.scale.events} events a round, {PAUSE * 1000:.0f} ms apart. The clients' own reading is in it."
        ),
        (
            "GET: one kept-alive connection that asks for a short JSON answer again and again for "
            f"{bench.scale.ask_seconds:g} s, while the clients are silent."
        ),
        *(f"{name}: {holder.note}." for name, holder in holders.items()),
    ]
