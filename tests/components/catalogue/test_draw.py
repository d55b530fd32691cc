"""Drawings at an address with all their parameters."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from components.catalogue import draw, previews
from libraries.broker.in_memory import close_in_memory
from libraries.patterns import PATTERNS
from libraries.previews import render_slot, rendering_for
from libraries.settings import Settings, use_settings
from libraries.sheets.artboard import Artboard
from tests.watchful import watchful_client

SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"
YEAR = "public, max-age=31536000, immutable"


def drawn(**values: Any) -> bytes:
    artboard = Artboard.load(values)
    return b"".join(artboard.quick().blocks())


def errors(client: FlaskClient, address: str) -> dict[str, dict[str, Any]]:
    """Return the errors of a rejected address by parameter."""
    response = client.get(address)
    assert response.status_code == 422, response.get_data(as_text=True)[:300]
    return {one["parameter"]: one for one in response.get_json()["errors"]}


@pytest.mark.parametrize("name", list(PATTERNS))
def test_each_pattern_has_an_address(client: FlaskClient, name: str) -> None:
    response = client.get(f"/draw/{name}.svg?paper=a7&seed=5")
    assert (response.status_code, response.content_type) == (200, SVG_TYPE)
    assert response.get_data() == drawn(pattern=name, paper="a7", seed=5)


def test_a_drawing_has_the_bytes_of_the_file_of_a_job(settings: Settings) -> None:
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    client = watchful_client(changed)
    try:
        body = {"width": 90, "height": 60, "margin": 4, "pen_width": 0.5, "encoding": "compact"}
        params = {"envelope": "flat", "lines": 20, "roughness": 0.5, "occlude": False}
        text = {**params, "occlude": "false", "seed": 9}
        address = client.get("/draw/noise_lines.svg", query_string={**body, **text})
        queued = client.post(
            "/artboard/create", json={**body, "pattern": "noise_lines", "params": params, "seed": 9}
        )
        result = client.get(f"{queued.headers['Location']}/result")
        assert address.get_data() == result.get_data()
    finally:
        close_in_memory(changed.broker.data_dir)


def test_a_drawing_with_a_seed_never_changes_and_one_without_has_the_seed_0(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = client.get("/draw/truchet.svg?paper=a7&seed=0")
    plain = client.get("/draw/truchet.svg?paper=a7")
    assert seeded.headers["Cache-Control"] == YEAR
    assert plain.headers["Cache-Control"] == "public, max-age=86400"
    assert (plain.get_data(), plain.headers["ETag"]) == (
        seeded.get_data(),
        seeded.headers["ETag"],
    )
    other = client.get("/draw/truchet.svg?paper=a7&seed=1")
    assert other.get_data() != seeded.get_data()
    assert other.headers["ETag"] != seeded.headers["ETag"]
    assert not other.headers["ETag"].startswith("W/")
    assert seeded.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "sandbox" in seeded.headers["Content-Security-Policy"]
    # A known drawing is not drawn again.
    monkeypatch.setattr(draw, "drawn", lambda _: pytest.fail("drawn"))
    known = {"If-None-Match": other.headers["ETag"]}
    again = client.get("/draw/truchet.svg?seed=1&paper=A7&_=5", headers=known)
    assert (again.status_code, again.get_data()) == (304, b"")
    assert (again.headers["ETag"], again.headers["Cache-Control"]) == (other.headers["ETag"], YEAR)


def test_the_page_is_a6_by_default(client: FlaskClient) -> None:
    assert 'width="105mm"' in client.get("/draw/grid.svg").text
    assert 'width="50mm"' in client.get("/draw/grid.svg?width=50&height=70").text
    assert set(errors(client, "/draw/grid.svg?width=50")) == {"height"}


def test_a_png_has_parameters_with_its_name(client: FlaskClient) -> None:
    response = client.get("/draw/grid.png?png.width=200&png.paper=none&paper=a7&seed=1")
    assert response.content_type == PNG_TYPE
    picture = Image.open(io.BytesIO(response.get_data()))
    assert (picture.width, picture.mode) == (200, "RGBA")
    smaller = client.get("/draw/grid.png?png.width=100&png.paper=none&paper=a7&seed=1")
    assert smaller.headers["ETag"] != response.headers["ETag"]
    assert set(errors(client, "/draw/grid.png?png.width=9&png.paper=nope")) == {
        "png.width",
        "png.paper",
    }
    assert set(errors(client, "/draw/grid.svg?png.width=200")) == {"png.width"}


def test_lists_and_objects_are_json_and_a_taken_name_has_a_prefix(client: FlaskClient) -> None:
    for angles in ("0,90", "[0, 90]"):
        response = client.get("/draw/hatch.svg", query_string={"angles": angles})
        assert response.get_data() == drawn(
            pattern="hatch", paper="a6", seed=0, params={"angles": [0, 90]}
        )
    rules = {"F": "F+F--F+F"}
    response = client.get("/draw/lsystem.svg", query_string={"rules": json.dumps(rules)})
    assert response.get_data() == drawn(
        pattern="lsystem", paper="a6", seed=0, params={"rules": rules}
    )
    invalid = errors(client, "/draw/lsystem.svg?rules={")
    assert invalid["rules"]["detail"].startswith("Not valid JSON")
    response = client.get("/draw/noise_lines.svg?width=80&height=60&params.width=4")
    assert response.get_data() == drawn(
        pattern="noise_lines", width=80, height=60, seed=0, params={"width": 4}
    )


def test_invalid_parameters_are_listed_with_hints(client: FlaskClient) -> None:
    found = errors(
        client, "/draw/spiral.svg?pich=2&margn=3&turns=x&seed=-1&pen_width=1&pen_width=2&pattern=x"
    )
    assert found["pich"]["hint"] == "did you mean 'pitch'?"
    assert found["margn"]["hint"] == "did you mean 'margin'?"
    assert found["pich"]["detail"].startswith("Unknown parameter; known: ")
    assert found["pen_width"]["detail"] == "Must not be given more than once."
    assert set(found) == {"pich", "margn", "turns", "seed", "pen_width", "pattern"}
    missing = client.get("/draw/spirl.svg").get_json()
    assert (missing["status"], missing["type"]) == (404, "/problems/pattern-not-found")
    assert "spiral" in missing["detail"]
    extension = client.get("/draw/spiral.gif")
    assert extension.status_code == 404
    assert "png, svg" in extension.get_json()["detail"]
    assert client.get("/draw/spiral").status_code == 404


def test_the_cost_is_limited_before_drawing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draw, "drawn", lambda _: pytest.fail("drawn"))
    for address in (
        "/draw/spiral.svg?width=2000&height=2000&pitch=0.5",
        "/draw/tsp_art.svg?paper=a2&points=20000&iterations=20",
        "/draw/stipple.png?paper=a1&dot=0&points=24000",
        "/draw/contours.svg?kind=reaction_diffusion&width=500&height=500&iterations=4000",
    ):
        response = client.get(address)
        problem = response.get_json()
        assert (response.status_code, problem["type"]) == (422, "/problems/too-complex"), address
        assert problem["estimate"] > 0
        assert "POST /artboard/create" in problem["errors"][0]["hint"]


def test_drawings_share_the_renderers_of_the_previews(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MAX_WAIT_S", 0.05)
    known = client.get("/draw/truchet.svg?paper=a7&seed=1")
    with rendering_for("a"), render_slot(1), rendering_for("b"), render_slot(1):
        busy = client.get("/draw/spiral.svg?seed=4712")
        cached = client.get("/draw/truchet.svg?paper=a7&seed=1")
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
    assert busy.headers["Cache-Control"] == "no-store"
    assert busy.get_json()["type"] == "/problems/renderers-busy"
    assert (cached.status_code, cached.get_data()) == (200, known.get_data())
    assert client.get("/draw/spiral.svg?seed=4712").status_code == 200


def test_the_document_describes_the_parameters(client: FlaskClient) -> None:
    path = client.get("/openapi.json").get_json()["paths"]["/draw/{name}.{extension}"]
    operation = path["get"]
    parameters = [*path["parameters"], *operation["parameters"]]
    query = {one["name"]: one for one in parameters if one["in"] == "query"}
    page = set(Artboard.schema()().fields) - {"pattern", "params"}
    assert {name for name in query if "." not in name} == page | {"params", "token"}
    assert {"png.width", "png.paper", "hpgl.profile", "gcode.arcs"} <= set(query)
    assert not any(one.get("required") for one in query.values())
    assert query["seed"]["schema"]["maximum"] == 2**32 - 1
    assert {SVG_TYPE, PNG_TYPE} <= set(operation["responses"]["200"]["content"])
