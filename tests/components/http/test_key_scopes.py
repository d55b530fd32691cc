"""Scopes and expiry of API keys, and what an administrator may do with the jobs of others."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from app import create_app
from components.http.access import Caller
from libraries.job_manager import enqueue_background_job
from libraries.settings import ApiKey, BadSettings, Scope, Settings, parse_api_keys
from tests.components.http.test_access import CARD, digest, send
from tests.components.http.test_access import environment as environment  # noqa: PLC0414 - a fixture that this module uses
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
READER, DRAWER, ADMIN, BOB, SCRAPER = "reader-key", "drawer-key", "admin-key", "bobs-key", "scraper"
LIST = ",".join(
    f"{name}:{digest(key)}:{scopes}"
    for name, key, scopes in (
        ("ann", READER, "read"),
        ("ann", DRAWER, "draw"),
        ("op", ADMIN, "admin"),
        ("bob", BOB, "read+draw"),
        ("prometheus", SCRAPER, "metrics"),
    )
)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return watchful_client(settings.with_values(api_keys=parse_api_keys(LIST)))


def submit(client: FlaskClient, key: str, **more: Any) -> str:
    return str(send(client, "POST", "/postcards", key, json=CARD | more).get_json()["job_id"])


def test_keys_are_read_with_scopes_and_expiry(environment: Callable[..., Settings]) -> None:
    text = f"ann:{digest(READER)}:read:2027-01-31,bob:{digest(BOB)}::2027-02-28,op:{digest(ADMIN)}:admin"
    ann, bob, operator = environment(API_KEYS=text).access.api_keys
    assert ann.scopes == {"read"}
    assert ann.expires_at == datetime(2027, 2, 1, tzinfo=UTC).timestamp()
    assert bob.scopes == {"read", "draw"}
    assert bob.expires_at == datetime(2027, 3, 1, tzinfo=UTC).timestamp()
    assert operator.scopes == {"admin"}
    assert operator.expires_at is None


@pytest.mark.parametrize(
    ("text", "is_admin"),
    [
        (f"ann:{digest(READER)}", True),
        (f"ann:{digest(READER)},ann:{digest(BOB)}::2099-01-01", True),
        (f"ann:{digest(READER)},bob:{digest(BOB)}", False),
        (f"ann:{digest(READER)},ann:{digest(BOB)}:read", False),
    ],
)
def test_a_key_without_scopes_administers_only_where_it_has_the_one_owner(
    text: str, is_admin: bool
) -> None:
    key = parse_api_keys(text)[0]
    caller = Caller(key.name, key.scopes)
    assert caller.may(Scope.ADMIN) is is_admin
    assert caller.may(Scope.DRAW)


@pytest.mark.parametrize(
    "rest",
    [":write", ":read,draw", ":read+", ":*", ":read:2027-02-30", ":read:31.1.2027", ":read:2027-01-31:x", ":READ", ":read:9999-12-31"],
)  # fmt: skip
def test_invalid_scopes_and_days_are_rejected_without_the_hash(
    environment: Callable[..., Settings], rest: str
) -> None:
    with pytest.raises(BadSettings, match=r"API_KEYS: Entry \d ") as complaint:
        environment(API_KEYS=f"ann:{digest(READER)}{rest}")
    assert digest(READER) not in str(complaint.value)


@pytest.mark.usefixtures("broker")
def test_a_key_does_what_its_scopes_permit(client: FlaskClient) -> None:
    job_id = submit(client, DRAWER)
    cases = [
        ("GET", "/jobs", READER, 200), ("GET", "/jobs", DRAWER, 403),
        ("POST", "/postcards", READER, 403), ("GET", "/draw/spiral.svg", READER, 403),
        ("GET", f"/jobs/{job_id}", READER, 200), ("POST", f"/jobs/{job_id}/cancel", READER, 403),
        ("DELETE", f"/jobs/{job_id}", READER, 403), ("POST", f"/jobs/{job_id}/token", READER, 201),
        ("GET", "/webhooks/secret", READER, 403), ("GET", "/webhooks/secret", DRAWER, 200),
        ("GET", "/metrics", BOB, 403), ("GET", "/metrics", SCRAPER, 200), ("GET", "/metrics", ADMIN, 200),
        ("GET", "/jobs", SCRAPER, 403), ("POST", "/queue/pause", BOB, 403), ("POST", "/queue/resume", BOB, 403),
        ("POST", "/queue/pause", ADMIN, 200), ("POST", "/queue/resume", ADMIN, 200),
        ("GET", "/nothing", SCRAPER, 404), ("PUT", "/jobs", READER, 405),
    ]  # fmt: skip
    for method, path, key, status in cases:
        response = send(client, method, path, key)
        assert response.status_code == status, (method, path, key, response.get_json())
        if status == 403:
            problem = response.get_json()
            assert problem["type"] == "/problems/forbidden"
            assert "needs the scope" in problem["detail"]


@pytest.mark.usefixtures("broker")
def test_an_expired_key_is_refused_with_the_reason(settings: Settings) -> None:
    last_day = datetime.now(UTC).date() - timedelta(days=1)
    text = f"ann:{digest(READER)}:read:{last_day},bob:{digest(BOB)}:read:{last_day + timedelta(days=1)}"
    client = create_app(settings.with_values(api_keys=parse_api_keys(text))).test_client()
    response = send(client, "GET", "/jobs", READER)
    assert (response.status_code, response.get_json()["type"]) == (401, "/problems/key-expired")
    assert str(last_day) in response.get_json()["detail"]
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert send(client, "GET", "/jobs", BOB).status_code == 200
    assert send(client, "GET", "/healthz", READER).status_code == 200


def test_a_caller_expires_while_it_is_connected() -> None:
    assert Caller("ann", expires_at=time.time() - 1).is_expired
    assert not Caller("ann", expires_at=time.time() + 60).is_expired
    assert not Caller("ann").is_expired


def test_an_administrator_reads_cancels_retries_and_deletes_the_jobs_of_others(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    done = submit(client, BOB)
    run_jobs()
    waiting = submit(client, BOB)
    shown = send(client, "GET", f"/jobs/{done}", ADMIN).get_json()
    assert shown["status"] == "finished"
    assert send(client, "GET", f"/jobs/{done}/result", ADMIN).data.startswith(b"<svg")
    assert send(client, "GET", f"/jobs/{done}/logs", ADMIN).status_code == 200
    canceled = send(client, "POST", f"/jobs/{waiting}/cancel", ADMIN)
    assert canceled.get_json()["status"] == "canceled"
    assert send(client, "POST", f"/jobs/{waiting}/retry", ADMIN).status_code == 202
    # The retried job still belongs to Bob.
    assert send(client, "GET", f"/jobs/{waiting}", BOB).get_json()["status"] == "queued"
    assert send(client, "DELETE", f"/jobs/{done}", ADMIN).status_code == 204
    assert send(client, "GET", f"/jobs/{done}", BOB).status_code == 410
    # Another request of the administrator acts for the administrator.
    own = submit(client, ADMIN)
    assert [job["id"] for job in send(client, "GET", "/jobs", ADMIN).get_json()["items"]] == [own]


@pytest.mark.usefixtures("broker")
def test_an_administrator_reads_and_cancels_the_batches_of_others(client: FlaskClient) -> None:
    body = {"operation": "postcard", "items": [CARD]}
    batch = send(client, "POST", "/batches", BOB, json=body).get_json()["batch_id"]
    assert send(client, "GET", f"/batches/{batch}", ADMIN).get_json()["counts"] == {"queued": 1}
    assert send(client, "POST", f"/batches/{batch}/cancel", ADMIN).status_code == 200
    assert send(client, "GET", f"/batches/{batch}", BOB).get_json()["counts"] == {"canceled": 1}


@pytest.mark.usefixtures("broker")
def test_an_administrator_lists_the_jobs_of_one_owner_and_of_all(client: FlaskClient) -> None:
    nobodys = enqueue_background_job("workers.svg_tasks.generate_postcard_svg", **CARD).id
    anns, bobs = [submit(client, DRAWER)], [submit(client, BOB) for _ in range(3)]
    listed = send(client, "GET", "/jobs?owner=bob", ADMIN).get_json()["items"]
    assert [(job["owner"], job["id"]) for job in listed] == [("bob", one) for one in bobs[::-1]]
    found: list[tuple[str, str]] = []
    path: str | None = "/jobs?owner=*&limit=2"
    while path:
        response = send(client, "GET", path, ADMIN)
        found += [(job["owner"], job["id"]) for job in response.get_json()["items"]]
        link = response.headers.get("Link")
        path = link[1:].partition(">")[0] if link else None
    everything = [("ann", anns[0]), ("anonymous", nobodys), *(("bob", one) for one in bobs[::-1])]
    assert found == everything
    for owner in ("bob", "*", "nobody"):
        refused = send(client, "GET", f"/jobs?owner={owner}", BOB)
        assert (refused.status_code, refused.get_json()["type"]) == (403, "/problems/forbidden")
    assert send(client, "GET", "/jobs?owner=a/b", ADMIN).status_code == 422
    assert send(client, "GET", "/jobs?owner=*&cursor=bob~x", ADMIN).status_code == 422


@pytest.mark.usefixtures("broker")
def test_an_administrator_changes_many_jobs_of_another_owner(client: FlaskClient) -> None:
    bobs = [submit(client, BOB) for _ in range(2)]
    body: dict[str, Any] = {"action": "cancel", "ids": bobs, "owner": "bob"}
    assert send(client, "POST", "/jobs/bulk", READER, json=body).status_code == 403
    assert send(client, "POST", "/jobs/bulk", DRAWER, json=body).status_code == 403
    assert send(client, "POST", "/jobs/bulk", ADMIN, json=body).get_json()["done"] == 2
    body = {"action": "delete", "filter": {"status": "canceled"}, "owner": "bob"}
    assert send(client, "POST", "/jobs/bulk", ADMIN, json=body).get_json()["done"] == 2


@pytest.mark.usefixtures("broker")
def test_a_job_of_another_owner_cannot_be_used_as_a_dependency_by_an_administrator(
    client: FlaskClient,
) -> None:
    body = CARD | {"depends_on": [submit(client, BOB)]}
    assert send(client, "POST", "/postcards", ADMIN, json=body).status_code == 422


@pytest.mark.usefixtures("broker")
def test_the_capacity_has_the_numbers_of_the_caller_or_of_all(client: FlaskClient) -> None:
    submit(client, DRAWER)
    for _ in range(2):
        submit(client, BOB)
    numbers = {}
    for key in (READER, BOB, ADMIN):
        load = send(client, "GET", "/capacity", key).get_json()
        numbers[key] = (load["queue_depth"], load["max_queue"], load["all_owners"])
    assert numbers == {
        READER: (1, 20_000, False),
        BOB: (2, 20_000, False),
        ADMIN: (3, 100_000, True),
    }


def test_the_openapi_document_names_the_scope_of_each_route(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    validate(document)
    needed = {
        ("get", "/jobs"): "read", ("post", "/jobs"): "draw", ("post", "/queue/pause"): "admin",
        ("get", "/metrics"): "metrics", ("post", "/links"): "read", ("get", "/start-task"): "draw",
    }  # fmt: skip
    for (method, path), scope in needed.items():
        operation = document["paths"][path][method]
        assert operation["security"] == [{"bearer": [scope]}, {"header": [scope]}]
        assert {"401", "403", "429"} <= operation["responses"].keys()
        for status, response in operation["responses"].items():
            if status[0] == "2":
                assert {"RateLimit", "RateLimit-Policy"} <= response["headers"].keys()
    refused = document["components"]["responses"]["TOO_MANY_REQUESTS"]["headers"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= refused.keys()


def test_a_key_made_by_hand_has_no_scope_of_an_administrator() -> None:
    assert not Caller("ann", ApiKey("ann", b"").scopes).may(Scope.ADMIN)
