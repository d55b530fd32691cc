"""Tests of GET /formats and GET /plotters."""

from __future__ import annotations

from flask.testing import FlaskClient

from libraries.exporting import FORMATS
from libraries.plotting import PLOTTERS


def test_the_formats_are_listed_with_the_schemas_of_their_parameters(client: FlaskClient) -> None:
    reply = client.get("/formats")
    listed = {one["name"]: one for one in reply.get_json()["formats"]}
    assert {name: (one["media_type"], one["suffix"]) for name, one in listed.items()} == {
        name: (form.media_type, form.suffix) for name, form in FORMATS.items()
    }
    profile = listed["gcode"]["params"]["properties"]["profile"]
    assert (profile["enum"], profile["default"]) == (["grbl", "klipper", "marlin"], "grbl")
    assert listed["pdf"]["params"]["properties"] == {}
    assert (
        client.get("/formats", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
    )


def test_the_plotters_are_listed_with_their_figures_and_sources(client: FlaskClient) -> None:
    reply = client.get("/plotters").get_json()
    listed = {one["name"]: one for one in reply["plotters"]}
    assert list(listed) == list(PLOTTERS)
    assert reply["default"] == "saxi"
    assert listed["saxi"]["motion"]["drawing_speed"] == 50
    assert (listed["hp7475a"]["formats"], listed["hp7475a"]["pens"]) == (["hpgl"], 6)
    assert listed["hp7475a"]["papers"] == ["a4", "a3", "letter", "tabloid"]
    assert all({"motion", "bed", "pens"} <= set(one["sources"]) for one in listed.values())
