"""Polls of an ended job that a client repeats, which the application does not see."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from app import create_app
from components.http.server.repeated import RepeatedRequests, repeated_requests
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.keys import job_key, results_key
from libraries.job_manager import (
    JobOptions,
    cancel_job,
    delete_job,
    enqueue_background_job,
    submit,
)
from libraries.job_manager.ownership import as_owner
from libraries.settings import ApiKey, Settings

NOTHING, BOOM = "workers.probe_tasks.nothing", "workers.probe_tasks.boom"
RunJobs = Callable[[], None]
# They differ in each response.
OWN = {"X-Request-ID", "Date", "RateLimit"}

pytestmark = pytest.mark.usefixtures("probe_tasks")


class Polled:
    """An application behind the middleware, and the requests that reached it."""

    def __init__(self, app: Flask) -> None:
        self.requests: list[str] = []
        self.repeated = repeated_requests(app)
        self._application = self.repeated._application
        self.repeated._application = self._noting
        self.client, self._direct = Client(app), Client(self._application)

    def _noting(self, environ: Any, start_response: Any) -> Any:
        self.requests.append(environ["PATH_INFO"])
        return self._application(environ, start_response)

    def get(self, path: str, **headers: str) -> tuple[TestResponse, bool]:
        """Return the response, which is that of the application, and whether it was repeated."""
        before = len(self.requests)
        response = self.client.get(path, headers=named(headers), buffered=True)
        repeated = len(self.requests) == before
        expected = self._direct.get(path, headers=named(headers), buffered=True)
        assert response.status == expected.status
        if response.status_code < 400:
            assert response.get_data() == expected.get_data()
            assert without_own(response) == without_own(expected)
        return response, repeated

    def poll(self, path: str, **headers: str) -> TestResponse:
        """Request three times; the third response must be a repetition."""
        for repeated in (False, False, True):
            response, found = self.get(path, **headers)
            assert found == repeated
        return response


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def without_own(response: TestResponse) -> list[tuple[str, str]]:
    assert response.headers["X-Request-ID"]
    return [(name, value) for name, value in response.headers if name not in OWN]


@pytest.fixture
def polled(broker: EmbeddedBroker, settings: Settings) -> Polled:
    return Polled(create_app(settings))


@pytest.fixture
def ended(polled: Polled, run_jobs: RunJobs) -> str:
    """The path of a finished job."""
    job_id = enqueue_background_job(NOTHING).id
    run_jobs()
    return f"/jobs/{job_id}"


def test_a_repeated_response_is_that_of_the_application_but_for_its_own_id(
    polled: Polled, ended: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = polled.poll(ended)
    assert response.get_json()["status"] == "finished"
    named_id, _ = polled.get(ended, X_Request_ID="mine")
    assert named_id.headers["X-Request-ID"] == "mine"
    first, second = (polled.get(ended)[0].headers["X-Request-ID"] for _ in range(2))
    assert first != second
    with caplog.at_level("INFO"):
        polled.get(ended, X_Request_ID="logged")
    lines = [one.getMessage() for one in caplog.records if one.getMessage().endswith(" logged")]
    assert len(lines) == 2
    assert all(line.startswith(f"GET {ended} 200 ") for line in lines)


def test_a_repeated_304_has_no_body_and_the_etag(polled: Polled, ended: str) -> None:
    etag = polled.get(ended)[0].headers["ETag"]
    response = polled.poll(ended, If_None_Match=etag)
    assert (response.status_code, response.get_data(), response.headers["ETag"]) == (304, b"", etag)


def test_repeated_requests_are_counted(polled: Polled, ended: str) -> None:
    polled.poll(ended)
    text = polled.client.get("/metrics").get_data(as_text=True)
    # Three through the middleware, three to the application alone.
    counted = 'vector_http_requests_total{method="GET",route="/jobs/<job_id>",status="2xx"}'
    assert f"{counted} 6.0" in text


def test_headers_that_may_change_the_response_make_another_request(
    polled: Polled, ended: str
) -> None:
    polled.poll(ended)
    for headers in (
        {"Accept": "application/json"},
        {"Origin": "https://foreign.example"},
        {"Host": "127.0.0.1:1234"},
        {"Prefer": "wait=5"},
    ):
        assert not polled.get(ended, **headers)[1], headers
    requests = len(polled.requests)
    polled.client.get(ended, environ_overrides={"REMOTE_ADDR": "127.0.0.2"})
    assert len(polled.requests) > requests, "limits may apply to each address"
    assert polled.get(ended, Host="evil.example")[0].status_code == 421
    assert polled.get(ended)[1]


@pytest.mark.parametrize("query", ["?wait=0", "?token=x", "?unknown=1"])
def test_requests_with_a_query_reach_the_application(
    polled: Polled, ended: str, query: str
) -> None:
    assert not any(polled.get(ended + query)[1] for _ in range(4))


def test_polls_of_a_job_that_has_not_ended_are_repeated_until_it_changes(
    polled: Polled, run_jobs: RunJobs
) -> None:
    first, second = (enqueue_background_job(NOTHING).id for _ in range(2))
    path, client = f"/jobs/{second}", web_client()
    assert polled.poll(path).get_json()["position"] == 1
    assert cancel_job(first)
    assert polled.get(path)[0].get_json()["position"] == 0
    assert polled.get(path)[1]
    client.hset(job_key(second), "progress", '{"percent": 50}')
    assert polled.get(path)[0].get_json()["progress"] == {"percent": 50}
    assert polled.get(path)[1]
    run_jobs()
    assert polled.get(path)[0].get_json()["status"] == "finished"


def test_requests_that_wait_for_a_job_reach_the_application(polled: Polled) -> None:
    path = f"/jobs/{enqueue_background_job(NOTHING).id}"
    assert not any(polled.get(path, Prefer="wait=1")[1] for _ in range(3))


def test_a_deleted_job_is_gone_at_once(polled: Polled, ended: str) -> None:
    polled.poll(ended)
    delete_job(ended.rpartition("/")[2])
    assert polled.get(ended)[0].status_code == 410


def test_an_expired_record_is_gone_at_once(polled: Polled, ended: str) -> None:
    polled.poll(ended)
    web_client().delete(job_key(ended.rpartition("/")[2]))
    assert polled.get(ended)[0].status_code == 410


def test_a_job_that_is_retried_is_shown_in_each_of_its_states(
    polled: Polled, run_jobs: RunJobs
) -> None:
    job_id = submit(BOOM, options=JobOptions(retries=0)).id
    run_jobs()
    path = f"/jobs/{job_id}"
    first = polled.poll(path).get_json()
    assert first["status"] == "failed"
    assert Client(polled._application).post(f"{path}/retry").status_code == 202
    assert polled.get(path)[0].get_json()["status"] == "queued"
    run_jobs()
    second = polled.get(path)[0].get_json()
    assert second["status"] == "failed"
    assert second["ended_at"] != first["ended_at"]


@pytest.mark.parametrize("part", ["record", "result", "field"])
def test_damage_is_noticed_at_once(polled: Polled, ended: str, part: str) -> None:
    job_id, client = ended.rpartition("/")[2], web_client()
    polled.poll(ended)
    if part == "record":
        client.set(job_key(job_id), "no hash")
    elif part == "result":
        client.set(results_key(job_id), "no stream")
    else:
        client.hset(job_key(job_id), "meta", b"\xff{")
    for _ in range(4):
        response, repeated = polled.get(ended)
        assert not repeated
        assert part == "record" or response.get_json()["status"] == "unreadable"


def test_only_the_key_of_the_owner_gets_a_repetition(
    broker: EmbeddedBroker, settings: Settings, run_jobs: RunJobs
) -> None:
    keys = tuple(ApiKey(name, sha256(name.encode()).digest()) for name in ("ann", "bob"))
    polled = Polled(create_app(settings.with_values(api_keys=keys)))
    with as_owner("ann"):
        path = f"/jobs/{enqueue_background_job(NOTHING).id}"
    run_jobs()
    assert polled.poll(path, X_API_Key="ann").status_code == 200
    assert polled.get(path, X_API_Key="bob")[0].status_code == 404
    assert polled.get(path, X_API_Key="eve")[0].status_code == 401
    assert polled.get(path)[0].status_code == 401
    assert polled.get(path, X_API_Key="ann")[1]


def test_while_the_broker_is_away_nothing_is_repeated(
    private_broker: EmbeddedBroker, settings: Settings, run_jobs: RunJobs
) -> None:
    polled = Polled(create_app(settings))
    path = f"/jobs/{enqueue_background_job(NOTHING).id}"
    run_jobs()
    polled.poll(path)
    private_broker.stop()
    assert polled.get(path)[0].status_code == 503
    private_broker.start()
    polled.poll(path)


def test_the_kept_responses_are_bounded_in_number_and_size(
    polled: Polled, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RepeatedRequests, "MAX_REPLIES", 3)
    for number in range(6):
        polled.poll(ended, Accept=f"application/json, x/{number}")
    assert len(polled.repeated._replies) == 3
    assert polled.get(ended, Accept="application/json, x/5")[1]
    assert not polled.get(ended, Accept="application/json, x/0")[1]
    monkeypatch.setattr(RepeatedRequests, "MAX_BYTES", 1)
    polled.get(ended, Accept="application/json, x/6")
    polled.get(ended, Accept="application/json, x/6")
    assert not polled.repeated._replies


def test_the_time_of_a_repetition_is_its_own(
    polled: Polled, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled.poll(ended)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    response, repeated = polled.get(ended)
    assert repeated
    assert response.date is None or response.date.timestamp() >= now + 3599
