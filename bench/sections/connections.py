"""Open event streams and WebSockets: memory per client and the latency of events, compared with other servers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from bench.connection_clients import mark
from bench.machinery import (
    REPOSITORY,
    Bench,
    BenchError,
    InteractiveProcess,
    ProcessGroup,
    wait_until,
)
from bench.report import Table, percentile, ratios, skip_on_error, spread
from bench.servers import SERVERS
from bench.servers.server import Publish, Server

# Excludes what a server allocates once for its first clients.
FIRST_CLIENTS = 10
FIRST_EVENTS = 3
# A job reports progress at most ten times a second.
PAUSE_S = 0.15
SETTLE_S = 0.4
# The share of a core that an idle server may use.
MAX_IDLE_LOAD = 0.05
FILLING = " Merging, ordering and simplifying the lines of the drawing"
IDLE = 0
Figures = dict[str, list[float]]


class Round:
    """One round of one server: memory, plain GETs and events for increasing numbers of clients."""

    def __init__(
        self, bench: Bench, server: Server, group: ProcessGroup, helpers: ProcessGroup
    ) -> None:
        self._bench = bench
        self._server = server
        self._group = group
        self._port = server.start(group)
        self._publish: Publish = server.publisher(helpers)
        options = ["--kind", server.kind, "--greeting", server.greeting, "--until", server.until]
        command = [
            sys.executable,
            "-m",
            "bench.connection_clients",
            str(self._port),
            server.path,
            *options,
        ]
        self._clients: InteractiveProcess = helpers.interact(command)
        self._events = 0

    def measure(self) -> Iterator[tuple[int, str, float]]:
        """Yield the number of clients, the name of a figure and its value."""
        # Warm up.
        self._plain(self._bench.scale.get_seconds / 2)
        for figure, value in self._plain(self._bench.scale.get_seconds).items():
            yield IDLE, figure, value
        self._open(FIRST_CLIENTS)
        for _ in range(FIRST_EVENTS):
            self._event()
        rest = self._memory()
        for count in self._bench.scale.connections:
            self._open(count)
            # In the steady state, every client has received an event.
            self._event()
            added = (self._memory() - rest) / (count - FIRST_CLIENTS)
            # A few clients may need nothing, and a ratio needs a number.
            yield count, "bytes", added or 1.0
            for figure, value in self._plain(self._bench.scale.get_seconds).items():
                yield count, figure, value
            for _ in range(self._bench.scale.events):
                waits = self._event()
                yield count, "half", percentile(waits, 50)
                yield count, "last", waits[-1]

    def _open(self, count: int) -> None:
        self._clients.request(f"open {count}")
        wait_until(lambda: self._server.has_clients(count), self._group, f"{count} clients")
        self._settle()

    def _event(self) -> list[float]:
        """Publish one event; return the sorted latencies in ms."""
        time.sleep(PAUSE_S)
        self._events += 1
        moment = self._publish(f"{mark(self._events)}{FILLING}")
        arrivals: list[float] = json.loads(self._clients.request(f"receive {self._events}"))
        self._group.check()
        return [1000 * (one - moment) for one in arrivals]

    def _memory(self) -> int:
        self._settle()
        return self._group.memory()

    def _settle(self) -> None:
        """Wait until the server is idle."""
        before = -1.0
        while (now := self._group.cpu()) - before > SETTLE_S * MAX_IDLE_LOAD:
            before = now
            time.sleep(SETTLE_S)

    def _plain(self, seconds: float) -> dict[str, float]:
        options = ["--path", self._server.plain, "--connections", "1", "--seconds", str(seconds)]
        command = [sys.executable, "-m", "bench.load", str(self._port), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        self._group.check()
        if done.returncode != 0:
            raise BenchError(f"the load generator failed: {done.stderr.strip()}")
        outcome: dict[str, float] = json.loads(done.stdout)
        return {figure: outcome[figure] for figure in ("p50", "p99")}


def measure(bench: Bench) -> Table:
    """Measure all servers in turns."""
    table = Table(
        "Open connections: memory, plain GETs meanwhile, and one event to all clients", COLUMNS
    )
    candidates: dict[str, Server] = {}
    for name, kind in sorted(SERVERS.items(), key=lambda item: not item[1].standard):
        if kind.standard or bench.peers:
            server = candidates[name] = kind(bench)
            with skip_on_error(name, candidates, table):
                server.prepare()
    figures: defaultdict[tuple[str, int], Figures] = defaultdict(lambda: defaultdict(list))
    for name in bench.in_turns(list(candidates), "connections"):
        if name in candidates:
            with skip_on_error(name, candidates, table):
                _one_round(bench, candidates[name], figures)
    table.rows = [
        _row(server, count, figures)
        for count in bench.scale.connections
        for server in candidates.values()
    ]
    table.notes += _notes(bench, candidates)
    return table


def _one_round(bench: Bench, server: Server, figures: dict[tuple[str, int], Figures]) -> None:
    """Add the figures of one round; for events, their median."""
    bench.flush()
    found: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    with bench.process_group() as group, bench.process_group() as helpers:
        for count, figure, value in Round(bench, server, group, helpers).measure():
            found[count, figure].append(value)
        server.finish()
    for (count, figure), values in found.items():
        figures[server.name, count][figure].append(percentile(values, 50))


COLUMNS = (
    "server", "clients", "KB / client", "KB / ours", "event: half of the clients, ms", "all clients, ms", "all / ours",
    "GET p50 idle, ms", "GET p50 connected, ms", "connected / idle", "GET p99 idle, ms", "GET p99 connected, ms",
)  # fmt: skip


def _row(server: Server, count: int, figures: dict[tuple[str, int], Figures]) -> list[str]:
    own, idle = figures[server.name, count], figures[server.name, IDLE]
    ours = next(
        figures[name, count]
        for name, kind in SERVERS.items()
        if kind.standard and kind.kind == server.kind
    )
    return [
        server.name,
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


def _notes(bench: Bench, servers: dict[str, Server]) -> list[str]:
    return [
        (
            "One server process on the run's broker; all clients share one process with an epoll loop; a third process publishes. "
            "Streams are compared with our streams, WebSockets with our WebSockets, round by round."
        ),
        (
            "Memory: anonymous memory (Pss_Anon of master and worker) with that many clients, minus that with "
            f"{FIRST_CLIENTS} clients after {FIRST_EVENTS} events, divided by the additional clients. Kernel memory of connections "
            "is not included."
        ),
        (
            f"Event: from just before it is published until half of the clients, or all of them, have received it; the median "
            f"of {bench.scale.events} events per round, {PAUSE_S * 1000:.0f} ms apart. Includes the time of the clients."
        ),
        (
            "GET: one keep-alive connection that repeats a request with a short JSON response for "
            f"{bench.scale.get_seconds:g} s, while the clients are idle."
        ),
        *(f"{name}: {server.note}." for name, server in servers.items()),
    ]
