"""`GET /statistics`, `GET /workers` and counts of other owners, with real jobs."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import Settings, parse_api_keys
from tests.conftest import WorkerProcess, until
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
LONG = "workers.example_tasks.example_long_task"
POSTCARD = "workers.svg_tasks.generate_postcard_svg"


@pytest.fixture
def client(settings: Settings, broker: EmbeddedBroker) -> FlaskClient:
    keys = ";".join(
        f"{name}:{sha256(name.encode()).hexdigest()}{scope}"
        for name, scope in (("ann", ""), ("bob", ""), ("boss", ":admin"))
    )
    return watchful_client(settings.with_values(api_keys=parse_api_keys(keys.replace(";", ","))))


def get(client: FlaskClient, key: str, address: str) -> Any:
    reply = client.get(address, headers={"X-API-Key": key})
    assert reply.status_code == 200, reply.get_json()
    return reply.get_json()


def post(client: FlaskClient, key: str, template: str) -> str:
    body = {"task": POSTCARD, "kwargs": CARD | {"template_name": template}, "retry": {"max": 0}}
    reply = client.post("/jobs", json=body, headers={"X-API-Key": key})
    return str(reply.get_json()["job_id"])


def test_ended_jobs_are_counted_by_time_task_cause_and_owner(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    post(client, "ann", "plain")
    failed = [post(client, "ann", f"plaid{number}") for number in range(2)]
    post(client, "bob", "plain")
    run_jobs()
    for period, steps in (("hour", 60), ("day", 96), ("week", 168)):
        found = get(client, "ann", f"/statistics?period={period}")
        assert {name: (sum(one), len(one)) for name, one in found["series"].items()} == {
            "finished": (1, steps),
            "failed": (2, steps),
            "retried": (0, steps),
            "stopped": (0, steps),
            "canceled": (0, steps),
        }
        (task,) = found["tasks"]
        assert (task["task"], task["finished"], task["failed"]) == (POSTCARD, 1, 2)
        assert task["mean_s"] > 0
        (cause,) = found["causes"]
        assert cause["cause"] == "unknown template '…'; known: birthday, plain, thank_you"
        assert (cause["jobs"], cause["error_code"]) == (2, "unknown-template")
        assert cause["last_job"] in failed
        assert "owners" not in found
    # The query of a cause finds its jobs.
    listed = client.get(
        "/jobs",
        query_string={"status": "failed", "task": cause["task"], "q": cause["q"]},
        headers={"X-API-Key": "ann"},
    ).get_json()
    assert sorted(one["id"] for one in listed["items"]) == sorted(failed)


def test_an_administrator_sees_all_owners(client: FlaskClient, run_jobs: RunJobs) -> None:
    post(client, "ann", "plain")
    post(client, "bob", "plaid")
    run_jobs()
    post(client, "bob", "plain")
    found = get(client, "boss", "/statistics?owner=*")
    assert (sum(found["series"]["finished"]), sum(found["series"]["failed"])) == (1, 1)
    owners = {one["owner"]: one for one in found["owners"]}
    assert (owners["bob"]["waiting"], owners["bob"]["failed"], owners["ann"]["finished"]) == (
        1,
        1,
        1,
    )
    assert get(client, "boss", "/statistics?owner=bob")["tasks"][0]["failed"] == 1
    assert get(client, "boss", "/statistics")["tasks"] == []
    assert get(client, "boss", "/jobs/counts?owner=*")["total"] == 3
    assert get(client, "boss", "/jobs/counts?owner=bob")["counts"] == {"failed": 1, "queued": 1}
    for address in ("/statistics?owner=*", "/jobs/counts?owner=bob"):
        assert client.get(address, headers={"X-API-Key": "ann"}).status_code == 403


def test_causes_beyond_the_limit_are_counted_together(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    post(client, "ann", "plaid")
    run_jobs()
    get(client, "ann", "/statistics")
    (key,) = web_client().keys("vector:history:causes:*:ann")
    web_client().hset(key, mapping={f"task\ncode\ncause {n}": "1 0 old" for n in range(300)})
    body = {"task": "workers.data_tasks.process_file", "kwargs": {"file_path": "missing.csv"}}
    client.post("/jobs", json=body | {"retry": {"max": 0}}, headers={"X-API-Key": "ann"})
    run_jobs()
    causes = get(client, "ann", "/statistics")["causes"]
    assert {one["error_code"] for one in causes} == {"unknown-template", "other"}


def test_workers_are_listed_with_the_jobs_that_the_caller_may_see(
    client: FlaskClient, start_worker: Callable[..., WorkerProcess]
) -> None:
    start_worker()
    reply = client.post(
        "/jobs",
        json={"task": LONG, "kwargs": {"seconds": 60}},
        headers={"X-API-Key": "ann"},
    )
    job_id = reply.get_json()["job_id"]

    def running(key: str) -> Any:
        return [one["job"] for one in get(client, key, "/workers")["workers"]]

    until(lambda: any(running("ann")), what="a running job")
    (worker,) = get(client, "ann", "/workers")["workers"]
    assert worker["state"] == "busy"
    assert (worker["job"]["id"], worker["job"]["task"]) == (job_id, LONG)
    assert running("bob") == [None]
    assert running("boss")[0]["owner"] == "ann"
    client.post(f"/jobs/{job_id}/cancel", headers={"X-API-Key": "ann"})
