from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from components.http.api import VectorApi
from components.http.html.reference import limits_of
from components.system.pages import problem_types
from libraries import loading
from libraries.broker.connections import web_client
from libraries.broker.keys import WORKERS_KEY
from libraries.job_manager.control import NOT_LOADED, RQ_TTL_MARGIN_S, WORKER_TTL_S
from libraries.settings import Settings, use_settings
from tests.conftest import REPOSITORY, Stopwatch, WorkerProcess, until
from tests.watchful import watchful_client

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Page(HTMLParser):
    """Collects the links and elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.references: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("href", "src"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").get_json()
    return found


def operations(client: FlaskClient) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, node)
        for path, item in document(client)["paths"].items()
        for method, node in item.items()
        if method != "parameters"
    ]


def test_the_web_process_is_alive_without_a_broker(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "alive"}


def test_without_a_broker_the_service_soon_reports_not_ready(client: FlaskClient) -> None:
    started = Stopwatch()
    response = client.get("/readyz")
    assert started.seconds() < 2
    body = response.get_json()
    assert (response.status_code, body["type"]) == (503, "/problems/not-ready")
    assert body["missing"] == ["broker", "worker"]
    assert "REDIS_URL" in body["parts"]["broker"]["fix"]
    assert "Retry-After" in response.headers


@pytest.mark.usefixtures("broker")
def test_without_a_worker_the_missing_part_is_the_worker(client: FlaskClient) -> None:
    body = client.get("/readyz").get_json()
    assert body["missing"] == ["worker"]
    assert body["parts"]["broker"]["ready"]
    assert "python -m workers" in body["parts"]["worker"]["fix"]


@pytest.mark.usefixtures("broker")
def test_a_worker_that_sends_no_heartbeats_is_reported(client: FlaskClient) -> None:
    """Its record expires later."""
    broker = web_client()
    broker.sadd(WORKERS_KEY, "rq:worker:frozen")
    broker.hset("rq:worker:frozen", mapping={"birth": "2026-01-01T00:00:00Z", NOT_LOADED: ""})
    broker.expire("rq:worker:frozen", WORKER_TTL_S + RQ_TTL_MARGIN_S - 20)
    part = client.get("/readyz").get_json()["parts"]["worker"]
    assert (part["ready"], part["detail"]) == (False, "none alive; 1 silent for more than 12 s")
    assert "supervisor" in part["fix"]
    broker.expire("rq:worker:frozen", WORKER_TTL_S + RQ_TTL_MARGIN_S - 1)
    assert client.get("/readyz").get_json()["parts"]["worker"]["detail"] == "1 alive"


def test_with_a_worker_the_service_is_ready(
    client: FlaskClient, start_worker: Callable[..., WorkerProcess]
) -> None:
    start_worker()
    until(lambda: client.get("/readyz").status_code == 200, what="readiness")
    response = client.get("/readyz")
    assert response.get_json()["status"] == "ready"
    assert set(response.get_json()["parts"]) == {
        "web",
        "broker",
        "worker",
        "storage",
        "gallery",
    }


@pytest.mark.usefixtures("broker")
def test_an_extension_that_cannot_be_loaded_is_listed_and_does_not_make_the_service_unready(
    client: FlaskClient, start_worker: Callable[..., WorkerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_problems", {})
    assert client.get("/readyz").get_json()["not_loaded"] == []
    loading.record_problem(
        "libraries.patterns.rays",
        loading.LoadError("cost must take (self, area)"),
        path=REPOSITORY / "libraries" / "patterns" / "rays.py",
    )
    listed = {
        "module": "libraries.patterns.rays",
        "file": "libraries/patterns/rays.py",
        "line": None,
        "mistake": "cost must take (self, area)",
    }
    assert client.get("/readyz").get_json()["not_loaded"] == [listed]
    start_worker()
    until(lambda: client.get("/readyz").status_code == 200, what="readiness")
    assert client.get("/readyz").get_json()["not_loaded"] == [listed]


def test_the_index_is_json_for_programs_and_a_page_for_browsers(client: FlaskClient) -> None:
    index = client.get("/").get_json()
    assert index["version"] == client.get("/version").get_json()["version"]
    # Every address responds, ready or not.
    assert {client.get(link).status_code for link in index["links"].values()} <= {200, 503}
    page = client.get("/", headers=HTML)
    assert page.content_type.startswith("text/html")
    assert "Accept" in page.vary


def test_the_openapi_document_is_valid_3_1(client: FlaskClient) -> None:
    found = document(client)
    assert found["openapi"].startswith("3.1")
    validate(found)


def test_every_operation_has_an_id_a_summary_and_a_tag(client: FlaskClient) -> None:
    nodes = [node for *_, node in operations(client)]
    names = [node["operationId"] for node in nodes]
    assert len(set(names)) == len(names)
    assert all(node["summary"].endswith(".") or node["summary"] for node in nodes)
    assert all(len(node["tags"]) == 1 for node in nodes)


def test_every_operation_documents_its_errors_as_problem_documents(client: FlaskClient) -> None:
    responses = document(client)["components"]["responses"]
    assert all(set(node["content"]) == {"application/problem+json"} for node in responses.values())
    for _, method, node in operations(client):
        assert node["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}
        if "requestBody" in node:
            assert {"400", "413", "415", "422", "503"} <= set(node["responses"])
        if method == "post":
            assert "503" in node["responses"]


def test_every_body_in_the_document_has_an_example_or_examples_of_its_fields(
    client: FlaskClient,
) -> None:
    page = client.get("/docs").get_data(as_text=True)
    assert "-d &#39;{}&#39;" not in page


def test_a_client_that_has_the_documents_gets_304(client: FlaskClient) -> None:
    for address in ("/openapi.json", "/docs", "/assets/pages.css"):
        tag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_the_docs_describe_every_route_and_every_field(client: FlaskClient) -> None:
    text = client.get("/docs").get_data(as_text=True)
    for path, method, node in operations(client):
        assert f'id="{node["operationId"]}"' in text, (method, path)
        assert f">{path}</span>" in text
    for name in ("width", "pen_width", "template_name", "download", "job_id", "artifacts[].sha256"):
        assert f"<code>{name}</code>" in text, name


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"minimum": 1, "maximum": 2000.0}, "at least 1, at most 2000"),
        ({"minLength": 1, "maxLength": 255}, "at least 1 character, at most 255 characters"),
        ({"minItems": 11}, "at least 11 items"),
        ({"enum": ["plain", None]}, "one of plain"),
    ],
)
def test_the_docs_state_limits_in_words(schema: dict[str, Any], limits: str) -> None:
    assert limits_of(schema) == limits


@pytest.mark.parametrize("address", ["/docs", "/", "/problems/validation-error"])
def test_a_page_has_no_inline_script_and_makes_no_request_to_other_hosts(
    client: FlaskClient, address: str
) -> None:
    response = client.get(address, headers=HTML)
    text = response.get_data(as_text=True)
    page = Page(text)
    assert not page.tags & {"iframe", "style"}
    assert not re.search(r'<script(?! type="module" src="/assets/)', text)
    assert not {name for name in page.attributes if name.startswith("on")} | (
        page.attributes & {"style"}
    )
    assert all(one.startswith(("/", "#")) for one in page.references)
    assert not any(one.startswith("//") for one in page.references)
    assert response.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'self'"
    )
    css = client.get("/assets/pages.css").get_data(as_text=True)
    assert not re.search(r'url\((?!"/assets/)|@import', css)


def test_the_documents_show_the_address_of_the_settings_also_after_it_changes(
    client: FlaskClient, settings: Settings
) -> None:
    for port in (8101, 8102):
        use_settings(settings.with_values(port=port))
        for address in ("/docs", "/asyncapi.json"):
            text = client.get(address).get_data(as_text=True)
            assert f"127.0.0.1:{port}" in text


@pytest.mark.parametrize("address", ["/docs", "/openapi.json", "/asyncapi.json"])
def test_a_document_is_made_once(
    client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(address).get_data()

    def unexpected(*_: object) -> None:
        pytest.fail("the document was made again")

    monkeypatch.setattr(VectorApi, "document", unexpected)
    assert client.get(address).get_data() == first


@pytest.mark.parametrize("address", ["/docs", "/"])
def test_every_link_of_a_page_exists(client: FlaskClient, address: str) -> None:
    page = Page(client.get(address, headers=HTML).get_data(as_text=True))
    assert len(set(page.ids)) == len(page.ids)
    for reference in set(page.references) - {"data:,"}:
        if reference.startswith("#"):
            assert reference[1:] in page.ids
        else:
            assert client.get(reference).status_code in (200, 503), reference


def test_the_host_header_is_never_echoed(client: FlaskClient) -> None:
    for address in ("/", "/docs", "/openapi.json", "/patterns", "/nothing", "/problems/not-found"):
        for host in ("e.vil", "e.vil.localhost"):
            response = client.get(
                address, headers={"Host": host, "X-Forwarded-Host": "e.vil", **HTML}
            )
            assert "e.vil" not in f"{response.headers}{response.get_data(as_text=True)}"


def test_a_host_that_is_not_a_host_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Host": "a b/<script>"}).status_code in (400, 421)


def test_the_curl_commands_have_a_reachable_address(settings: Settings) -> None:
    for host, shown in (
        ("0.0.0.0", "127.0.0.1:5000"),  # noqa: S104
        ("::", "127.0.0.1:5000"),
        ("::1", "[::1]:5000"),
    ):
        changed = settings.with_values(host=host)
        assert f"curl http://{shown}/artboard/create" in watchful_client(changed).get(
            "/docs"
        ).get_data(as_text=True)


def test_every_problem_type_has_a_page_that_explains_it(client: FlaskClient) -> None:
    named = {
        "validation-error",
        "malformed-json",
        "unsupported-media-type",
        "payload-too-large",
        "not-found",
        "job-not-found",
    }
    named |= {
        "job-expired",
        "job-not-finished",
        "job-failed",
        "queue-unavailable",
        "too-complex",
        "internal-error",
    }
    assert named <= set(problem_types())
    for slug, kind in problem_types().items():
        response = client.get(f"/problems/{slug}")
        assert response.status_code == 200, slug
        assert str(kind.status) in response.get_data(as_text=True)


def test_an_unknown_type_of_problem_is_not_found(client: FlaskClient) -> None:
    assert client.get("/problems/bad-hair-day").status_code == 404


def test_a_service_without_keys_has_no_owner(client: FlaskClient) -> None:
    assert client.get("/key").get_json()["owner"] is None
