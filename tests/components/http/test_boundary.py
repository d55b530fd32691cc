"""The browser boundary: host names, origins, CORS and embedding."""

from __future__ import annotations

import socket

import pytest
from flask.testing import FlaskClient

from components.http.boundary import is_served
from libraries.settings import BadSettings, Settings, read_settings
from tests.watchful import watchful_client

FRONT = "https://front.example"
EVIL = "https://evil.example"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens
PREFLIGHT = {"Access-Control-Request-Method": "GET"}


@pytest.fixture
def fronted(settings: Settings) -> FlaskClient:
    """A client of an application that trusts the pages of one origin."""
    return watchful_client(settings.with_values(allowed_origins=(FRONT,)))


@pytest.mark.parametrize(
    ("host", "listens_on", "allowed", "served"),
    [
        ("localhost:5000", "127.0.0.1", (), True),
        ("127.0.0.1", "127.0.0.1", (), True),
        ("[::1]:5000", "127.0.0.1", (), True),
        ("LOCALHOST.", "127.0.0.1", (), True),
        ("studio.localhost:5000", "127.0.0.1", (), True),
        ("", "127.0.0.1", (), True),
        ("rebind.example", "127.0.0.1", (), False),
        ("localhost.evil.example", "127.0.0.1", (), False),
        ("192.168.1.5", "127.0.0.1", (), False),
        ("192.168.1.5:5000", EVERYWHERE, (), True),
        ("[fe80::1]", "::", (), True),
        ("rebind.example", EVERYWHERE, (), False),
        ("plotter.example", "plotter.example", (), True),
        ("plotter.example:443", EVERYWHERE, ("plotter.example",), True),
        ("a.plotter.example", EVERYWHERE, ("plotter.example",), False),
        ("a.plotter.example", EVERYWHERE, ("*.plotter.example",), True),
        ("plotter.example", EVERYWHERE, ("*.plotter.example",), False),
        ("evilplotter.example", EVERYWHERE, ("*.plotter.example",), False),
        ("user@localhost", "127.0.0.1", (), False),
        ("localhost:5000:1", "127.0.0.1", (), False),
        ("local host", "127.0.0.1", (), False),
    ],
)
def test_a_host_name_is_served_when_it_is_one_of_the_service(
    host: str, listens_on: str, allowed: tuple[str, ...], served: bool
) -> None:
    assert is_served(host, listens_on, allowed) is served


def test_a_service_beyond_this_machine_has_the_name_of_the_machine() -> None:
    name = socket.gethostname()
    assert is_served(f"{name}:5000", EVERYWHERE, ())
    assert name == "localhost" or not is_served(name, "127.0.0.1", ())


@pytest.mark.parametrize("path", ["/", "/jobs", "/healthz", "/no-such-page", "/dashboard"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_a_foreign_host_name_gets_421_whatever_it_requests(
    client: FlaskClient, path: str, method: str
) -> None:
    response = client.open(path, method=method, headers={"Host": "rebind.example"})
    assert response.status_code == 421
    if method != "HEAD":
        assert response.get_json()["type"] == "/problems/host-not-served"
        assert "ALLOWED_HOSTS" in response.get_json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": FRONT.replace("https", "http")},
        {"Origin": f"{FRONT}.evil.example"},
        {"Origin": ""},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/queue/pause"),
        ("POST", "/uploads"),
        ("POST", "/artboard/create"),
        ("POST", "/no-such-page"),
        ("DELETE", "/jobs/x"),
        ("PATCH", "/gallery/x"),
        ("GET", "/start-task"),
    ],
)
def test_a_page_of_a_foreign_origin_changes_nothing(
    fronted: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    response = fronted.open(path, method=method, headers=headers)
    assert (response.status_code, response.get_json()["type"]) == (403, "/problems/foreign-origin")
    assert "ALLOWED_ORIGINS" in response.get_json()["detail"]
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": FRONT, "Sec-Fetch-Site": "cross-site"},
        {"Origin": FRONT.upper()},
    ],
)
@pytest.mark.usefixtures("broker")
def test_programs_own_pages_and_allowed_origins_may_make_changes(
    fronted: FlaskClient, headers: dict[str, str]
) -> None:
    assert fronted.post("/queue/pause", headers=headers).status_code == 200
    assert fronted.post("/queue/resume", headers=headers).status_code == 200
    assert fronted.get("/start-task", headers={**headers, "Origin": FRONT}).status_code == 302


def test_no_page_of_a_foreign_origin_reads_a_reply(client: FlaskClient) -> None:
    for path in ("/jobs", "/webhooks/secret", "/healthz", "/no-such-page"):
        for origin in (EVIL, "null", "http://localhost:3000"):
            headers = client.get(path, headers={"Origin": origin}).headers
            assert not any(name.startswith("Access-Control-") for name, _ in headers)
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    preflight = client.options("/jobs/x", headers={"Origin": EVIL, **PREFLIGHT})
    assert not any(name.startswith("Access-Control-") for name, _ in preflight.headers)


@pytest.mark.parametrize(
    "header",
    [
        *("Content-Type", "Authorization", "X-API-Key", "Idempotency-Key", "Prefer", "Range"),
        *(
            "Cache-Control",
            "If-None-Match",
            "Last-Event-ID",
            "traceparent",
            "tracestate",
            "baggage",
        ),
    ],
)
def test_a_page_of_an_allowed_origin_may_send_the_headers_that_browser_libraries_send(
    fronted: FlaskClient, header: str
) -> None:
    wanted = {**PREFLIGHT, "Access-Control-Request-Headers": header.lower()}
    reply = fronted.options("/jobs/x", headers={"Origin": FRONT, **wanted})
    assert reply.status_code == 200
    assert reply.headers["Access-Control-Allow-Origin"] == FRONT
    assert {"GET", "DELETE"} <= set(reply.headers["Access-Control-Allow-Methods"].split(", "))
    assert header in reply.headers["Access-Control-Allow-Headers"].split(", ")
    assert int(reply.headers["Access-Control-Max-Age"]) > 0


def test_a_page_of_an_allowed_origin_reads_replies_and_their_headers(fronted: FlaskClient) -> None:
    for path in ("/healthz", "/no-such-page"):
        reply = fronted.get(path, headers={"Origin": FRONT})
        assert reply.headers["Access-Control-Allow-Origin"] == FRONT
        assert "Access-Control-Allow-Credentials" not in reply.headers
        exposed = reply.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"Location", "Retry-After", "ETag", "X-Request-ID"} <= set(exposed)
    assert "Access-Control-Allow-Origin" not in fronted.get("/healthz").headers


def test_a_public_page_may_reach_a_service_on_this_machine_only_from_an_allowed_origin(
    fronted: FlaskClient,
) -> None:
    wanted = {**PREFLIGHT, "Access-Control-Request-Private-Network": "true"}
    name = "Access-Control-Allow-Private-Network"
    assert fronted.options("/jobs", headers={"Origin": FRONT, **wanted}).headers[name] == "true"
    assert name not in fronted.options("/jobs", headers={"Origin": EVIL, **wanted}).headers


@pytest.mark.parametrize(
    ("path", "headers", "policy"),
    [
        ("/patterns/grid/preview.png", {"Sec-Fetch-Site": "cross-site"}, "cross-origin"),
        ("/patterns", {"Referer": f"{FRONT}/page"}, "cross-origin"),
        ("/patterns", {"Referer": FRONT}, "cross-origin"),
        ("/patterns", {"Referer": f"{EVIL}/page"}, "same-origin"),
        ("/patterns", {"Referer": f"{FRONT}.evil.example/"}, "same-origin"),
        ("/patterns", {"Referer": "http://["}, "same-origin"),
        ("/patterns", {}, "same-origin"),
    ],
)
def test_public_pictures_and_what_allowed_origins_embed_can_be_embedded(
    fronted: FlaskClient, path: str, headers: dict[str, str], policy: str
) -> None:
    reply = fronted.get(path, headers=headers)
    assert reply.status_code == 200
    assert reply.headers["Cross-Origin-Resource-Policy"] == policy


@pytest.mark.parametrize("names", ["https://a.example", "a.example:80", "a b", "*", "*.", "a/b"])
def test_a_name_that_is_not_a_host_name_is_refused_in_allowed_hosts(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", names)
    with pytest.raises(BadSettings, match="ALLOWED_HOSTS"):
        read_settings(None)
