"""GET /papers, and pages by the name of a paper."""

from __future__ import annotations

from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient

from libraries.sheets.artboard import Artboard
from libraries.sheets.papers import PAPERS


def simple(client: FlaskClient, **fields: Any) -> tuple[str, str]:
    response = client.post("/artboard/create", json={"complexity": "simple", **fields})
    assert response.status_code == 200, response.get_json()
    page = ElementTree.fromstring(response.get_json()["svg"])
    return str(page.get("width")), str(page.get("height"))


def field_errors(client: FlaskClient, **fields: Any) -> dict[str, dict[str, Any]]:
    response = client.post("/artboard/create", json={"complexity": "simple", **fields})
    assert response.status_code == 422, response.get_json()
    return {error["field"]: error for error in response.get_json()["errors"]}


def test_the_list_of_papers_has_every_paper_with_its_size(client: FlaskClient) -> None:
    reply = client.get("/papers").get_json()
    assert [paper["name"] for paper in reply["papers"]] == list(PAPERS)
    a4 = next(paper for paper in reply["papers"] if paper["name"] == "a4")
    assert a4 == {"name": "a4", "title": "A4", "family": "ISO A", "width": 210, "height": 297}
    assert reply["orientations"] == ["portrait", "landscape"]


def test_a_page_can_be_given_by_the_name_of_a_paper(client: FlaskClient) -> None:
    assert simple(client, paper="a4") == ("210mm", "297mm")
    assert simple(client, paper="A4", orientation="landscape") == ("297mm", "210mm")
    assert simple(client, paper="letter") == ("215.9mm", "279.4mm")
    assert simple(client, width=50, height=80, paper=None, orientation="landscape") == (
        "50mm",
        "80mm",
    )


@pytest.mark.parametrize("name", list(PAPERS))
def test_every_paper_of_the_list_is_a_page(name: str) -> None:
    loaded = Artboard.load({"paper": name})
    assert (loaded.width, loaded.height) == PAPERS[name].size()
    assert not {"paper", "orientation"} & set(loaded.values())


def test_a_page_needs_both_sides_or_a_paper(client: FlaskClient) -> None:
    assert set(field_errors(client)) == {"width", "height"}
    assert set(field_errors(client, width=5)) == {"height"}
    assert set(field_errors(client, width=5, orientation="landscape")) == {"height"}
    assert set(field_errors(client, width=5, paper="a4")) == {"width"}
    assert set(field_errors(client, width=210, height=297, paper="a4")) == {"width", "height"}


def test_an_unknown_paper_is_rejected_with_a_hint(client: FlaskClient) -> None:
    errors = field_errors(client, paper="leter", orientation="upright")
    assert set(errors) == {"paper", "orientation"}
    assert errors["paper"]["hint"] == "did you mean 'letter'?"


@pytest.mark.parametrize("odd", [5, [], {}, True, "", "a4\x00"])
def test_an_invalid_name_of_a_paper_is_rejected(client: FlaskClient, odd: object) -> None:
    assert set(field_errors(client, paper=odd)) == {"paper"}


def test_a_margin_is_checked_against_the_size_of_the_paper(client: FlaskClient) -> None:
    assert set(field_errors(client, paper="a7", margin=37)) == {"margin"}
    assert simple(client, paper="a7", margin=36) == ("74mm", "105mm")
