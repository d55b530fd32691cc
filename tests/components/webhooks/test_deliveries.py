"""Webhook deliveries by a real worker over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook, WebhookVerificationError

from libraries.broker.connections import web_client
from libraries.broker.keys import SCHEDULED_KEY
from libraries.job_manager import cancel_job
from libraries.outbound import addresses
from libraries.settings import get_settings, use_settings
from libraries.webhooks import secret_of
from tests.conftest import REPOSITORY
from tests.docs.documents import blocks
from tests.webhook_sink import Received, Sink

RunJobs = Callable[[], None]
OWN_SECRET = secret_of(b"receiver" * 4)

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def submit(
    client: FlaskClient, sink: Sink | str, task: str = "nothing", *, key: str = "", **webhook: Any
) -> str:
    """Queue a task with a webhook; return the job id."""
    url = sink if isinstance(sink, str) else sink.url
    body = {"task": f"workers.probe_tasks.{task}", "webhook": {"url": url, **webhook}}
    response = client.post("/jobs", json=body, headers={"X-API-Key": key} if key else {})
    assert response.status_code == 202, response.get_json()
    return str(response.get_json()["job_id"])


def deliveries(client: FlaskClient, job_id: str) -> list[dict[str, Any]]:
    response = client.get(f"/jobs/{job_id}/deliveries")
    assert response.status_code == 200, response.get_json()
    items: list[dict[str, Any]] = response.get_json()["items"]
    return items


def verified(received: Received, secret: str) -> Any:
    return Webhook(secret).verify(received.body, received.headers)


def secret_shown(client: FlaskClient, key: str = "") -> str:
    return str(
        client.get("/webhooks/secret", headers={"X-API-Key": key} if key else {}).get_json()[
            "secret"
        ]
    )


def test_a_webhook_receives_the_signed_final_state_of_the_job(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(private, sink)
    run_jobs()
    (received,) = sink.received
    delivered = verified(received, secret_shown(private))
    job = private.get(f"/jobs/{job_id}").get_json()
    del job["arguments"]  # for the owner only
    assert delivered == {"type": "job.finished", "timestamp": job["ended_at"], "data": job}
    assert job["status"] == "finished"
    assert received.headers["content-type"] == "application/json"
    (delivery,) = deliveries(private, job_id)
    assert (
        delivery.items()
        >= {"event": "finished", "status": 204, "error": None, "next_attempt_at": None}.items()
    )
    assert delivery["delivery_id"] == received.headers["webhook-id"]
    assert delivery["milliseconds"] >= 0
    assert delivery["attempted_at"] >= job["ended_at"]


def test_a_webhook_receives_only_the_requested_events(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(private, sink, events=["started", "finished", "started"])
    submit(private, sink, events=["failed", "canceled"])
    run_jobs()
    delivered = [one.json for one in sink.received]
    assert sorted(one["type"] for one in delivered) == ["job.finished", "job.started"]
    job = private.get(f"/jobs/{job_id}").get_json()
    assert {one["data"]["id"] for one in delivered} == {job_id}
    assert {one["type"]: one["timestamp"] for one in delivered} == {
        "job.started": job["started_at"],
        "job.finished": job["ended_at"],
    }
    assert len({one.headers["webhook-id"] for one in sink.received}) == 2


def test_a_webhook_receives_failures_without_internal_details(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    submit(private, sink, "boom")
    run_jobs()
    (received,) = sink.received
    assert received.json["type"] == "job.failed"
    assert received.json["data"]["error_code"] == "internal-error"
    assert b"/secret/place" not in received.body


def test_a_webhook_receives_a_cancellation(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(private, sink)
    assert cancel_job(job_id)
    # Any job with a webhook makes the worker send due deliveries.
    submit(private, sink)
    run_jobs()
    assert sorted(one.json["type"] for one in sink.received) == ["job.canceled", "job.finished"]


def test_a_webhook_receives_each_job_of_a_batch(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    items = [{"width": 50, "height": 50, "pattern": "grid"}] * 3
    reply = private.post(
        "/batches", json={"operation": "artboard", "items": items, "webhook": {"url": sink.url}}
    ).get_json()
    run_jobs()
    assert sorted(one.json["data"]["id"] for one in sink.received) == sorted(reply["job_ids"])


def test_a_webhook_receives_the_file_of_an_artboard(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    body = {"width": 50, "height": 50, "id": "first", "webhook": {"url": sink.url}}
    job_id = private.post("/artboard/create", json=body).get_json()["job_id"]
    run_jobs()
    (received,) = sink.received
    assert received.json["data"]["artifacts"][0]["url"] == f"/jobs/{job_id}/result"


def test_the_secret_of_a_webhook_is_used_and_never_shown(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(private, sink, secret=OWN_SECRET)
    run_jobs()
    assert verified(sink.received[0], OWN_SECRET)["type"] == "job.finished"
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/deliveries", "/jobs", "/webhooks/secret"):
        assert OWN_SECRET not in private.get(path).get_data(as_text=True)
    assert OWN_SECRET.encode() not in sink.received[0].body


def test_the_receiver_in_the_documentation_verifies_a_message(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(private, sink)
    run_jobs()
    (program,) = blocks(REPOSITORY / "docs" / "how-to" / "webhooks.md", "python")
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own document
    received = sink.received[0]
    assert names["take"](received.body, received.headers, secret_shown(private)) == (
        job_id,
        "job.finished",
    )
    with pytest.raises(WebhookVerificationError):
        names["take"](received.body, received.headers, OWN_SECRET)


def test_each_owner_has_a_constant_secret(
    keyed: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    ann, bob = secret_shown(keyed, "ann-key"), secret_shown(keyed, "bob-key")
    assert ann != bob
    assert secret_shown(keyed, "ann-key") == ann
    submit(keyed, sink, key="bob-key")
    run_jobs()
    assert verified(sink.received[0], bob)["type"] == "job.finished"
    assert keyed.get("/webhooks/secret").status_code == 401


def test_a_secret_in_the_settings_applies_to_all_owners(
    keyed: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    use_settings(get_settings().with_values(webhook_secret=OWN_SECRET))
    assert secret_shown(keyed, "ann-key") == secret_shown(keyed, "bob-key") == OWN_SECRET
    submit(keyed, sink, key="ann-key")
    run_jobs()
    assert verified(sink.received[0], OWN_SECRET)["type"] == "job.finished"


def test_an_unreachable_receiver_is_recorded_with_the_next_attempt(
    private: FlaskClient, run_jobs: RunJobs
) -> None:
    with Sink(503) as sink:
        job_id = submit(private, sink)
        run_jobs()
    (delivery,) = deliveries(private, job_id)
    assert (delivery["status"], delivery["error"]) == (503, "the receiver answered 503")
    ((_, due),) = cast(
        "list[tuple[bytes, float]]",
        web_client(get_settings()).zrange(SCHEDULED_KEY, 0, -1, withscores=True),
    )
    assert datetime.fromisoformat(delivery["next_attempt_at"]).timestamp() == pytest.approx(
        due, abs=0.5
    )
    assert private.get(f"/jobs/{job_id}").get_json()["status"] == "finished"


def test_a_receiver_that_rejects_a_message_is_not_retried(
    private: FlaskClient, run_jobs: RunJobs
) -> None:
    with Sink(410) as sink:
        job_id = submit(private, sink)
        run_jobs()
        run_jobs()
        assert len(sink.received) == 1
    (delivery,) = deliveries(private, job_id)
    assert (delivery["status"], delivery["next_attempt_at"]) == (410, None)


def test_a_redirect_to_another_host_is_not_followed(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    with Sink(302, headers={"Location": sink.url}) as turning:
        job_id = submit(private, turning)
        run_jobs()
        assert len(turning.received) == 1
    assert sink.received == []
    assert (
        deliveries(private, job_id)[0]["error"]
        == "the receiver answered 302; redirects are not followed"
    )


def test_a_host_that_became_private_before_delivery_is_not_called(
    client: FlaskClient, sink: Sink, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "look_up", lambda host, port: ["93.184.215.14"])
    job_id = submit(client, f"http://hooks.example:{sink.port}/")
    monkeypatch.setattr(addresses, "look_up", lambda host, port: ["127.0.0.1"])
    run_jobs()
    assert sink.received == []
    (delivery,) = deliveries(client, job_id)
    assert (delivery["status"], delivery["next_attempt_at"]) == (None, None)
    assert delivery["error"] == "the host was not found or has an address that is not public"


def test_a_message_is_sent_again_on_request_under_the_same_id(
    private: FlaskClient, run_jobs: RunJobs
) -> None:
    with Sink(400, 204) as sink:
        job_id = submit(private, sink)
        run_jobs()
        (delivery,) = deliveries(private, job_id)
        response = private.post(f"/jobs/{job_id}/deliveries/{delivery['delivery_id']}/redeliver")
        assert response.status_code == 202
        reply = response.get_json()
        assert response.headers["Location"] == f"/jobs/{reply['job_id']}"
        assert reply["delivery_id"] == delivery["delivery_id"]
        run_jobs()
    first, second = sink.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert verified(second, secret_shown(private))["type"] == "job.finished"
    assert [one["status"] for one in deliveries(private, job_id)] == [204, 400]
    assert private.get(f"/jobs/{reply['job_id']}").get_json()["status"] == "finished"


def test_an_unknown_delivery_cannot_be_repeated(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id, other = submit(private, sink), submit(private, sink)
    run_jobs()
    theirs = deliveries(private, other)[0]["delivery_id"]
    for delivery_id in ("msg_0", theirs, "x" * 200, "%00", "a b"):
        response = private.post(f"/jobs/{job_id}/deliveries/{delivery_id}/redeliver")
        assert (response.status_code, response.get_json()["type"]) == (
            404,
            "/problems/delivery-not-found",
        )


def test_a_job_without_a_webhook_has_no_deliveries(private: FlaskClient) -> None:
    job_id = private.post("/jobs", json={"task": "workers.probe_tasks.nothing"}).get_json()[
        "job_id"
    ]
    assert deliveries(private, job_id) == []


@pytest.mark.parametrize("job_id", ["unknown", "a b", "x" * 129, "%00", "..%2f"])
def test_an_unknown_job_has_no_deliveries(private: FlaskClient, job_id: str) -> None:
    assert private.get(f"/jobs/{job_id}/deliveries").status_code == 404


def test_deliveries_are_visible_to_the_owner_of_the_job_only(
    keyed: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(keyed, sink, key="ann-key")
    run_jobs()
    path = f"/jobs/{job_id}/deliveries"
    delivery_id = keyed.get(path, headers={"X-API-Key": "ann-key"}).get_json()["items"][0][
        "delivery_id"
    ]
    assert keyed.get(path, headers={"X-API-Key": "bob-key"}).status_code == 404
    assert (
        keyed.post(f"{path}/{delivery_id}/redeliver", headers={"X-API-Key": "bob-key"}).status_code
        == 404
    )


def test_the_task_sends_nothing_about_jobs_of_other_owners(
    keyed: FlaskClient, sink: Sink, run_jobs: RunJobs
) -> None:
    job_id = submit(keyed, sink, key="ann-key", events=["failed"])
    call = {"job_id": job_id, "event": "finished", "delivery_id": "msg_1"}
    body = {"task": "workers.webhook_tasks.deliver_webhook", "kwargs": call}
    forged = keyed.post("/jobs", json=body, headers={"X-API-Key": "bob-key"}).get_json()["job_id"]
    run_jobs()
    assert sink.received == []
    job = keyed.get(f"/jobs/{forged}", headers={"X-API-Key": "bob-key"}).get_json()
    assert (job["status"], job["error_code"]) == ("failed", "job-not-found")


@pytest.mark.parametrize(
    "call",
    [
        {"event": "queued"},
        {"delivery_id": "a\r\nX: b"},
        {"delivery_id": ""},
        {"delivery_id": "x" * 65},
    ],
)
def test_the_task_rejects_invalid_events_and_ids(
    private: FlaskClient, sink: Sink, run_jobs: RunJobs, call: dict[str, str]
) -> None:
    kwargs = {
        "job_id": submit(private, sink, events=["failed"]),
        "event": "finished",
        "delivery_id": "msg_1",
        **call,
    }
    body = {"task": "workers.webhook_tasks.deliver_webhook", "kwargs": kwargs}
    delivery_job = private.post("/jobs", json=body).get_json()["job_id"]
    run_jobs()
    assert sink.received == []
    assert private.get(f"/jobs/{delivery_job}").get_json()["error_code"] == "bad-delivery"


def test_the_task_fails_for_a_job_without_a_webhook(
    private: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = private.post("/jobs", json={"task": "workers.probe_tasks.nothing"}).get_json()[
        "job_id"
    ]
    call = {"job_id": job_id, "event": "finished", "delivery_id": "msg_1"}
    delivery_job = private.post(
        "/jobs", json={"task": "workers.webhook_tasks.deliver_webhook", "kwargs": call}
    ).get_json()["job_id"]
    run_jobs()
    assert private.get(f"/jobs/{delivery_job}").get_json()["error_code"] == "no-webhook"


def test_without_a_broker_the_secret_is_unavailable(
    private: FlaskClient, private_broker: Any
) -> None:
    private_broker.stop()
    assert private.get("/webhooks/secret").status_code == 503
