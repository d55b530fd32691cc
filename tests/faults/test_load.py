"""L1, L3, L7, L9: the web process under load and with stalled clients, and a large batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager.batches import fetch_batch, submit_batch
from libraries.job_manager.submission import JobOptions
from tests.conftest import WorkerProcess, until
from tests.faults.fleet import Fleet
from tests.faults.trail import queue, report, started_runs, states
from tests.faults.web_loads import polls, requests_among_stalled_ones, submissions
from tests.test_app_server import Server

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]


@pytest.fixture
def server(broker: EmbeddedBroker, environ: dict[str, str], home: Path) -> Iterator[Server]:
    started = Server(environ | {"LOG_LEVEL": "WARNING"}, home)
    # The port listens before the application is loaded, which is not part of the measurement.
    assert started.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
    yield started
    started.process.terminate()
    started.process.wait()


def test_a_hundred_submissions_a_second_are_accepted_and_none_is_lost(
    server: Server, start_worker: Callable[[], WorkerProcess], client: Redis
) -> None:
    """L1."""
    start_worker()
    measured = submissions(server, seconds=5)
    report(measured.summary)
    assert set(measured.statuses) <= {200, 202}
    assert len(set(measured.ids)) == 500
    assert set(states(client, measured.ids)) <= {"queued", "started", "finished"}


def test_three_hundred_polls_a_second_are_answered_with_unchanged_states_as_304(
    server: Server, client: Redis
) -> None:
    """L3."""
    measured = polls(server, [queue(client, "probe_tasks.nothing") for _ in range(300)], seconds=4)
    report(measured.summary)
    assert set(measured.statuses) == {200, 304}
    assert measured.statuses[304] > measured.statuses[200] / 3


def test_fifty_partial_headers_and_fifty_partial_bodies_prevent_no_request(server: Server) -> None:
    """L9."""
    # Longer than the timeout of the server, which has to close the connections.
    measured = requests_among_stalled_ones(server, stalled=100, seconds=13)
    report(measured.summary)
    assert measured.statuses == {200: 260}


def test_a_batch_of_five_hundred_with_one_bad_item_ends(
    fleet: Callable[[int], Fleet], client: Redis, ledger: Path
) -> None:
    """L7."""
    both = fleet(2)
    items: list[dict[str, object]] = [
        {"ledger": str(ledger), "key": f"item{n}", "seconds": 0.0} for n in range(500)
    ]
    items[321]["seconds"] = "soon"
    batch = submit_batch("workers.fault_tasks.leave_a_trail", items, JobOptions(retries=0))
    percents = [0]

    def done() -> bool:
        state = fetch_batch(batch.id)
        percents.append(state.percent)
        return state.done

    until(done, seconds=30, what="the end of the batch")
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert set(percents) - {0, 100}, "its progress was visible"
    state = fetch_batch(batch.id)
    assert state.counts == {"finished": 499, "failed": 1}
    assert [
        number
        for number, job in enumerate(state.jobs)
        if job is not None and job.status == "failed"
    ] == [321]
    assert started_runs(ledger) == 500
    assert both.endings == []
