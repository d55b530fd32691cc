"""GET /templates."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from libraries.mailing import TEMPLATES
from libraries.sheets import postcard_templates, postcards


def test_every_template_is_listed_with_its_fields(client: FlaskClient) -> None:
    listed = client.get("/templates").get_json()
    assert {one["name"] for one in listed["mail"]} == set(TEMPLATES)
    assert {one["name"] for one in listed["postcards"]} == set(postcard_templates.TEMPLATES)
    assert all(
        one["summary"] and one["fields"] for kind in ("mail", "postcards") for one in listed[kind]
    )
    card = listed["postcards"][0]["fields"]
    assert [(field["name"], field["required"], field["longest"]) for field in card] == [
        ("recipient", True, postcards.MAX_RECIPIENT_CHARS),
        ("message", True, postcards.MAX_MESSAGE_CHARS),
    ]
    (batch,) = [one for one in listed["mail"] if one["name"] == "batch"]
    items = next(field for field in batch["fields"] if field["name"] == "items")
    assert [column["name"] for column in items["columns"]] == ["name", "status", "note"]


@pytest.mark.usefixtures("broker")
def test_every_example_of_a_mail_template_can_be_sent(client: FlaskClient) -> None:
    for one in client.get("/templates").get_json()["mail"]:
        mail = {
            "recipient": "ann@example.com",
            "subject": "s",
            "template": one["name"],
            "context": one["example"],
        }
        assert client.post("/emails", json=mail).status_code == 202


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("path", ["/papers", "/patterns", "/tasks", "/templates"])
def test_an_unchanged_list_is_answered_with_304(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
