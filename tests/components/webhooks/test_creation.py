"""Validation of webhooks at submission."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.job_manager.control import capacity
from libraries.outbound import addresses
from libraries.webhooks import secret_of
from tests.webhook_sink import Sink

ARTBOARD = {"width": 100, "height": 100}
ROUTES: dict[str, dict[str, Any]] = {
    "/artboard/create": ARTBOARD,
    "/jobs": {"task": "workers.probe_tasks.nothing"},
    "/batches": {"operation": "artboard", "items": [ARTBOARD]},
}
SECRET = secret_of(bytes(32))
# Each URL refers to this machine or to another address that webhooks must not reach.
ATTACKS = [
    "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}",
    "https://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://0x7f000001:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://127.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://100.64.0.1/",
    "http://10.0.0.1/",
    "http://192.168.1.1:{port}/",
    "http://[fd00::]/",
    "http://[fe80::1%25lo]:{port}/",
    "http://localhost:{port}/",
    "http://localhost.:{port}/",
    "http://LOCALHOST:{port}/",
    "http://hooks.localhost:{port}/",
    "http://hooks.example:{port}/",
    "http://user@hooks.example:{port}/",
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://ⓛocalhost:{port}/",
    "http://localhost%2e:{port}/",
    "http://1.1.1.1:6379/",
    "http://1.1.1.1:22/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "",
]

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def send(client: FlaskClient, route: str, webhook: object) -> TestResponse:
    return client.post(route, json={**ROUTES[route], "webhook": webhook})


def pointers(response: TestResponse) -> list[str]:
    assert response.status_code == 422, response.get_json()
    return sorted(error["pointer"] for error in response.get_json()["errors"])


@pytest.mark.parametrize("route", ROUTES)
def test_a_private_url_is_rejected_and_nothing_is_queued(
    route: str, client: FlaskClient, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "look_up", lambda host, port: ["127.0.0.1"])
    urls = [url.format(port=sink.port) for url in ATTACKS]
    replies = {url: send(client, route, {"url": url}) for url in urls}
    assert [url for url, reply in replies.items() if reply.status_code != 422] == []
    assert [url for url, reply in replies.items() if pointers(reply) != ["#/webhook/url"]] == []
    assert capacity()["queue_depth"] == 0
    assert sink.received == []


@pytest.mark.parametrize("route", ROUTES)
def test_an_unresolvable_host_is_rejected(
    route: str, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "look_up", lambda host, port: [])
    assert pointers(send(client, route, {"url": "http://nowhere.example/"})) == ["#/webhook/url"]
    assert capacity()["queue_depth"] == 0


@pytest.mark.parametrize(
    ("webhook", "wrong"),
    [
        ({}, ["#/webhook/url"]),
        ({"url": 7}, ["#/webhook/url"]),
        ({"url": None}, ["#/webhook/url"]),
        ({"url": "http://1.1.1.1/", "method": "GET"}, ["#/webhook/method"]),
        ({"url": "http://1.1.1.1/", "events": []}, ["#/webhook/events"]),
        ({"url": "http://1.1.1.1/", "events": "finished"}, ["#/webhook/events"]),
        ({"url": "http://1.1.1.1/", "events": ["finished"] * 6}, ["#/webhook/events"]),
        ({"url": "http://1.1.1.1/", "events": ["finished", "queued"]}, ["#/webhook/events/1"]),
        ({"url": "http://1.1.1.1/", "secret": "hunter2"}, ["#/webhook/secret"]),
        ({"url": "ftp://1.1.1.1/", "secret": SECRET + "!"}, ["#/webhook/secret", "#/webhook/url"]),
        ("http://1.1.1.1/", ["#/webhook"]),
        (["http://1.1.1.1/"], ["#/webhook"]),
        (True, ["#/webhook"]),
    ],
)
def test_an_invalid_webhook_is_rejected(
    client: FlaskClient, webhook: object, wrong: list[str]
) -> None:
    assert [pointers(send(client, route, webhook)) for route in ROUTES] == [wrong] * len(ROUTES)
    assert capacity()["queue_depth"] == 0


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "webhook",
    [
        None,
        {"url": "http://1.1.1.1/"},
        {
            "url": "https://[2606:4700::1111]:8443/a?b",
            "events": ["started", "started"],
            "secret": SECRET,
        },
    ],
)
def test_a_webhook_to_a_public_address_is_accepted(
    client: FlaskClient, route: str, webhook: object
) -> None:
    assert send(client, route, webhook).status_code in (200, 202)
    assert capacity()["queue_depth"] == 1


def test_a_webhook_belongs_to_a_batch_and_not_to_its_items(client: FlaskClient) -> None:
    items = [
        ARTBOARD,
        {**ARTBOARD, "webhook": {"url": "http://1.1.1.1/"}},
        {**ARTBOARD, "webhook": None},
    ]
    response = client.post("/batches", json={"operation": "artboard", "items": items})
    assert pointers(response) == ["#/items/1/webhook"]
    assert capacity()["queue_depth"] == 0


def test_items_of_a_batch_are_validated_before_a_host_is_resolved(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []

    def look_up(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["1.1.1.1"]

    monkeypatch.setattr(addresses, "look_up", look_up)
    body = {
        "operation": "artboard",
        "items": [{"width": -1}],
        "webhook": {"url": "http://hooks.example/"},
    }
    assert client.post("/batches", json=body).status_code == 422
    assert looked_up == []
    assert client.post("/batches", json={**body, "items": [ARTBOARD] * 3}).status_code == 202
    assert looked_up == ["hooks.example"]
