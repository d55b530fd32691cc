"""Unknown members and query parameters: refused or listed as ignored, always with a hint."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

ARTBOARD = {"width": 100, "height": 60}
MISTYPED = {
    "pointer": "#/patern",
    "field": "patern",
    "detail": "Unknown field, ignored.",
    "value": "grid",
    "hint": "did you mean 'pattern'?",
}


@pytest.mark.usefixtures("broker")
def test_unknown_members_of_an_artboard_are_listed_as_ignored(client: FlaskClient) -> None:
    response = client.post("/artboard/create", json=ARTBOARD | {"patern": "grid"})
    assert response.status_code == 200
    assert response.get_json()["ignored"] == [MISTYPED]


def test_a_simple_artboard_lists_them_too(client: FlaskClient) -> None:
    simple = ARTBOARD | {"complexity": "simple"}
    assert set(client.post("/artboard/create", json=simple).get_json()) == {"svg"}
    reply = client.post("/artboard/create", json=simple | {"patern": "grid"}).get_json()
    assert set(reply) == {"svg", "ignored"}
    assert reply["ignored"] == [MISTYPED]


def test_a_picture_names_them_in_a_header(client: FlaskClient) -> None:
    response = client.post(
        "/artboard/create",
        json=ARTBOARD | {"complexity": "simple", "patern": "grid", "größe\n": 1},
        headers={"Accept": "image/svg+xml"},
    )
    assert response.mimetype == "image/svg+xml"
    assert response.headers["X-Ignored-Fields"] == "patern, gr%C3%B6%C3%9Fe%0A"


@pytest.mark.usefixtures("broker")
def test_a_repeated_request_lists_them_again(client: FlaskClient) -> None:
    replies = [
        client.post(
            "/artboard/create",
            json=ARTBOARD | {"patern": "grid"},
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(2)
    ]
    assert replies[1].headers["Idempotency-Replayed"] == "true"
    assert replies[0].get_json() == replies[1].get_json()
    assert replies[1].get_json()["ignored"] == [MISTYPED]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/batches", {"operation": "artboard", "items": [ARTBOARD, ARTBOARD | {"patern": "grid"}]}, "#/items/1/patern"),
        ("/jobs", {"task": "artboard", "kwargs": ARTBOARD | {"patern": "grid"}}, "#/kwargs/patern"),
    ],
)  # fmt: skip
def test_batches_and_jobs_list_them_with_their_place(
    client: FlaskClient, path: str, body: dict[str, Any], pointer: str
) -> None:
    response = client.post(path, json=body)
    assert response.status_code == 202
    (ignored,) = response.get_json()["ignored"]
    assert (ignored["pointer"], ignored["hint"]) == (pointer, "did you mean 'pattern'?")


def test_a_strict_route_refuses_unknown_members(client: FlaskClient) -> None:
    response = client.post("/postcards", json={"recipient": "Ann", "mesage": "Hi"})
    hints = {one["field"]: one.get("hint") for one in response.get_json()["errors"]}
    assert response.status_code == 422
    assert hints["mesage"] == "did you mean 'message'?"


@pytest.mark.parametrize(
    ("address", "name", "hint"),
    [
        ("/jobs?limt=2", "limt", "did you mean 'limit'?"),
        ("/patterns/spiral/preview.svg?sed=1", "sed", "did you mean 'seed'?"),
        ("/patterns?nope=1", "nope", None),
        ("/gallery/marks?nope=1", "nope", None),
    ],
)
def test_an_unknown_query_parameter_is_refused_with_a_hint(
    client: FlaskClient, address: str, name: str, hint: str | None
) -> None:
    response = client.get(address)
    assert response.status_code == 422
    expected = {"parameter": name, "field": name, "detail": "Unknown field."}
    assert response.get_json()["errors"] == [expected | ({"hint": hint} if hint else {})]


def test_a_route_that_queues_refuses_query_parameters(client: FlaskClient) -> None:
    response = client.post("/artboard/create?complexity=simple", json=ARTBOARD)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["parameter"] == "complexity"


@pytest.mark.parametrize(
    "address", ["/healthz?x=1", "/?utm_source=x", "/gallery/page?q=spiral", "/assets/pages.css?v=2", "/docs?x=1"]
)  # fmt: skip
def test_pages_files_and_health_checks_ignore_query_parameters(
    client: FlaskClient, address: str
) -> None:
    assert client.get(address).status_code == 200


def test_parameters_with_an_underscore_are_for_caches(client: FlaskClient) -> None:
    assert client.get("/patterns/spiral/preview.svg?_=17&seed=1").status_code == 200
    assert client.get("/papers?_v=2").status_code == 200


def test_every_route_with_a_key_refuses_unknown_query_parameters(client: FlaskClient) -> None:
    """Also a route that a component adds later: the rule is part of its declaration."""
    app = client.application
    levels = app.extensions["vector-access"]
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<name>", "spiral")
        if levels[rule.endpoint].value == "open" or "<" in path or path.startswith("/ws/"):
            continue
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        response = client.open(f"{path}?nonsense_42=1", method=method, json={})
        fields = [one.get("parameter") for one in response.get_json().get("errors", [])]
        assert (response.status_code, fields) == (422, ["nonsense_42"]), rule
