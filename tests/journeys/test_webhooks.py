"""Webhooks of the whole service over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import ANY

from standardwebhooks import Webhook

from tests.conftest import until
from tests.journeys.conftest import Service
from tests.webhook_sink import Sink


def test_a_drawing_is_reported_with_a_signature_until_accepted_and_again_on_request(
    start_service: Callable[..., Service],
) -> None:
    service = start_service(WEBHOOK_PRIVATE="1")
    with Sink(500, 204) as sink:
        webhook = {"url": sink.url, "events": ["finished"]}
        _, accepted = service.request(
            "POST", "/artboard/create", {"width": 80, "height": 80, "webhook": webhook}
        )
        until(lambda: len(sink.received) == 2, seconds=20, what="a second attempt")
        job = f"/jobs/{accepted['job_id']}"
        until(
            lambda: len(service.request("GET", f"{job}/deliveries")[1]["items"]) == 2,
            what="the note of it",
        )
        _, log = service.request("GET", f"{job}/deliveries")
        assert [one["status"] for one in log["items"]] == [204, 500]
        again = f"{job}/deliveries/{log['items'][0]['delivery_id']}/redeliver"
        assert service.request("POST", again)[0] == 202
        until(lambda: len(sink.received) == 3, what="another delivery")
    _, shown = service.request("GET", "/webhooks/secret")
    delivered = [Webhook(shown["secret"]).verify(one.body, one.headers) for one in sink.received]
    assert {one["type"] for one in delivered} == {"job.finished"}
    # The receiver may be somebody else: it does not get the arguments.
    state = service.request("GET", job)[1]
    # Only the state lists the formats of the drawing.
    del state["links"]["formats"]
    assert {**delivered[0]["data"], "arguments": ANY} == state
    assert "arguments" not in delivered[0]["data"]
    assert len({one.headers["webhook-id"] for one in sink.received}) == 1
    assert int(sink.received[1].headers["webhook-timestamp"]) > int(
        sink.received[0].headers["webhook-timestamp"]
    )


def test_by_default_the_service_calls_no_local_address(
    shared_service: Service,
) -> None:
    with Sink() as sink:
        webhook = {"url": sink.url}
        status, problem = shared_service.request(
            "POST", "/artboard/create", {"width": 80, "height": 80, "webhook": webhook}
        )
        shared_service.draw()
    assert (status, problem["errors"][0]["pointer"]) == (422, "#/webhook/url")
    assert sink.received == []
