"""Polls of a finished job per second, compared with a minimal Flask application under the same gunicorn."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
from typing import NamedTuple

from bench.machinery import (
    REPOSITORY,
    Bench,
    BenchError,
    ProcessGroup,
    our_worker,
    start_server,
    start_web,
)
from bench.report import Table, ratios, spread
from bench.sections.latency import ARTBOARD, Client

CONNECTIONS, QUICK_CONNECTIONS = (8, 64), (8,)
HELLO, JOB, UNCHANGED, CANNED = (
    "bare Flask: GET /",
    "GET /jobs/<id>",
    "GET /jobs/<id>, If-None-Match: 304",
    "generator, canned server",
)


FIGURES = ("rate", "p50", "p99", "cpu")
Outcomes = dict[tuple[str, int], list[dict[str, float]]]


class Target(NamedTuple):
    """A request, the expected status, and the processes that respond."""

    group: ProcessGroup
    port: int
    path: str = "/"
    header: str = ""
    status: int = 200


def measure(bench: Bench) -> Table:
    """Measure the three kinds of response in turns, and the limit of the generator itself."""
    outcomes: Outcomes = {}
    bench.flush()
    with contextlib.ExitStack() as stack:
        ours, bare, canned = (stack.enter_context(bench.process_group()) for _ in range(3))
        port = start_web(ours, "app:create_app()")
        path, etag = _finished_job(bench, port)
        not_modified = (f"If-None-Match: {etag}", http.client.NOT_MODIFIED)
        canned_port = start_server(canned, lambda free: _generator(free, "--canned"), CANNED)
        targets = {
            HELLO: Target(bare, start_web(bare, "bench.hello:app")),
            JOB: Target(ours, port, path),
            UNCHANGED: Target(ours, port, path, *not_modified),
            **_earlier(bench, stack, path),
            CANNED: Target(canned, canned_port),
        }
        for name in bench.in_turns(list(targets), "polling"):
            for count in QUICK_CONNECTIONS if bench.scale.is_quick else CONNECTIONS:
                outcome = _load(targets[name], bench.scale.poll_seconds, count)
                outcomes.setdefault((name, count), []).append(outcome)
    return _table(outcomes, bench.scale.poll_seconds)


def _table(outcomes: Outcomes, seconds: float) -> Table:
    table = Table(
        "Polling: responses to keep-alive connections",
        [
            "response",
            "connections",
            "per second",
            "p50 ms",
            "p99 ms",
            "CPU ms / response",
            "rate / bare Flask",
        ],
        notes=[
            (
                "gunicorn as in `gunicorn.conf.py` (two processes with threads) for both applications; only ours queries the "
                "broker, compares or computes an ETag, and logs each request."
            ),
            (
                f"{seconds:g} s per round, from a generator process on the same machine, which uses some of its CPU time. "
                "The last row is the limit of the generator with a server that does nothing; for the fastest other row, the "
                f"generator was busy {_busiest(outcomes):.0%} of the time."
            ),
        ],
    )
    for name, count in outcomes:
        rounds = outcomes[name, count]
        figures = {key: [one[key] for one in rounds] for key in FIGURES}
        cells = [spread(values) for values in figures.values()]
        baseline = [one["rate"] for one in outcomes[HELLO, count]]
        table.rows.append([name, str(count), *cells, ratios(figures["rate"], baseline)])
    return table


def _earlier(bench: Bench, stack: contextlib.ExitStack, path: str) -> dict[str, Target]:
    """Return the web processes of the commit given by `--before`, on the same broker."""
    if not bench.before:
        return {}
    folder = bench.folder / "before"
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", bench.before], cwd=REPOSITORY, capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    group = stack.enter_context(bench.process_group())
    port = start_web(group, "app:create_app()", folder, PYTHONPATH=str(folder))
    return {f"{JOB}, commit {bench.before}": Target(group, port, path)}


def _finished_job(bench: Bench, port: int) -> tuple[str, str]:
    """Return the path of a finished job and its ETag."""
    with bench.process_group() as worker:
        worker.start(our_worker())
        client = Client(port)
        client.draw()
        path = f"/jobs/{client.request('POST', '/artboard/create', ARTBOARD)['job_id']}"
        while not client.request("GET", path)["done"]:
            worker.check()
        client.close()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    etag = connection.getresponse().headers["ETag"]
    connection.close()
    return path, etag


def _generator(port: int, *options: str) -> list[str]:
    return [sys.executable, "-m", "bench.load", str(port), *options]


def _load(target: Target, seconds: float, connections: int) -> dict[str, float]:
    before = target.group.cpu()
    options = f"--status {target.status} --seconds {seconds} --connections {connections}".split()
    options += ["--path", target.path]
    options += ["--header", target.header] if target.header else []
    done = subprocess.run(
        _generator(target.port, *options),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    target.group.check()
    if done.returncode != 0:
        raise BenchError(f"the load generator failed: {done.stderr.strip()}")
    outcome: dict[str, float] = json.loads(done.stdout)
    outcome["cpu"] = 1000 * (target.group.cpu() - before) / outcome["responses"]
    return outcome


def _busiest(outcomes: Outcomes) -> float:
    return max(
        one["busy"] for (name, _), rounds in outcomes.items() if name != CANNED for one in rounds
    )
