from __future__ import annotations

import jsonschema  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient

from libraries.geometry.area import Area
from libraries.patterns import PATTERNS, check_pattern, work_of_pattern
from libraries.sheets.artboard import Artboard


def test_the_catalogue_lists_every_pattern(client: FlaskClient) -> None:
    listed = client.get("/patterns").get_json()["patterns"]
    assert [one["name"] for one in listed] == list(PATTERNS)
    assert {"grid", "spiral"} <= set(PATTERNS)


@pytest.mark.parametrize("name", list(PATTERNS))
def test_a_pattern_has_a_json_schema_of_its_params(client: FlaskClient, name: str) -> None:
    shown = client.get(f"/patterns/{name}").get_json()
    jsonschema.Draft202012Validator.check_schema(shown["params"])
    assert set(shown["params"]["properties"]) == set(PATTERNS[name].schema().fields)
    assert all(field["description"] for field in shown["params"]["properties"].values())
    assert shown["summary"]
    assert shown in client.get("/patterns").get_json()["patterns"]


@pytest.mark.parametrize("name", list(PATTERNS))
def test_the_presets_of_a_pattern_are_listed_and_can_be_drawn(
    client: FlaskClient, name: str
) -> None:
    shown = client.get(f"/patterns/{name}").get_json()
    assert len(shown["presets"]) in (2, 3)
    assert [one["name"] for one in shown["presets"]] == [one.name for one in PATTERNS[name].presets]
    for preset in shown["presets"]:
        jsonschema.validate(preset["params"], shown["params"])
        assert 1 <= len(preset["title"].split()) <= 3
        check_pattern(name, Area(210, 297, 10), preset["params"])
        # The studio shows a picture of each, drawn by `GET /draw`.
        assert work_of_pattern(name, Area(105, 148, 8), preset["params"]) <= Artboard.MAX_QUICK_WORK


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("name", list(PATTERNS))
def test_the_example_of_a_pattern_is_a_valid_request(client: FlaskClient, name: str) -> None:
    shown = client.get(f"/patterns/{name}").get_json()
    jsonschema.validate(shown["example"]["params"], shown["params"])
    assert client.post("/artboard/create", json=shown["example"]).status_code == 200


def test_an_unknown_pattern_is_not_found_with_the_list_and_a_hint(client: FlaskClient) -> None:
    response = client.get("/patterns/spirl")
    assert (response.status_code, response.get_json()["type"]) == (
        404,
        "/problems/pattern-not-found",
    )
    assert "spiral" in response.get_json()["detail"]
    assert "did you mean 'spiral'?" in response.get_json()["detail"]


def test_the_rules_of_an_lsystem_are_counted_as_members_of_an_object(client: FlaskClient) -> None:
    rules = client.get("/patterns/lsystem").get_json()["params"]["properties"]["rules"]
    assert (rules["minProperties"], rules["maxProperties"]) == (1, 26)
    assert not {"minLength", "maxLength"} & set(rules)
