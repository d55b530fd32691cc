"""How many polls of a finished job one web process answers, beside the least that Flask can do under the same gunicorn."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from typing import NamedTuple

from bench.machinery import (
    REPOSITORY,
    Bench,
    BenchTrouble,
    Crew,
    our_worker,
    start_server,
    start_web,
)
from bench.report import Table, ratios, spread
from bench.sections.latency import ARTBOARD, Client

CONNECTIONS = 8
HELLO, JOB, UNCHANGED, CANNED = (
    "bare Flask: GET /",
    "GET /jobs/<id>",
    "GET /jobs/<id>, If-None-Match: 304",
    "generator, canned server",
)


class Target(NamedTuple):
    """What to ask, which status to expect, and the processes that answer."""

    crew: Crew
    port: int
    path: str = "/"
    header: str = ""
    status: int = 200


def measure(bench: Bench) -> Table:
    """Measure the three kinds of answer in turns, and the generator's own ceiling."""
    outcomes: dict[str, list[dict[str, float]]] = {}
    bench.forget()
    with bench.crew() as ours, bench.crew() as bare, bench.crew() as canned:
        port = start_web(ours, "app:create_app()")
        job, etag = _finished_job(bench, port)
        targets = {
            HELLO: Target(bare, start_web(bare, "bench.hello:app")),
            JOB: Target(ours, port, job),
            UNCHANGED: Target(ours, port, job, f"If-None-Match: {etag}", http.client.NOT_MODIFIED),
            CANNED: Target(
                canned,
                start_server(
                    canned, lambda free: _generator(free, "--canned"), "the canned server"
                ),
            ),
        }
        for name in bench.in_turns(list(targets), "polling"):
            outcomes.setdefault(name, []).append(_load(targets[name], bench.scale.poll_seconds))
    table = Table(
        f"Polling: answers of one web process to {CONNECTIONS} kept-alive connections",
        ["answer", "per second", "p50 ms", "p99 ms", "server CPU ms / answer", "rate / bare Flask"],
        notes=[
            (
                "gunicorn as in `gunicorn.conf.py` (one process of threads) for both applications; only ours reads from the "
                "broker, makes an ETag and writes a line of log for each request."
            ),
            (
                f"{bench.scale.poll_seconds:g} s a round, from a generator in a process of its own on the same machine, "
                "which takes some of its cores. The last row is the most that the generator gets out of a server that does "
                f"nothing; it was busy for {_busiest(outcomes):.0%} of the time with the fastest of the other rows."
            ),
        ],
    )
    rates = {name: [one["rate"] for one in rounds] for name, rounds in outcomes.items()}
    for name in (JOB, UNCHANGED, HELLO, CANNED):
        p50, p99, cpu = ([one[key] for one in outcomes[name]] for key in ("p50", "p99", "cpu"))
        table.rows.append(
            [
                name,
                spread(rates[name]),
                spread(p50),
                spread(p99),
                spread(cpu),
                ratios(rates[name], rates[HELLO]),
            ]
        )
    return table


def _finished_job(bench: Bench, port: int) -> tuple[str, str]:
    """Return the path of a finished job and its ETag."""
    with bench.crew() as worker:
        worker.start(our_worker())
        client = Client(port)
        client.draw()
        path = f"/jobs/{client.ask('POST', '/artboard/create', ARTBOARD)['job_id']}"
        while not client.ask("GET", path)["done"]:
            worker.check()
        client.close()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    etag = connection.getresponse().headers["ETag"]
    connection.close()
    return path, etag


def _generator(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "bench.load", str(port), *options]


def _load(target: Target, seconds: float) -> dict[str, float]:
    before = target.crew.cpu()
    options = [
        "--path",
        target.path,
        "--status",
        str(target.status),
        "--seconds",
        str(seconds),
        "--connections",
        str(CONNECTIONS),
    ]
    options += ["--header", target.header] if target.header else []
    done = subprocess.run(
        _generator(target.port, *options),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    target.crew.check()
    if done.returncode != 0:
        raise BenchTrouble(f"the load generator gave up: {done.stderr.strip()}")
    outcome: dict[str, float] = json.loads(done.stdout)
    outcome["cpu"] = 1000 * (target.crew.cpu() - before) / outcome["answers"]
    return outcome


def _busiest(outcomes: dict[str, list[dict[str, float]]]) -> float:
    return max(one["busy"] for name, rounds in outcomes.items() if name != CANNED for one in rounds)
