"""Requests a minute, and the headers of the limits of an owner."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from components.http.server.request_limits import BrokerCounts, RequestLimiter
from libraries.accounts import request_counts
from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import Settings
from tests.components.http.test_access import ANN, ANN_NEW, BOB, CARD, send, with_keys
from tests.watchful import watchful_client

# An item of a list of structured fields (RFC 9651): a string with parameters that are integers or strings.
ITEM = re.compile(r'"([a-z-]+)"((?:;[a-z]+=(?:\d{1,15}|"[a-z-]+"))*)', re.ASCII)


def fields(text: str) -> dict[str, dict[str, str]]:
    """The items of a structured list by name, with their parameters."""
    found = {}
    for item in text.split(", "):
        parsed = ITEM.fullmatch(item)
        assert parsed, text
        parameters = (one.split("=") for one in parsed[2].split(";")[1:])
        found[parsed[1]] = {name: value.strip('"') for name, value in parameters}
    return found


def limited(settings: Settings, **limits: int) -> FlaskClient:
    return fresh(with_keys(settings).with_values(**limits))


def fresh(settings: Settings) -> FlaskClient:
    """A client of a new application: others have counted requests."""
    return watchful_client(settings, create_app(settings))


@pytest.mark.usefixtures("broker")
def test_an_owner_over_the_limit_waits_and_others_do_not(settings: Settings) -> None:
    client = limited(settings, owner_requests=3)
    for number, key in enumerate((ANN, ANN_NEW, ANN), 1):
        response = send(client, "GET", "/papers", key)
        assert response.status_code == 200
        assert fields(response.headers["RateLimit-Policy"]) == {"requests": {"q": "3", "w": "60"}}
        state = fields(response.headers["RateLimit"])["requests"]
        assert (state["r"], 1 <= int(state["t"]) <= 60) == (str(3 - number), True)
    refused = send(client, "GET", "/papers", ANN)
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.get_json()["type"] == "/problems/request-limit"
    assert "3 requests a minute" in refused.get_json()["detail"]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert fields(refused.headers["RateLimit"])["requests"]["r"] == "0"
    assert send(client, "GET", "/papers", BOB).status_code == 200


@pytest.mark.usefixtures("broker")
def test_health_pages_files_and_the_operator_are_not_limited(settings: Settings) -> None:
    keyed = with_keys(settings)
    ann, *others = keyed.access.api_keys
    admin = ann._replace(scopes=frozenset({"admin"}))
    client = fresh(keyed.with_values(api_keys=(admin, *others), owner_requests=1))
    assert send(client, "GET", "/papers", ANN).status_code == 200
    assert send(client, "GET", "/papers", ANN).status_code == 429
    for path in ("/healthz", "/readyz", "/docs", "/assets/access.js", "/metrics"):
        response = send(client, "GET", path, ANN)
        assert response.status_code in (200, 503), path
        assert "RateLimit" not in response.headers
    assert send(client, "POST", "/queue/resume", ANN).status_code == 200
    assert send(client, "OPTIONS", "/papers", ANN).status_code == 200


@pytest.mark.usefixtures("broker")
def test_a_refused_request_does_not_show_the_limits_of_an_earlier_one(settings: Settings) -> None:
    client = limited(settings)
    assert "RateLimit" in send(client, "POST", "/postcards", ANN, json=CARD).headers
    for path, key, status in (("/papers", None, 401), ("/queue/pause", BOB, 403)):
        response = send(client, "POST" if status == 403 else "GET", path, key)
        assert response.status_code == status
        assert "RateLimit" not in response.headers


def test_repeated_polls_of_an_ended_job_count_until_the_limit_and_the_expiry(
    settings: Settings, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed = with_keys(settings)
    ann, *others = keyed.access.api_keys
    ann = ann._replace(expires_at=time.time() + 1000)
    client = fresh(keyed.with_values(api_keys=(ann, *others), owner_requests=9))
    job_id = send(client, "POST", "/postcards", ANN, json=CARD).get_json()["job_id"]
    run_jobs()
    polls = [send(client, "GET", f"/jobs/{job_id}", ANN) for _ in range(9)]
    assert [one.status_code for one in polls] == [200] * 8 + [429]
    left = [fields(one.headers["RateLimit"])["requests"]["r"] for one in polls]
    assert left == ["7", "6", "5", "4", "3", "2", "1", "0", "0"]
    now = time.time() + 2000
    monkeypatch.setattr("components.http.access.time.time", lambda: now)
    assert send(client, "GET", f"/jobs/{job_id}", ANN).status_code == 401


@pytest.mark.usefixtures("broker")
def test_without_keys_requests_are_not_limited(settings: Settings) -> None:
    client = fresh(settings)
    assert "RateLimit" not in client.get("/papers").headers
    assert not list(web_client().scan_iter(keys.request_count_key("*")))


@pytest.mark.usefixtures("broker")
def test_without_keys_a_limit_that_is_set_applies_to_each_address(settings: Settings) -> None:
    client = fresh(settings.with_values(owner_requests=1))

    def status(address: str) -> int:
        return client.get("/papers", environ_overrides={"REMOTE_ADDR": address}).status_code

    assert [status(one) for one in ("192.0.2.1", "192.0.2.1", "192.0.2.2")] == [200, 429, 200]


@pytest.mark.usefixtures("broker")
def test_two_processes_share_a_limit(settings: Settings) -> None:
    first, second = (RequestLimiter(4) for _ in range(2))
    with_keys(settings)
    left = [limiter.count("ann").remaining for limiter in (first, second) * 3]
    assert left == [3, 2, 1, 0, -1, -1]


@pytest.mark.usefixtures("broker")
def test_a_process_takes_requests_in_blocks_and_uses_them_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    ask = request_counts.count_requests

    def count(*arguments: Any) -> tuple[int, float]:
        asked.append(arguments)
        return ask(*arguments)

    monkeypatch.setattr("components.http.server.request_limits.count_requests", count)
    monkeypatch.setattr(BrokerCounts, "MAX_WAIT_S", 60.0)
    limiter = RequestLimiter(1000)
    with ThreadPoolExecutor(8) as pool:
        quotas = list(pool.map(lambda _: limiter.count("ann"), range(1005)))
    assert sum(one.remaining >= 0 for one in quotas) == 1000
    # A hundredth of the limit at a time.
    assert len(asked) == 101


@pytest.mark.usefixtures("broker")
def test_blocks_that_two_threads_take_at_once_are_both_used() -> None:
    counts = BrokerCounts(10)
    taken = [counts._take("ann", 60, 1) for _ in range(2)]
    assert taken + [counts.incr("ann", 60) for _ in range(19)] == list(range(1, 22))


def test_while_the_broker_is_away_each_process_counts_and_then_the_broker_again(
    settings: Settings, private_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RequestLimiter, "MIN_OUTAGE_S", 0.0)
    client = limited(settings, owner_requests=2)
    assert send(client, "GET", "/papers", ANN).status_code == 200
    private_broker.stop()
    statuses = [send(client, "GET", "/papers", ANN).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert send(client, "GET", "/papers", BOB).status_code == 200
    private_broker.start()
    # The count of the broker before it was away, or that of a new window.
    response = send(client, "GET", "/papers", ANN)
    assert response.status_code == 200
    assert web_client().exists(keys.request_count_key("LIMITER/owner ann/2/1/minute"))


def test_a_broker_that_is_away_is_not_asked_by_each_request(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def count(*arguments: Any) -> tuple[int, float]:
        asked.append(arguments)
        raise ConnectionError

    monkeypatch.setattr("components.http.server.request_limits.count_requests", count)
    monkeypatch.setattr("components.http.server.request_limits.REFUSALS", (ConnectionError,))
    limiter = RequestLimiter(1000)
    assert [limiter.count("ann").remaining for _ in range(20)] == list(range(999, 979, -1))
    assert len(asked) == 1


@pytest.mark.usefixtures("broker")
def test_a_submission_shows_all_limits(settings: Settings) -> None:
    client = limited(settings, owner_queue=10, owner_storage=1000)
    response = send(client, "POST", "/postcards", ANN, json=CARD)
    assert response.status_code == 202
    assert fields(response.headers["RateLimit-Policy"]) == {
        "requests": {"q": "6000", "w": "60"},
        "waiting": {"q": "10", "qu": "jobs"},
        "storage": {"q": "1000", "qu": "content-bytes"},
    }
    state = fields(response.headers["RateLimit"])
    assert (state["waiting"], state["storage"]) == ({"r": "9"}, {"r": "1000"})
    assert "waiting" not in send(client, "GET", "/papers", ANN).headers["RateLimit"]


@pytest.mark.usefixtures("broker")
def test_a_refused_submission_names_its_limit(settings: Settings) -> None:
    client = limited(settings, owner_queue=1)
    send: Callable[..., Any] = _sender(client)
    assert send(ANN).status_code == 202
    refused = send(ANN)
    assert (refused.status_code, refused.get_json()["type"]) == (429, "/problems/owner-queue-full")
    assert refused.headers["Retry-After"] == "5"
    assert fields(refused.headers["RateLimit"])["waiting"] == {"r": "0"}
    assert send(BOB).status_code == 202


def _sender(client: FlaskClient) -> Callable[..., Any]:
    return lambda key: send(client, "POST", "/postcards", key, json=CARD)
