"""How long a client waits for a drawing: from the POST until it sees `finished`, with a worker that has nothing else to do."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from bench.machinery import Bench, BenchTrouble, our_worker, start_web, stock_worker
from bench.report import Table, percentile, ratios, spread

OURS, STOCK = "python -m workers", "rq worker"
ARTBOARD = {"width": 210, "height": 297, "pattern": "spiral"}
POLL_EVERY = 0.002
PAUSE = 0.02
WARM_UP = 3
PATIENCE = 30.0


class Client:
    """One kept-alive connection to the product."""

    def __init__(self, port: int) -> None:
        """Connect to `port` on this machine."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a request and return the answer's JSON.

        Raises:
            BenchTrouble: the answer is not a good one.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(
            method, path, json.dumps(body) if body is not None else None, headers
        )
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != http.client.OK:
            raise BenchTrouble(f"{method} {path} was answered {response.status}: {answer}")
        return answer

    def draw(self) -> float:
        """Ask for a drawing, poll until it is finished, and return the milliseconds that it took.

        Raises:
            BenchTrouble: the drawing failed, or took too long.
        """
        started = time.perf_counter()
        job = f"/jobs/{self.ask('POST', '/artboard/create', ARTBOARD)['job_id']}"
        while True:
            answer = self.ask("GET", job)
            taken = time.perf_counter() - started
            if answer["done"]:
                break
            if taken > PATIENCE:
                raise BenchTrouble(f"a drawing was still {answer['status']} after {PATIENCE:.0f} s")
            time.sleep(POLL_EVERY)
        if answer["status"] != "finished":
            raise BenchTrouble(f"a drawing {answer['status']}: {answer['error']}")
        return taken * 1000

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def measure(bench: Bench) -> Table:
    """Measure both workers in turns behind one web process."""
    commands = {OURS: our_worker(), STOCK: stock_worker(bench.url)}
    rounds: dict[str, list[list[float]]] = {name: [] for name in commands}
    bench.forget()
    with bench.crew() as web:
        port = start_web(web, "app:create_app()")
        for name in bench.in_turns(list(commands), "latency"):
            with bench.crew() as worker:
                worker.start(commands[name])
                rounds[name].append(_one_round(port, bench.scale.posts))
    table = Table(
        "Latency: POST /artboard/create until `finished` is seen",
        ["worker", "p50 ms", "p99 ms, all rounds", f"p50 / {STOCK}"],
        notes=[
            (
                f"The drawing is the spiral on A4 with the pattern's defaults; {bench.scale.posts} drawings a worker and round, "
                f"one after another, {PAUSE * 1000:.0f} ms apart, after {WARM_UP} that do not count."
            ),
            f"One kept-alive connection, a poll every {POLL_EVERY * 1000:.0f} ms; what lies between two polls is in the figures.",
            "gunicorn as in `gunicorn.conf.py`; one worker process with its default settings and log level.",
        ],
    )
    p50 = {name: [percentile(one, 50) for one in rounds[name]] for name in commands}
    # A round is too short for a p99 of its own.
    p99 = {
        name: percentile([taken for one in rounds[name] for taken in one], 99) for name in commands
    }
    table.rows = [
        [name, spread(p50[name]), spread([p99[name]]), ratios(p50[name], p50[STOCK])]
        for name in commands
    ]
    return table


def _one_round(port: int, posts: int) -> list[float]:
    client = Client(port)
    try:
        # The first one also waits for the worker to start.
        for _ in range(WARM_UP):
            client.draw()
        taken = []
        for _ in range(posts):
            # A worker is busy with its book-keeping for a moment after the job is done.
            time.sleep(PAUSE)
            taken.append(client.draw())
        return taken
    finally:
        client.close()
