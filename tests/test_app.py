from __future__ import annotations

import logging
import pkgutil
import sys
import tomllib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import components
from app import create_app
from components.http.access_log import OneLineFormatter
from libraries import VERSION
from libraries.settings import Settings
from tests.watchful import watchful_client

REPOSITORY = Path(__file__).parent.parent
GOLDEN_ROUTES = Path(__file__).parent / "golden" / "routes.txt"


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return watchful_client(settings)


def routes(client: FlaskClient) -> list[str]:
    rules = client.application.url_map.iter_rules()
    return sorted(
        f"{rule.rule} {' '.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))}"
        for rule in rules
    )


def test_the_routes_are_those_of_the_golden_list(client: FlaskClient) -> None:
    """A change here is a change for clients: edit tests/golden/routes.txt on purpose."""
    assert routes(client) == GOLDEN_ROUTES.read_text().splitlines()


def test_every_package_of_components_is_mounted(client: FlaskClient) -> None:
    packages = {found.name for found in pkgutil.iter_modules(components.__path__) if found.ispkg}
    mounted = {
        str(blueprint.import_name).split(".")[1]
        for blueprint in client.application.blueprints.values()
    }
    assert packages - {"http"} == mounted


def test_two_applications_can_exist_in_one_process(settings: Settings) -> None:
    first, second = create_app(settings), create_app(settings)
    assert (
        first.test_client().get("/openapi.json").get_data()
        == second.test_client().get("/openapi.json").get_data()
    )


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_no_cookie_is_ever_set(client: FlaskClient) -> None:
    for address in ("/", "/docs", "/healthz", "/nothing"):
        assert "Set-Cookie" not in client.get(address).headers


def test_a_line_of_the_log_cannot_be_forged_by_a_request(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/a%0a2026-11-21 ERROR forged%1b[2J%E2%80%AE" + "x" * 5000)
    formatter = OneLineFormatter("%(levelname)s %(message)s")
    (line,) = [
        formatter.format(record)
        for record in caplog.records
        if record.name == "components.http.access_log"
    ]
    assert line.startswith("INFO GET /a\\n2026-11-21 ERROR forged\\x1b[2J\\u202e")
    assert line.isprintable()
    assert len(line) < 400


def test_lines_of_a_traceback_cannot_look_like_log_lines() -> None:
    def fail() -> None:
        raise RuntimeError("first\n2026-11-21 ERROR forged\x1b[2J")

    try:
        fail()
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "it\nfailed", (), sys.exc_info())
    head, *trace = OneLineFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert head == "ERROR it\\nfailed"
    assert trace
    assert all(line.startswith("  | ") and "\x1b" not in line for line in trace)
