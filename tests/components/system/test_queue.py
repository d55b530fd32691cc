"""The queue as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from libraries.job_manager import enqueue_background_job
from tests.conftest import WorkerProcess, until

NOTHING = "workers.probe_tasks.nothing"

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def test_the_capacity_of_an_idle_queue_without_workers(client: FlaskClient) -> None:
    assert client.get("/capacity").get_json() == {
        "queue_depth": 0,
        "active_jobs": 0,
        "workers": 0,
        "max_queue": 100_000,
        "all_owners": True,
        "estimated_wait_s": None,
        "paused": False,
    }


def test_the_capacity_counts_waiting_jobs_and_workers(
    client: FlaskClient, start_worker: Callable[..., WorkerProcess]
) -> None:
    assert client.post("/queue/pause").get_json() == {"paused": True}
    for _ in range(3):
        enqueue_background_job(NOTHING)
    start_worker()
    until(lambda: client.get("/capacity").get_json()["workers"] == 1, what="a counted worker")
    found = client.get("/capacity").get_json()
    assert (found["queue_depth"], found["active_jobs"], found["paused"]) == (3, 0, True)
    client.post("/queue/resume")
    until(lambda: client.get("/capacity").get_json()["queue_depth"] == 0, what="an empty queue")
    until(lambda: client.get("/capacity").get_json()["estimated_wait_s"] == 0, what="a known wait")


def test_a_paused_queue_keeps_its_jobs_until_it_is_resumed(
    client: FlaskClient, start_worker: Callable[..., WorkerProcess]
) -> None:
    start_worker()
    assert client.post("/queue/pause").status_code == 200
    assert client.post("/queue/pause").status_code == 200
    job_id = enqueue_background_job(NOTHING).id
    until(lambda: client.get("/capacity").get_json()["paused"], what="a paused queue")
    assert client.get(f"/jobs/{job_id}").get_json()["status"] == "queued"
    assert client.post("/queue/resume").get_json() == {"paused": False}
    until(
        lambda: client.get(f"/jobs/{job_id}").get_json()["status"] == "finished",
        what="a job done after the pause",
    )
