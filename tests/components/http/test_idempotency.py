"""The header Idempotency-Key, against a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from components.http.idempotency_keys import KeyedRequest
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager.backends import background_queue
from libraries.settings import ApiKey, Settings, get_settings
from tests.conftest import until
from tests.watchful import watchful_client

BOARD = {"width": 100, "height": 60}
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
MAIL = {"recipient": ["ann@example.com", "bob@example.com"], "subject": "Ready"}
NOTHING = {"task": "workers.probe_tasks.nothing"}
# A body for each submitting route, and the number of its jobs.
QUEUEING: list[tuple[str, dict[str, Any], int]] = [
    ("/artboard/create", BOARD, 1),
    ("/postcards", CARD, 1),
    ("/emails", MAIL, 1),
    ("/jobs", NOTHING, 1),
    ("/batches", {"operation": "artboard", "items": [BOARD] * 3}, 3),
]

pytestmark = pytest.mark.usefixtures("probe_tasks")
every_queueing_route = pytest.mark.parametrize(
    ("address", "body", "jobs"), QUEUEING, ids=[row[0] for row in QUEUEING]
)


def send(
    client: FlaskClient, address: str, body: dict[str, Any], key: str = "order-17", **headers: str
) -> TestResponse:
    return client.post(address, json=body, headers={"Idempotency-Key": key, **headers})


def waiting() -> list[str]:
    return list(background_queue(web_client(get_settings())).get_job_ids())


def kind_of(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["type"].removeprefix("/problems/")


@pytest.mark.usefixtures("broker")
@every_queueing_route
def test_a_repeated_request_is_answered_again_and_executed_once(
    client: FlaskClient, address: str, body: dict[str, Any], jobs: int
) -> None:
    first, again = send(client, address, body), send(client, address, body)
    assert first.status_code in (200, 202)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    for name in ("Location", "Retry-After", "Content-Type", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert len(waiting()) == jobs
    other = send(client, address, body, "order-18")
    assert other.get_data() != first.get_data()
    assert len(waiting()) == 2 * jobs


@pytest.mark.usefixtures("broker")
def test_without_a_key_every_request_is_a_new_one(client: FlaskClient) -> None:
    for _ in range(2):
        assert client.post("/postcards", json=CARD).status_code == 202
    assert len(waiting()) == 2


@pytest.mark.usefixtures("broker")
def test_json_with_another_format_is_the_same_request(client: FlaskClient) -> None:
    first = send(client, "/artboard/create", BOARD)
    again = client.post(
        "/artboard/create",
        data='{ "height":60,\n"width" : 100}',
        headers={"Idempotency-Key": "order-17", "Content-Type": "application/json"},
    )
    assert again.get_data() == first.get_data()
    assert len(waiting()) == 1


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("change", [{"message": "Goodbye"}, {"recipient": "Bob"}])
def test_a_key_reused_with_another_request_is_rejected(
    client: FlaskClient, change: dict[str, str]
) -> None:
    send(client, "/postcards", CARD)
    response = send(client, "/postcards", {**CARD, **change})
    assert kind_of(response) == (422, "idempotency-mismatch")
    assert [error["header"] for error in response.get_json()["errors"]] == ["Idempotency-Key"]
    assert len(waiting()) == 1


@pytest.mark.usefixtures("broker")
def test_a_key_belongs_to_its_route(client: FlaskClient) -> None:
    assert send(client, "/postcards", CARD).status_code == 202
    assert "Idempotency-Replayed" not in send(client, "/jobs", NOTHING).headers
    assert len(waiting()) == 2


@pytest.mark.usefixtures("broker")
def test_a_key_belongs_to_its_owner(settings: Settings) -> None:
    keys = tuple(ApiKey(name, sha256(name.encode()).digest()) for name in ("ann", "bob"))
    client = watchful_client(settings.with_values(api_keys=keys))
    anns = send(client, "/postcards", CARD, **{"X-API-Key": "ann"})
    bobs = send(client, "/postcards", CARD, **{"X-API-Key": "bob"})
    assert "Idempotency-Replayed" not in bobs.headers
    assert anns.get_json()["job_id"] != bobs.get_json()["job_id"]
    different = send(
        client, "/postcards", {**CARD, "message": "Hi"}, "order-18", **{"X-API-Key": "bob"}
    )
    assert different.status_code == 202
    assert send(client, "/postcards", CARD, **{"X-API-Key": "ann"}).get_data() == anns.get_data()


@pytest.mark.usefixtures("broker")
def test_a_rejected_request_can_be_corrected_and_sent_with_the_same_key(
    settings: Settings,
) -> None:
    client = watchful_client(settings.with_values(max_queue=1))
    assert send(client, "/postcards", {**CARD, "message": ""}).status_code == 422
    blocking = client.post("/jobs", json=NOTHING).get_json()["job_id"]
    assert kind_of(send(client, "/postcards", CARD)) == (429, "queue-full")
    client.delete(f"/jobs/{blocking}")
    assert send(client, "/postcards", CARD).status_code == 202
    assert len(waiting()) == 1


@pytest.mark.usefixtures("broker")
def test_a_request_conflicts_while_the_first_one_is_in_progress(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.jobs.submissions import job_plan

    seen: list[TestResponse] = []

    def with_a_second_request(fields: dict[str, Any]) -> Any:
        second = threading.Thread(
            target=lambda: seen.append(send(client.application.test_client(), "/jobs", NOTHING))
        )
        second.start()
        second.join(10)
        return job_plan(fields)

    monkeypatch.setattr("components.jobs.main.job_plan", with_a_second_request)
    assert send(client, "/jobs", NOTHING).status_code == 202
    (second,) = seen
    assert kind_of(second) == (409, "idempotency-conflict")
    assert int(second.headers["Retry-After"]) >= 1
    assert send(client, "/jobs", NOTHING).headers["Idempotency-Replayed"] == "true"


@pytest.mark.usefixtures("broker")
@every_queueing_route
def test_a_crash_before_the_response_is_stored_makes_no_second_job(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    body: dict[str, Any],
    jobs: int,
) -> None:
    def crash(_: KeyedRequest, __: object) -> NoReturn:
        raise RuntimeError("the power went")

    monkeypatch.setattr("components.http.idempotency_keys.REQUEST_TIMEOUT_S", 1)
    with monkeypatch.context() as broken:
        broken.setattr(KeyedRequest, "keep", crash)
        assert send(client, address, body).status_code == 500
    queued = waiting()
    assert len(queued) == jobs
    assert kind_of(send(client, address, body)) == (409, "idempotency-conflict")
    replies: list[TestResponse] = []

    def completed() -> bool:
        replies.append(send(client, address, body))
        return replies[-1].status_code != 409

    until(completed, what="the end of the first request's time")
    reply = replies[-1].get_json()
    assert replies[-1].status_code in (200, 202)
    assert "Idempotency-Replayed" not in replies[-1].headers
    assert waiting() == queued
    assert reply.get("job_ids", [reply.get("job_id")]) == queued
    if "seed" in reply:
        record = background_queue(web_client(get_settings())).fetch_job(queued[0])
        assert record is not None
        assert record.kwargs["seed"] == reply["seed"]


@pytest.mark.usefixtures("broker")
def test_after_a_crash_another_request_with_the_key_gets_a_separate_job(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: KeyedRequest, __: object) -> NoReturn:
        raise RuntimeError("the power went")

    monkeypatch.setattr("components.http.idempotency_keys.REQUEST_TIMEOUT_S", 1)
    with monkeypatch.context() as broken:
        broken.setattr(KeyedRequest, "keep", crash)
        send(client, "/postcards", CARD)
    other = {**CARD, "message": "Goodbye"}
    until(lambda: send(client, "/postcards", other).status_code == 202, what="a free key")
    assert len(set(waiting())) == 2


@pytest.mark.usefixtures("broker")
def test_a_response_that_cannot_be_stored_is_still_returned(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: KeyedRequest, __: object) -> NoReturn:
        raise QueueUnavailable("away")

    monkeypatch.setattr(KeyedRequest, "keep", away)
    assert send(client, "/postcards", CARD).status_code == 202


@pytest.mark.usefixtures("broker")
def test_fifty_concurrent_requests_with_one_key_are_one_job(client: FlaskClient) -> None:
    replies: list[TestResponse] = []
    start = threading.Barrier(50)

    def send_once() -> None:
        one = client.application.test_client()
        start.wait(30)
        replies.append(send(one, "/postcards", CARD))

    threads = [threading.Thread(target=send_once) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(replies) == 50
    assert {reply.status_code for reply in replies} <= {202, 409}
    assert len({reply.get_json()["job_id"] for reply in replies if reply.status_code == 202}) == 1
    assert (
        sum(
            1
            for reply in replies
            if reply.status_code == 202 and "Idempotency-Replayed" not in reply.headers
        )
        == 1
    )
    assert len(waiting()) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9", "a\tb", "a\x7f"])
def test_a_key_that_is_not_1_to_255_printable_characters_is_rejected_without_the_broker(
    client: FlaskClient, key: str
) -> None:
    response = send(client, "/postcards", CARD, key)
    assert kind_of(response) == (422, "validation-error")
    assert [error["header"] for error in response.get_json()["errors"]] == ["Idempotency-Key"]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("key", ["a", "x" * 255, "a b", "~!@#$%^&*()"])
def test_any_printable_key_is_accepted(client: FlaskClient, key: str) -> None:
    assert send(client, "/postcards", CARD, key).status_code == 202


def test_a_request_that_queues_nothing_needs_no_broker_for_its_key(client: FlaskClient) -> None:
    response = send(client, "/artboard/create", {**BOARD, "complexity": "simple"})
    assert response.status_code == 200
    assert set(response.get_json()) == {"svg"}


def test_without_a_broker_a_request_with_a_key_gets_retry_after(
    client: FlaskClient,
) -> None:
    assert kind_of(send(client, "/postcards", CARD)) == (503, "queue-unavailable")


def test_a_job_is_retried_once_for_repeated_requests_with_one_key(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    fields = {"task": "workers.probe_tasks.refuse", "retry": {"max": 0}}
    job_id = client.post("/jobs", json=fields).get_json()["job_id"]
    run_jobs()
    first = client.post(f"/jobs/{job_id}/retry", headers={"Idempotency-Key": "again"})
    run_jobs()
    second = client.post(f"/jobs/{job_id}/retry", headers={"Idempotency-Key": "again"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert waiting() == []


@pytest.mark.usefixtures("broker")
def test_a_response_is_stored_for_a_day(client: FlaskClient) -> None:
    send(client, "/postcards", CARD)
    broker = web_client(get_settings())
    (kept,) = broker.scan_iter("vector:idempotency:*")
    assert 86_000 < int(broker.ttl(kept)) <= 86_400


def test_every_post_route_supports_the_key(client: FlaskClient) -> None:
    """Covers routes that are added later."""
    document = client.get("/openapi.json").get_json()
    posts = {
        path: operations["post"]
        for path, operations in document["paths"].items()
        if "post" in operations
    }
    without = {
        path for path, post in posts.items() if "Idempotency-Key" not in str(post.get("parameters"))
    }
    assert len(posts) >= 12
    # It changes nothing: a repeated request draws the same sheet.
    assert without == {"/artboard/render"}


@pytest.mark.usefixtures("broker")
def test_a_repeated_cancellation_does_not_cancel_the_next_attempt(
    client: FlaskClient,
) -> None:
    job_id = client.post("/artboard/create", json={"width": 50, "height": 50}).get_json()["job_id"]
    for _ in range(2):
        repeated = client.post(f"/jobs/{job_id}/cancel", headers={"Idempotency-Key": "once"})
        assert (repeated.status_code, repeated.get_json()["status"]) == (200, "canceled")
        client.post(f"/jobs/{job_id}/retry")
    assert client.get(f"/jobs/{job_id}").get_json()["status"] == "queued"
