"""API keys and owners: authentication and visibility."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from flask import g
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from components.http.access import EXTENSION, Access
from libraries.broker.connections import web_client
from libraries.job_manager import current_owner, enqueue_background_job
from libraries.settings import SETTINGS, ApiKey, BadSettings, Settings, get_settings, read_settings
from tests.conftest import until
from tests.journeys.conftest import Service
from tests.journeys.conftest import start_service as start_service  # noqa: PLC0414 - a fixture that this module uses
from tests.watchful import application, watchful_client

RunJobs = Callable[[], None]
ANN, ANN_NEW, BOB = "ann-4c1f9a7be2d8", "ann-77aa01c3f5e9", "bob-5d0e8b6612f4"
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
OPEN = {
    "/",
    "/healthz",
    "/readyz",
    "/version",
    "/openapi.json",
    "/docs",
    "/problems/<slug>",
    "/assets/<path:filename>",
}
OPEN |= {"/dashboard", "/dashboard/assets/<path:filename>"}
OPEN |= {
    "/asyncapi.json",
    "/live",
    "/live/assets/<path:filename>",
    "/forms",
    "/forms/assets/<path:filename>",
    "/studio",
    "/studio/assets/<path:filename>",
    "/gallery/page",
    "/gallery/assets/<path:filename>",
    "/gallery/<drawing_id>/page",
    "/drawing/assets/<path:filename>",
}


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def with_keys(settings: Settings) -> Settings:
    """The settings with three keys of two owners."""
    keys = tuple(
        ApiKey(name, bytes.fromhex(digest(key)))
        for name, key in (("ann", ANN), ("ann", ANN_NEW), ("bob", BOB))
    )
    return settings.with_values(api_keys=keys)


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client of an application with these keys."""
    return watchful_client(with_keys(settings))


def send(
    client: FlaskClient, method: str, address: str, key: str | None = None, **more: Any
) -> TestResponse:
    return client.open(address, method=method, headers={"X-API-Key": key} if key else {}, **more)


def test_a_client_learns_whose_key_it_has(client: FlaskClient) -> None:
    reply = send(client, "GET", "/key", ANN)
    assert reply.get_json() == {"owner": "ann", "scopes": ["draw", "read"], "expires_at": None}
    assert reply.headers["Cache-Control"] == "no-store"
    assert send(client, "GET", "/key", "wrong").status_code == 401


def sense(response: TestResponse) -> dict[str, Any]:
    """A problem without the members that differ between requests."""
    return {
        name: value
        for name, value in response.get_json().items()
        if name not in ("request_id", "instance")
    }


def routes(client: FlaskClient) -> Iterator[tuple[Rule, str]]:
    for rule in client.application.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def filled(rule: Rule, values: dict[str, str]) -> str:
    """The address of a rule with `values`; other parameters are `x`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "x"), rule.rule)


def test_every_route_but_the_open_ones_needs_a_key(client: FlaskClient) -> None:
    closed = 0
    for rule, method in routes(client):
        status = send(client, method, filled(rule, {})).status_code
        assert (status == 401) == (rule.rule not in OPEN), (method, rule)
        closed += status == 401
    assert closed >= 20


def test_pages_for_browsers_are_open_and_the_data_behind_them_is_not(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for address in ("/patterns", "/patterns/truchet", "/papers"):
        page = client.get(address, headers=browser)
        assert (page.status_code, page.mimetype) == (200, "text/html"), address
        assert client.get(address).status_code == 401
        assert "Accept" in page.headers["Vary"]
        assert client.get(address, headers={"X-API-Key": ANN}).is_json
    refused = client.get("/jobs", headers=browser)
    assert (refused.status_code, refused.mimetype) == (401, "text/html")
    assert "valid API key" in refused.get_data(as_text=True)
    assert client.post("/patterns", headers=browser).status_code == 401


def test_only_the_listed_routes_are_open(client: FlaskClient) -> None:
    access = client.application.extensions[EXTENSION]
    rules = client.application.url_map.iter_rules()
    assert {rule.rule for rule in rules if access[rule.endpoint] is Access.OPEN} == OPEN
    document = client.get("/openapi.json").get_json()
    without_key = {
        address
        for address, item in document["paths"].items()
        for method in item.values()
        if isinstance(method, dict) and method.get("security") == []
    }
    assert without_key == {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in OPEN if "filename" not in rule
    }


def test_every_route_declares_its_access(client: FlaskClient) -> None:
    access = client.application.extensions[EXTENSION]
    endpoints = {rule.endpoint for rule in client.application.url_map.iter_rules()}
    assert set(access) == endpoints
    by_level = {level: {name for name, one in access.items() if one is level} for level in Access}
    assert by_level[Access.TOKEN] == {
        "batches.get_batch_archive",
        "draw.draw_pattern",
        "gallery.get_drawing_file",
        "gallery.get_thumbnail",
        "jobs.get_job",
        "jobs.get_job_artifact",
        "jobs.get_job_events",
        "jobs.get_job_logs",
        "jobs.get_job_preview",
        "jobs.get_job_result",
    }
    assert by_level[Access.SOCKET] == {"sockets.background_jobs", "sockets.background_job"}


@pytest.mark.parametrize(
    ("scopes", "status"),
    [({"*"}, 200), ({"admin"}, 200), ({"read", "draw", "metrics"}, 403), (set(), 403)],
)
def test_a_route_for_administrators_needs_the_scope(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, scopes: set[str], status: int
) -> None:
    keys = (ApiKey("ann", bytes.fromhex(digest(ANN)), frozenset(scopes)),)
    app = application(settings.with_values(api_keys=keys), probe=lambda: "done")
    client = watchful_client(settings, app)
    monkeypatch.setitem(app.extensions[EXTENSION], "probe", Access.ADMIN)
    assert send(client, "GET", "/probe").status_code == 401
    response = send(client, "GET", "/probe", ANN)
    assert response.status_code == status
    if status == 403:
        assert response.get_json()["type"] == "/problems/forbidden"


def test_unknown_addresses_and_wrong_methods_reveal_nothing_without_a_key(
    client: FlaskClient,
) -> None:
    assert send(client, "GET", "/nothing").status_code == 401
    assert send(client, "PUT", "/jobs").status_code == 401
    assert send(client, "GET", "/nothing", ANN).status_code == 404


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ANN},
        {"Authorization": f"Bearer {ANN}"},
        {"Authorization": f"bearer   {ANN}"},
        {"Authorization": f"Bearer {ANN}", "X-API-Key": "wrong"},
        {"Authorization": "Basic YTpi", "X-API-Key": ANN},
    ],
)
def test_a_key_is_taken_from_either_header(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/jobs", headers=headers).status_code == 200


WRONG: list[dict[str, str]] = [
    {"X-API-Key": ""},
    {"X-API-Key": "wrong"},
    {"X-API-Key": ANN[:-1]},
    {"X-API-Key": ANN + "0"},
    {"X-API-Key": ANN.upper()},
    {"X-API-Key": f"ann:{ANN}"},
    {"X-API-Key": digest(ANN)},
    {"X-API-Key": f"{ANN}\x00"},
    {"X-API-Key": f"{ANN},{ANN}"},
    {"X-API-Key": "x" * 1_000_000},
    {"X-API-Key": "\xe9\xff"},
    {"Authorization": ANN},
    {"Authorization": f"Basic {ANN}"},
    {"Authorization": f"Bearer {ANN}x"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong", "X-API-Key": ANN},
    {"Cookie": f"key={ANN}"},
]


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
def test_a_wrong_key_and_no_key_get_the_same_response(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    without = client.get("/jobs")
    wrong = client.get(
        "/jobs",
        environ_overrides={
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()
        },
    )
    assert (wrong.status_code, without.status_code) == (401, 401)
    assert sense(wrong) == sense(without)
    assert wrong.get_json()["type"] == "/problems/unauthorized"
    assert (
        wrong.headers["WWW-Authenticate"]
        == without.headers["WWW-Authenticate"]
        == 'Bearer realm="vector-api"'
    )


def test_a_key_in_the_query_string_is_ignored(client: FlaskClient) -> None:
    for name in ("key", "api_key", "X-API-Key", "access_token"):
        assert client.get("/jobs", query_string={name: ANN}).status_code == 401


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("key", [None, "wrong", ANN, ANN_NEW, BOB])
def test_every_key_is_compared_in_constant_time(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return hmac_compare(one, other)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr("components.http.access.hmac.compare_digest", compare)
    send(client, "GET", "/jobs", key)
    assert compared == [(32, 32)] * 3


@pytest.mark.usefixtures("broker")
def test_no_key_is_logged_repeated_or_stored(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    output = []
    with caplog.at_level(logging.DEBUG):
        for key in (ANN, "wrong-7d1c5e"):
            for method, address in (
                ("GET", f"/jobs?key={key}"),
                ("POST", "/postcards"),
                ("GET", "/nothing"),
                ("GET", "/jobs/x"),
            ):
                headers = {"X-API-Key": key, "Idempotency-Key": "one"}
                response = client.open(
                    address, method=method, headers=headers, json=CARD if method == "POST" else None
                )
                output.append(f"{response.headers}{response.get_data(as_text=True)}")
    broker = web_client(get_settings())
    stored = [name + (broker.dump(name) or b"") for name in broker.scan_iter()]
    assert len(stored) > 3
    assert caplog.records
    for secret in (ANN, digest(ANN), "wrong-7d1c5e", digest("wrong-7d1c5e")):
        assert secret not in caplog.text
        assert not any(secret in text for text in output)
        assert not any(secret.encode() in record for record in stored)
    assert ANN not in repr(get_settings())
    assert digest(ANN) not in repr(get_settings())


@pytest.mark.usefixtures("broker")
def test_two_active_keys_with_one_name_are_one_owner(client: FlaskClient) -> None:
    """A key can be replaced without a gap."""
    job_id = send(client, "POST", "/postcards", ANN, json=CARD).get_json()["job_id"]
    assert send(client, "GET", f"/jobs/{job_id}", ANN_NEW).status_code == 200


@pytest.mark.parametrize(("key", "name"), [(ANN, "ann"), (BOB, "bob")])
def test_the_caller_is_available_in_views(settings: Settings, key: str, name: str) -> None:
    app = application(
        with_keys(settings), probe=lambda: f"{g.caller.name} {sorted(g.caller.scopes)}"
    )
    client = watchful_client(settings, app)
    shown = send(client, "GET", "/probe", key).get_data(as_text=True)
    assert shown.startswith(f"{name} ")
    assert "draw" in shown
    assert "admin" not in shown


def anns_things(client: FlaskClient, run_jobs: RunJobs) -> dict[str, str]:
    """The ids of a job, of a batch and of a drawing of Ann's, all done."""
    job_id = send(client, "POST", "/postcards", ANN, json=CARD).get_json()["job_id"]
    batch = send(
        client, "POST", "/batches", ANN, json={"operation": "postcard", "items": [CARD]}
    ).get_json()["batch_id"]
    run_jobs()
    drawing = send(client, "GET", "/gallery", ANN).get_json()["items"][0]["id"]
    return {
        "job_id": job_id,
        "batch_id": batch,
        "drawing_id": drawing,
        "file_name": "postcard_Ann_plain.svg",
    }


def test_objects_of_another_owner_are_not_found_on_any_route(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    """Every route with an id in its address, as the application lists them."""
    things = anns_things(client, run_jobs)
    unknown = {
        "job_id": "7d6c3f2e",
        "batch_id": "7d6c3f2e",
        "drawing_id": 24 * "0",
        "file_name": things["file_name"],
    }
    tried = []
    for rule, method in routes(client):
        if rule.rule in OPEN or not any(name.endswith("_id") for name in rule.arguments):
            continue
        body = {"json": {"title": "Mine"}} if method == "PATCH" else {}
        foreign, missing = (
            send(client, method, filled(rule, ids), BOB, **body) for ids in (things, unknown)
        )
        assert foreign.status_code == missing.status_code == 404, (method, rule)
        assert sense(foreign) == sense(missing), (method, rule)
        tried.append((method, rule))
    assert len(tried) >= 8
    # They exist for Ann, and Bob has not changed them.
    for rule, method in ((rule, method) for method, rule in tried if method == "GET"):
        assert send(client, method, filled(rule, things), ANN).status_code == 200, rule


@pytest.mark.usefixtures("broker")
def test_a_waiting_job_of_another_owner_cannot_be_touched(client: FlaskClient) -> None:
    batch = send(
        client, "POST", "/batches", ANN, json={"operation": "postcard", "items": [CARD] * 2}
    ).get_json()
    (job_id, _), batch_id = batch["job_ids"], batch["batch_id"]
    for action in ("cancel", "retry", "delete"):
        reply = send(
            client, "POST", "/jobs/bulk", BOB, json={"action": action, "ids": [job_id, "unknown"]}
        ).get_json()
        first, second = reply["items"]
        assert (first["code"], first["detail"]) == (second["code"], second["detail"])
        assert first["code"] == "job-not-found"
    assert send(client, "POST", f"/batches/{batch_id}/cancel", BOB).status_code == 404
    waiting = {
        "task": "workers.svg_tasks.generate_postcard_svg",
        "kwargs": CARD,
        "depends_on": [job_id],
    }
    assert send(client, "POST", "/jobs", BOB, json=waiting).status_code == 422
    assert send(client, "GET", f"/batches/{batch_id}", ANN).get_json()["counts"] == {"queued": 2}


@pytest.mark.usefixtures("broker")
def test_a_deleted_job_is_expired_for_its_owner_and_not_found_for_others(
    client: FlaskClient,
) -> None:
    job_id = send(client, "POST", "/postcards", ANN, json=CARD).get_json()["job_id"]
    assert send(client, "DELETE", f"/jobs/{job_id}", ANN).status_code == 204
    assert send(client, "GET", f"/jobs/{job_id}", ANN).status_code == 410
    foreign, missing = (
        send(client, "GET", f"/jobs/{job_id}", BOB),
        send(client, "GET", "/jobs/unknown", BOB),
    )
    assert (foreign.status_code, sense(foreign)) == (404, sense(missing))


@pytest.mark.usefixtures("broker")
def test_a_list_has_only_the_jobs_of_its_owner(client: FlaskClient) -> None:
    anns = send(
        client, "POST", "/batches", ANN, json={"operation": "postcard", "items": [CARD] * 2}
    ).get_json()
    bobs = send(client, "POST", "/postcards", BOB, json=CARD).get_json()["job_id"]
    nobodys = enqueue_background_job("workers.svg_tasks.generate_postcard_svg", **CARD).id
    for key, ids in ((ANN, set(anns["job_ids"])), (ANN_NEW, set(anns["job_ids"])), (BOB, {bobs})):
        listed = send(client, "GET", "/jobs", key).get_json()["items"]
        assert {job["id"] for job in listed} == ids
    assert send(client, "GET", f"/jobs?batch_id={anns['batch_id']}", BOB).get_json()["items"] == []
    cursor = send(client, "GET", "/jobs?limit=1", ANN).get_json()["next_cursor"]
    assert send(client, "GET", f"/jobs?cursor={cursor}", BOB).status_code == 422
    assert send(client, "GET", f"/jobs/{nobodys}", ANN).status_code == 404


@pytest.mark.usefixtures("broker")
def test_one_request_does_not_act_for_the_caller_of_another(client: FlaskClient) -> None:
    send(client, "POST", "/postcards", ANN, json=CARD)
    send(client, "GET", "/nothing", ANN)
    assert current_owner() == "anonymous"
    assert send(client, "GET", "/jobs", BOB).get_json()["items"] == []


def test_the_openapi_document_says_which_routes_need_a_key(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    validate(document)
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header"}
    assert document["security"] == [{"bearer": []}, {"header": []}]
    described = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in OPEN} & set(
        document["paths"]
    )
    assert described == {
        path
        for path, item in document["paths"].items()
        if item["get" if "get" in item else "post"].get("security") == []
    }
    page = client.get("/docs").get_data(as_text=True)
    assert "X-API-Key: KEY" in page
    assert "<code>Idempotency-Key</code>" in page


def test_without_keys_the_document_has_no_security(settings: Settings) -> None:
    open_client = watchful_client(settings)
    document = open_client.get("/openapi.json").get_json()
    assert "securitySchemes" not in document["components"]
    assert "security" not in document
    assert "X-API-Key: KEY" not in open_client.get("/docs").get_data(as_text=True)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """A function that reads the settings from an environment of these variables alone."""

    def read(**variables: str) -> Settings:
        for row in SETTINGS:
            monkeypatch.delenv(row.name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return read_settings(None)

    return read


def test_keys_are_read_as_pairs_of_name_and_hash(environment: Callable[..., Settings]) -> None:
    text = f" ann:{digest(ANN)}, ann:{digest(ANN_NEW).upper()} ,bob:{digest(BOB)},"
    assert [(key.name, key.digest.hex()) for key in environment(API_KEYS=text).access.api_keys] == [
        ("ann", digest(ANN)), ("ann", digest(ANN_NEW)), ("bob", digest(BOB)),
    ]  # fmt: skip
    assert environment().access.api_keys == ()


@pytest.mark.parametrize(
    "text",
    ["secret-thing", "ann:secret-thing", f"ann {digest(ANN)}", f":{digest(ANN)}", f"a b:{digest(ANN)}", f"ann:{digest(ANN)}0",
     f"ann:{digest(ANN)},bob:{digest(ANN)}", f"bob:{digest(BOB)},ann:{ANN}"],
)  # fmt: skip
def test_invalid_keys_are_rejected_without_being_shown(
    environment: Callable[..., Settings], text: str
) -> None:
    with pytest.raises(BadSettings, match=r"API_KEYS: Entry \d ") as complaint:
        environment(API_KEYS=text)
    for part in re.split("[,: ]", text):
        assert len(part) < 4 or part not in str(complaint.value)
    assert complaint.value.__cause__ is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "plotter.example", "2001:db8::1"])  # noqa: S104
def test_other_machines_need_keys_or_explicit_permission(
    environment: Callable[..., Settings], host: str
) -> None:
    with pytest.raises(BadSettings, match=r"HOST: .*API_KEYS.*ALLOW_ANONYMOUS=1") as complaint:
        environment(HOST=host)
    assert host not in str(complaint.value) or host == "::"
    with pytest.raises(BadSettings):
        environment(HOST=host, ALLOW_ANONYMOUS="no")
    assert environment(HOST=host, ALLOW_ANONYMOUS="1").web.host == host
    assert environment(HOST=host, API_KEYS=f"ann:{digest(ANN)}").web.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST", ""])
def test_a_service_on_the_loopback_interface_needs_no_keys(
    environment: Callable[..., Settings], host: str
) -> None:
    assert environment(HOST=host).access.api_keys == ()


def test_anonymous_callers_are_rejected_when_keys_are_set(settings: Settings) -> None:
    keys = (ApiKey("ann", bytes.fromhex(digest(ANN))),)
    guarded = watchful_client(settings.with_values(api_keys=keys, allow_anonymous=True))
    assert guarded.get("/patterns").status_code == 401


def test_a_service_with_keys_starts_and_shows_a_curl_command(
    start_service: Callable[..., Service],
) -> None:
    service = start_service(wait=False, API_KEYS=f"ann:{digest(ANN)}")
    until(
        lambda: " curl " in service.output() or service.process.poll() is not None,
        seconds=30,
        what="a greeting",
    )
    output = service.output()
    assert "-H 'X-API-Key: KEY'" in output
    assert "No first drawing" not in output
    assert "First artboard" not in output
    assert service.request("GET", "/readyz")[0] == 200
    assert service.request("GET", "/jobs")[0] == 401
    assert digest(ANN) not in service.output()


def test_browsers_get_the_page_of_a_job_without_a_key_and_other_clients_need_one(
    client: FlaskClient,
) -> None:
    """The page is the same for each id, so it does not reveal which jobs exist."""
    html = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = client.get("/jobs/7d6c3f2e", headers=html)
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "Accept" in page.vary
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for accept in ("*/*", "application/json", "image/svg+xml", "application/json, text/html"):
        assert client.get("/jobs/7d6c3f2e", headers={"Accept": accept}).status_code == 401
    assert client.delete("/jobs/7d6c3f2e", headers=html).status_code == 401
