"""Latency of a drawing with an idle worker, from the POST until the client sees `finished`."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from bench.machinery import Bench, BenchError, our_worker, start_web, stock_worker
from bench.report import Table, percentile, ratios, spread

OURS, STOCK = "python -m workers", "rq worker"
ARTBOARD = {"width": 210, "height": 297, "pattern": "spiral"}
POLL_S = 0.002
PAUSE_S = 0.02
WARM_UP = 3
TIMEOUT_S = 30.0


class Client:
    """One keep-alive connection to the product."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return the JSON response; raise BenchError if the status is not 200."""
        data = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        content: dict[str, Any] = json.loads(response.read())
        if response.status != http.client.OK:
            raise BenchError(f"{method} {path}: status {response.status}: {content}")
        return content

    def draw(self) -> float:
        """Request a drawing, poll until it is finished, and return the duration in ms."""
        started = time.perf_counter()
        job = f"/jobs/{self.request('POST', '/artboard/create', ARTBOARD)['job_id']}"
        while True:
            state = self.request("GET", job)
            taken = time.perf_counter() - started
            if state["done"]:
                break
            if taken > TIMEOUT_S:
                raise BenchError(f"a drawing was still {state['status']} after {TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)
        if state["status"] != "finished":
            raise BenchError(f"a drawing {state['status']}: {state['error']}")
        return taken * 1000

    def close(self) -> None:
        self._connection.close()


def measure(bench: Bench) -> Table:
    """Measure both workers in turns with one web process."""
    commands = {OURS: our_worker(), STOCK: stock_worker(bench.url)}
    rounds: dict[str, list[list[float]]] = {name: [] for name in commands}
    bench.flush()
    with bench.process_group() as web:
        port = start_web(web, "app:create_app()")
        for name in bench.in_turns(list(commands), "latency"):
            with bench.process_group() as worker:
                worker.start(commands[name])
                rounds[name].append(_one_round(port, bench.scale.posts))
    table = Table(
        "Latency: POST /artboard/create until `finished` is seen",
        ["worker", "p50 ms", "p99 ms, all rounds", f"p50 / {STOCK}"],
        notes=[
            (
                f"The drawing is a spiral on A4 with default parameters; {bench.scale.posts} drawings per worker and round, "
                f"one after another, {PAUSE_S * 1000:.0f} ms apart, after {WARM_UP} warm-up drawings."
            ),
            f"One keep-alive connection, polling every {POLL_S * 1000:.0f} ms; the figures include the polling interval.",
            "gunicorn as in `gunicorn.conf.py`; one worker process with its default settings and log level.",
        ],
    )
    p50 = {name: [percentile(one, 50) for one in rounds[name]] for name in commands}
    # A single round has too few values for a p99.
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
        # The first drawing also waits for the worker to start.
        for _ in range(min(WARM_UP, posts)):
            client.draw()
        taken = []
        for _ in range(posts):
            # The worker still cleans up for a moment after the job has finished.
            time.sleep(PAUSE_S)
            taken.append(client.draw())
        return taken
    finally:
        client.close()
