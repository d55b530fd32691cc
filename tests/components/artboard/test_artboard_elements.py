from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.job_manager import fetch_job
from libraries.sheets.elements import ELEMENTS

RunJobs = Callable[[], None]
BOX = {"x": 10, "y": 10, "width": 80, "height": 40}
CIRCLE = {"type": "circle", "box": BOX, "opaque": True, "layer": "gold"}
SPIRAL = {"type": "pattern", "pattern": "spiral", "box": BOX}
PAGE = {"width": 100, "height": 60}


def create(client: FlaskClient, *elements: Any, **fields: Any) -> dict[str, Any]:
    response = client.post("/artboard/create", json={**PAGE, "elements": list(elements), **fields})
    reply: dict[str, Any] = response.get_json()
    assert response.status_code == 200, reply
    return reply


def problem(client: FlaskClient, *elements: Any, **fields: Any) -> dict[str, Any]:
    """Return the problem document; without a broker, a queued request would return 503."""
    response = client.post("/artboard/create", json={**PAGE, "elements": list(elements), **fields})
    assert response.status_code == 422, response.get_json()
    found: dict[str, Any] = response.get_json()
    return found


def pointers(client: FlaskClient, *elements: Any, **fields: Any) -> dict[str, str]:
    return {
        error["pointer"]: error["detail"]
        for error in problem(client, *elements, **fields)["errors"]
    }


def test_a_composition_is_drawn_and_stored_with_layers_recipe_and_statistics(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    layers = [{"name": "gold", "color": "#b08d57", "pen_width": 0.7}]
    reply = create(client, SPIRAL, CIRCLE, id="plate", layers=layers, seed=9)
    assert reply["status"] == "generating"
    assert reply["message"] == "Composition queued for generation"
    assert reply["seed"] == 9
    run_jobs()
    job = client.get(f"/jobs/{reply['job_id']}").get_json()
    assert job["status"] == "finished", job
    assert job["result"].endswith("/artboard_plate.svg")
    (artifact,) = job["artifacts"]
    assert {ink["pen"] for ink in artifact["plot"]["ink"] if ink["mm"]} == {"gold", "drawing"}
    assert artifact["plot"]["out_of_bounds_mm"] == 0
    svg = client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
    assert 'inkscape:label="gold"' in svg
    assert '"elements":[' in svg
    assert artifact["recipe_sha256"] in svg


def test_an_equal_composition_reuses_the_stored_file(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    first, second = (create(client, SPIRAL, seed=4) for _ in range(2))
    run_jobs()
    etags = [client.get(f"/jobs/{one['job_id']}/result").headers["ETag"] for one in (first, second)]
    assert etags[0] == etags[1]
    assert (
        "already drawn" in client.get(f"/jobs/{second['job_id']}").get_json()["progress"]["message"]
    )


def test_a_batch_accepts_compositions_and_patterns(client: FlaskClient, run_jobs: RunJobs) -> None:
    items = [{**PAGE, "elements": [CIRCLE]}, {**PAGE, "pattern": "grid"}]
    reply = client.post("/batches", json={"operation": "artboard", "items": items}).get_json()
    run_jobs()
    jobs = [fetch_job(job_id) for job_id in reply["job_ids"]]
    assert [job.task.rpartition(".")[2] for job in jobs if job] == [
        "draw_composition",
        "generate_complex_svg",
    ]
    assert [job.status for job in jobs if job] == ["finished", "finished"]


def test_an_error_in_a_batch_is_reported_by_item_and_element(client: FlaskClient) -> None:
    items = [{**PAGE, "elements": [{"type": "circle", "box": {**BOX, "x": 50}}]}]
    response = client.post("/batches", json={"operation": "artboard", "items": items})
    assert [error["pointer"] for error in response.get_json()["errors"]] == [
        "#/items/0/elements/0/box"
    ]


def test_every_error_in_the_elements_is_reported_by_its_pointer(client: FlaskClient) -> None:
    found = pointers(
        client,
        {"type": "pattern", "pattern": "spiral", "params": {"pitch": 0, "dirction": "out"}},
        {"type": "spiral"},
        {"box": BOX},
        {"type": "rect", "box": {"x": 1, "y": 1, "width": 0}},
        {"type": "polygon", "points": [[1, 2], [3, 4]]},
        {"type": "text", "text": "  ", "font": "helvetica"},
        {"type": "line", "points": [[1, 2, 3], [4, "x"]]},
        "circle",
        {"type": "text", "text": "a", "outline": "ink", "opaque": True},
        {"type": "circle", "hatch": {"spacing": 0.01}},
    )
    assert set(found) == {
        "#/elements/0/params/pitch", "#/elements/0/params/dirction", "#/elements/1/type", "#/elements/2/type",
        "#/elements/3/box/width", "#/elements/3/box/height", "#/elements/4/points", "#/elements/5/text", "#/elements/5/font",
        "#/elements/6/points/0", "#/elements/6/points/1/1", "#/elements/7", "#/elements/8/halo", "#/elements/9/hatch/spacing",
    }  # fmt: skip


@pytest.mark.parametrize("beside", [{"pattern": "spiral"}, {"params": {}}])
def test_elements_together_with_a_pattern_are_rejected(
    client: FlaskClient, beside: dict[str, Any]
) -> None:
    (name,) = beside
    assert "combined with `elements`" in pointers(client, CIRCLE, **beside)[f"#/{name}"]


@pytest.mark.parametrize(
    ("layer", "pointer"),
    [
        ({"name": "", "color": "red"}, "#/layers/0/name"),
        ({"name": "a", "color": "reddish"}, "#/layers/0/color"),
        ({"name": "a", "color": "none"}, "#/layers/0/color"),
        ({"name": "a\u0000"}, "#/layers/0/name"),
        ({"name": "a", "pen_width": 0}, "#/layers/0/pen_width"),
        ({"color": "red"}, "#/layers/0/name"),
    ],
)
def test_an_invalid_layer_is_rejected(
    client: FlaskClient, layer: dict[str, Any], pointer: str
) -> None:
    assert set(pointers(client, CIRCLE, layers=[layer])) == {pointer}


def test_two_layers_with_the_same_name_are_rejected(client: FlaskClient) -> None:
    found = pointers(client, CIRCLE, layers=[{"name": "a"}, {"name": "b"}, {"name": "a"}])
    assert set(found) == {"#/layers/0/name", "#/layers/2/name"}


@pytest.mark.parametrize("elements", [[], [CIRCLE] * 65, {}, "circle", 7])
def test_a_list_of_one_to_sixty_four_elements_is_needed(client: FlaskClient, elements: Any) -> None:
    response = client.post("/artboard/create", json={**PAGE, "elements": elements})
    assert response.status_code == 422
    assert [error["pointer"] for error in response.get_json()["errors"]] == ["#/elements"]


def test_all_texts_together_have_a_limit(client: FlaskClient) -> None:
    text = {"type": "text", "text": "word " * 390, "box": BOX}
    assert "the limit is 5,000" in pointers(client, text, text, text)["#/elements"]


def test_all_corners_together_have_a_limit(client: FlaskClient) -> None:
    comb = {
        "type": "polygon",
        "opaque": True,
        "points": [[index / 10, 50 * (index % 2)] for index in range(900)],
    }
    assert "the limit is 5,000" in pointers(client, *[comb] * 50)["#/elements"]


def test_elements_with_too_many_points_together_are_rejected(client: FlaskClient) -> None:
    dense = {"type": "rect", "hatch": {"spacing": 0.1, "cross": True}}
    found = problem(client, *[dense] * 64, width=2000, height=2000)
    assert found["type"] == "/problems/too-complex"
    assert found["estimate"] > 2_000_000


@pytest.mark.parametrize("without", [{}, {"elements": None}, {"layers": [{"name": 7}, "x"]}])
def test_without_elements_layers_are_ignored(
    client: FlaskClient, run_jobs: RunJobs, without: dict[str, Any]
) -> None:
    """`layers` is ignored like any unknown field."""
    plain = client.post(
        "/artboard/create", json={**PAGE, "pattern": "spiral", "seed": 1}
    ).get_json()
    other = client.post(
        "/artboard/create", json={**PAGE, "pattern": "spiral", "seed": 1, **without}
    ).get_json()
    run_jobs()
    files = [client.get(f"/jobs/{one['job_id']}/result").get_data() for one in (plain, other)]
    assert files[0] == files[1]
    record = fetch_job(other["job_id"])
    assert record is not None
    assert record.task == "workers.svg_tasks.generate_complex_svg"


def test_simple_artboards_ignore_elements(client: FlaskClient) -> None:
    assert set(create(client, CIRCLE, complexity="simple")) == {"svg"}


def test_the_openapi_document_has_a_schema_for_each_type_of_element(client: FlaskClient) -> None:
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    union = schemas["Element"]
    assert union["discriminator"]["propertyName"] == "type"
    mapping = union["discriminator"]["mapping"]
    assert set(mapping) == set(ELEMENTS)
    assert [choice["$ref"] for choice in union["oneOf"]] == list(mapping.values())
    for kind, reference in mapping.items():
        schema = schemas[reference.rpartition("/")[2]]
        assert schema["properties"]["type"]["enum"] == [kind]
        assert set(schema["properties"]) == set(ELEMENTS[kind].declared())
        assert "type" in schema["required"]
        assert schema["additionalProperties"] is False


def test_the_html_reference_lists_the_fields_of_elements(client: FlaskClient) -> None:
    page = client.get("/docs", headers={"Accept": "text/html"}).get_data(as_text=True)
    for name in {name for one in ELEMENTS for name in ELEMENTS[one].declared()}:
        assert f"elements[].{name}" in page
    assert "For: line, polygon, polyline." in page


def test_missing_glyphs_are_listed_also_for_a_stored_drawing(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    replies = [create(client, {"type": "text", "text": "é 漢 é"}, seed=1) for _ in range(2)]
    run_jobs()
    for reply in replies:
        (artifact,) = client.get(f"/jobs/{reply['job_id']}").get_json()["artifacts"]
        assert artifact["missing_glyphs"] == ["漢"]


LINE = '<svg xmlns="http://www.w3.org/2000/svg" width="9mm" height="9mm"><path d="M1 1H20" stroke="#d33"/></svg>'


def upload_line(client: FlaskClient, _: RunJobs) -> str:
    path = client.post("/uploads", data={"file": (io.BytesIO(LINE.encode()), "line.svg")})
    return str(path.get_json()["file"])


def plot_line(client: FlaskClient, _: RunJobs) -> str:
    return str(client.post("/plots", json={"svg": LINE}).get_json()["job_id"])


def store_line(client: FlaskClient, run_jobs: RunJobs) -> str:
    plot_line(client, run_jobs)
    run_jobs()
    return str(client.get("/gallery").get_json()["items"][0]["id"])


def upload_job(client: FlaskClient, _: RunJobs) -> str:
    reply = client.post("/uploads", data={"file": (io.BytesIO(LINE.encode()), "line.svg")})
    return str(reply.get_json()["job_id"])


@pytest.mark.parametrize("store", [upload_line, upload_job, plot_line, store_line])
def test_a_stored_svg_is_part_of_a_composition(
    client: FlaskClient, run_jobs: RunJobs, store: Callable[[FlaskClient, RunJobs], str]
) -> None:
    element = {"type": "svg", "source": store(client, run_jobs), "box": BOX}
    reply = create(client, element)
    run_jobs()
    job = client.get(f"/jobs/{reply['job_id']}").get_json()
    assert job["status"] == "finished", job
    svg = client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
    assert 'inkscape:label="#d33"' in svg
    # The recipe has the drawing itself, which reproduces it.
    assert "M1 1H20" in svg or "sha256" in svg


def test_an_uploaded_drawing_of_another_format_is_part_of_a_composition(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    data = b"SP1;PU0,0;PD400,0;SP2;PU0,400;PD400,400;ZZ;PU;"
    reply = client.post("/uploads", data={"file": (io.BytesIO(data), "line.plt")})
    run_jobs()
    element = {"type": "svg", "source": reply.get_json()["job_id"], "box": BOX, "fit": "none"}
    made = create(client, element)
    run_jobs()
    (artifact,) = client.get(f"/jobs/{made['job_id']}").get_json()["artifacts"]
    assert [one["kind"] for one in artifact["problems"]] == ["instruction"]
    assert artifact["plot"]["pen_down_mm"] == pytest.approx(20)
    assert [ink["pen"] for ink in artifact["plot"]["ink"]] == ["pen 1", "pen 2"]


@pytest.mark.usefixtures("broker")
def test_a_source_that_does_not_exist_is_reported_with_its_element(client: FlaskClient) -> None:
    found = pointers(client, CIRCLE, {"type": "svg", "source": "uploads/none.svg"})
    assert list(found) == ["#/elements/1/source"]
