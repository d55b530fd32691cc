"""Paths that a route with a variable would match as well: only their own methods are allowed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

ALLOWED = {
    "/gallery/marks": "GET, HEAD, OPTIONS",
    "/gallery/page": "GET, HEAD, OPTIONS",
    "/gallery/assets/keep": "GET, HEAD, OPTIONS",
    "/gallery/reindex": "OPTIONS, POST",
    "/jobs/bulk": "OPTIONS, POST",
}


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ALLOWED)
def test_other_methods_are_not_allowed(client: FlaskClient, path: str, method: str) -> None:
    response = client.open(path, method=method, json={})
    assert (response.status_code, response.headers["Allow"]) == (405, ALLOWED[path])
    assert response.get_json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize("path", ALLOWED)
def test_options_lists_the_methods(client: FlaskClient, path: str) -> None:
    response = client.options(path)
    assert response.status_code == 200
    assert response.headers["Allow"] == ALLOWED[path]


def test_a_file_of_a_page_has_no_actions(client: FlaskClient) -> None:
    assert client.post("/gallery/assets/keep").status_code == 405


def test_no_path_without_variables_is_matched_by_another_route(client: FlaskClient) -> None:
    """Each path of the application allows exactly the methods of its own routes."""
    rules = list(client.application.url_map.iter_rules())
    for path in sorted({rule.rule for rule in rules if not rule.arguments}):
        own = {method for rule in rules if rule.rule == path for method in rule.methods or ()}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - own:
            response = client.open(path, method=method)
            assert response.status_code == 405, (method, path)
            assert set(response.headers["Allow"].split(", ")) == own, path
