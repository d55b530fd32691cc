"""Immediate mode: the same responses, and jobs are done when they arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from libraries.broker.in_memory import close_in_memory
from libraries.settings import Settings
from tests.watchful import watchful_client

ARTBOARD = {"width": 50, "height": 50, "pattern": "grid", "id": "now"}


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    """A client of an application in immediate mode, with no broker and no worker."""
    yield watchful_client(settings.with_values(immediate=True))
    close_in_memory(settings.broker.data_dir)


def test_the_service_is_ready_without_a_worker(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json()["parts"]["worker"]["detail"].startswith("not needed")


def test_an_artboard_is_drawn_when_the_response_arrives(client: FlaskClient) -> None:
    accepted = client.post("/artboard/create", json=ARTBOARD).get_json()
    assert accepted["status"] == "generating"
    job = client.get(f"/jobs/{accepted['job_id']}").get_json()
    assert (job["status"], job["done"], job["progress"]["percent"]) == ("finished", True, 100)
    assert client.get(f"/jobs/{job['id']}/result").get_data(as_text=True).startswith("<svg")
    assert [one["id"] for one in client.get("/jobs").get_json()["items"]] == [job["id"]]


@pytest.mark.parametrize(
    ("route", "body", "message"),
    [
        ("/artboard/create", ARTBOARD, "Job finished"),
        (
            "/jobs",
            {"task": "workers.data_tasks.process_file", "args": ["missing.csv"]},
            "Job failed",
        ),
    ],
)
def test_the_message_after_a_wait_names_the_state_of_the_job(
    client: FlaskClient, route: str, body: dict[str, object], message: str
) -> None:
    reply = client.post(route, json=body, headers={"Prefer": "wait=5"}).get_json()
    assert reply["message"] == message == f"Job {reply['status']}"


def test_a_repeated_request_gets_the_same_job(client: FlaskClient) -> None:
    replies = [
        client.post(
            "/artboard/create", json=ARTBOARD, headers={"Idempotency-Key": "one"}
        ).get_json()
        for _ in range(2)
    ]
    assert replies[0] == replies[1]
    assert len(client.get("/jobs").get_json()["items"]) == 1


def test_a_batch_is_done_when_the_response_arrives(client: FlaskClient) -> None:
    body = {
        "operation": "artboard",
        "items": [ARTBOARD | {"id": f"card-{number}"} for number in range(3)],
    }
    accepted = client.post("/batches", json=body)
    assert accepted.status_code == 202, accepted.get_json()
    batch = client.get(f"/batches/{accepted.get_json()['batch_id']}").get_json()
    assert (batch["percent"], batch["counts"]) == (100, {"finished": 3})


def test_a_delayed_job_stays_scheduled_and_can_be_canceled(client: FlaskClient) -> None:
    body = {
        "task": "workers.svg_tasks.generate_postcard_svg",
        "args": ["Ada", "Hello", "plain"],
        "delay": 3600,
    }
    accepted = client.post("/jobs", json=body).get_json()
    assert client.get(f"/jobs/{accepted['job_id']}").get_json()["status"] == "scheduled"
    assert client.post(f"/jobs/{accepted['job_id']}/cancel").get_json()["status"] == "canceled"
