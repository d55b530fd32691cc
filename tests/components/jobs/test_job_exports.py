"""Content negotiation for results of jobs and drawings of the gallery."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from libraries import exporting
from libraries.broker.in_memory import close_in_memory
from libraries.exporting import FORMATS, stored
from libraries.loading import load_modules
from libraries.settings import Settings, use_settings
from tests.watchful import watchful_client

BOARD = {"width": 100, "height": 50, "pattern": "grid", "pen_width": 1}
SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"
BROWSERS = [
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json, */*;q=0.5",
]
COORDINATES = """
from libraries.exporting.catalogue import export
from libraries.fields import Params

@export(media_type="text/x-coordinates", suffix=".txt")
class Coordinates(Params):
    \"\"\"List all vertices.\"\"\"

    def write(self, document):
        for x, y in document.store.coordinates.tolist():
            yield f"{x:.1f},{y:.1f}\\n".encode()
"""


@pytest.fixture
def drawer(settings: Settings, probe_tasks: None) -> Iterator[FlaskClient]:
    """A client of a service in immediate mode."""
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    yield watchful_client(changed)
    close_in_memory(changed.broker.data_dir)


@pytest.fixture
def coordinates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An additional export format in one file."""
    (tmp_path / "coordinates.py").write_text(COORDINATES)
    monkeypatch.setattr(exporting, "__path__", [*exporting.__path__, str(tmp_path)])
    load_modules("libraries.exporting")
    yield
    FORMATS.discard("coordinates")
    del sys.modules["libraries.exporting.coordinates"]


def drawn(client: FlaskClient) -> dict[str, Any]:
    return finished(client, "/artboard/create", BOARD)


def probed(client: FlaskClient, name: str) -> dict[str, Any]:
    call = {"task": "workers.probe_tasks.write", "kwargs": {"name": name, "text": "a,b\n1,2\n"}}
    return finished(client, "/jobs", call)


def finished(client: FlaskClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    job: dict[str, Any] = client.get(client.post(path, json=body).headers["Location"]).get_json()
    assert job["status"] == "finished", job
    return job


def test_a_result_is_the_file_itself_by_default(
    drawer: FlaskClient,
) -> None:
    address = drawn(drawer)["links"]["result"]
    usual = drawer.get(address)
    assert usual.content_type == SVG_TYPE
    for accept in ("*/*", SVG_TYPE, "image/*", f"{SVG_TYPE};charset=utf-8", "nonsense", *BROWSERS):
        other = drawer.get(address, headers={"Accept": accept})
        assert (other.status_code, other.data) == (200, usual.data), accept
        assert other.headers["ETag"] == usual.headers["ETag"]
        assert set(other.vary) == {"Accept", "Origin"}


@pytest.mark.parametrize("accept", [PNG_TYPE, f"{PNG_TYPE}, */*;q=0.1", f"{SVG_TYPE};q=0, image/*"])
def test_a_client_that_prefers_png_gets_the_preview(drawer: FlaskClient, accept: str) -> None:
    links = drawn(drawer)["links"]
    picture, preview = (
        drawer.get(links["result"], headers={"Accept": accept}),
        drawer.get(links["preview"]),
    )
    assert (picture.content_type, picture.data) == (PNG_TYPE, preview.data)
    assert Image.open(io.BytesIO(picture.data)).size == (640, 320)
    for header in ("ETag", "Cache-Control", "Content-Security-Policy"):
        assert picture.headers[header] == preview.headers[header]
    assert picture.headers["Content-Disposition"].endswith('.png"')
    again = drawer.get(
        links["result"], headers={"Accept": accept, "If-None-Match": picture.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_an_unsupported_media_type_is_not_acceptable(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["result"]
    refused = drawer.get(address, headers={"Accept": "text/csv, application/pdf;q=0"})
    problem = refused.get_json()
    assert (refused.status_code, problem["type"]) == (406, "/problems/not-acceptable")
    assert problem["available"][0] == SVG_TYPE
    assert {PNG_TYPE, "application/pdf", "text/x-gcode"} <= set(problem["available"])
    assert problem["formats"] == {name: f"{address}?format={name}" for name in FORMATS}
    nothing = drawer.get(address, headers={"Accept": "*/*;q=0"})
    assert nothing.status_code == 406


def test_a_file_that_is_not_a_drawing_has_only_its_own_media_type(drawer: FlaskClient) -> None:
    address = probed(drawer, "a.csv")["links"]["result"]
    for accept, status in (("text/csv", 200), ("text/*", 200), ("*/*", 200), (PNG_TYPE, 406)):
        assert drawer.get(address, headers={"Accept": accept}).status_code == status, accept
    assert set(drawer.get(address).vary) == {"Origin"}


def test_a_return_value_is_available_as_json_only(drawer: FlaskClient) -> None:
    call = {"task": "workers.http_tasks.write_several", "kwargs": {"folder": "x", "names": []}}
    address = finished(drawer, "/jobs", call)["links"]["result"]
    assert drawer.get(address, headers={"Accept": "application/json"}).status_code == 200
    assert drawer.get(address, headers={"Accept": PNG_TYPE}).status_code == 406


def test_a_drawing_without_a_preview_cannot_be_exported_as_png(
    drawer: FlaskClient,
) -> None:
    address = probed(drawer, "a.svg")["links"]["result"]
    assert drawer.get(address).status_code == 200
    refused = drawer.get(address, headers={"Accept": PNG_TYPE})
    assert (refused.status_code, refused.get_json()["type"]) == (422, "/problems/bad-svg")


def test_the_format_in_the_query_beats_accept_and_has_parameters(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["result"]
    pdf = drawer.get(f"{address}?format=pdf", headers={"Accept": "text/csv"})
    assert (pdf.status_code, pdf.content_type) == (200, "application/pdf")
    assert pdf.data.startswith(b"%PDF-1.6")
    assert set(pdf.vary) == {"Accept", "Origin"}
    small, large = (drawer.get(f"{address}?format=png&dpi={dpi}") for dpi in (50, 100))
    assert Image.open(io.BytesIO(large.data)).size == (394, 197)
    assert small.headers["ETag"] != large.headers["ETag"]
    by_type = drawer.get(f"{address}?profile=marlin", headers={"Accept": "text/x-gcode"})
    assert b"M280 P0 S90" in by_type.data
    unchanged = {"If-None-Match": large.headers["ETag"]}
    assert drawer.get(f"{address}?format=png&dpi=100", headers=unchanged).status_code == 304


@pytest.mark.parametrize(
    ("query", "parameter", "text"),
    [
        ("format=pfd", "format", "unknown format 'pfd'"),
        ("format=pdf&dpi=100", "dpi", "Not a parameter of the format pdf; only of png."),
        ("format=pdf&dqi=1", "dqi", "Unknown parameter; known: download, format, layer."),
        ("dpi=100", "dpi", "Not a parameter of the stored file; only of png."),
        ("format=png&dpi=5", "dpi", "Must be greater than or equal to 10"),
        ("format=png&dpi=100&width=200", "dpi", "Cannot be combined with width."),
        ("format=png&dpi=100&dpi=200", "dpi", "Must not be given more than once."),
        ("format=strokes&profile=plotter", "profile", "Must be one of: axidraw"),
        (
            "format=hpgl&profile=klipper",
            "profile",
            "Not a value of the format hpgl; use one of calcomp-artisan",
        ),
        ("format=gcode&tolerance=x", "tolerance", "Not a valid number."),
    ],
)
def test_an_invalid_format_or_parameter_is_named(
    drawer: FlaskClient, query: str, parameter: str, text: str
) -> None:
    refused = drawer.get(f"{drawn(drawer)['links']['result']}?{query}")
    problem = refused.get_json()
    assert refused.status_code == 422
    (error,) = problem["errors"]
    assert error["parameter"] == parameter
    assert text in error["detail"]
    assert error.get("hint") == ("did you mean 'pdf'?" if parameter == "format" else None)


def test_a_stroke_that_the_plotter_cannot_reach_is_a_problem_of_the_drawing(
    drawer: FlaskClient,
) -> None:
    board = BOARD | {"width": 600, "height": 500}
    address = finished(drawer, "/artboard/create", board)["links"]["result"]
    refused = drawer.get(f"{address}?format=hpgl").get_json()
    assert (refused["status"], refused["type"]) == (422, "/problems/not-plottable")
    assert "larger than the papers" in refused["detail"]


def test_the_name_of_an_export_is_the_title_with_the_right_suffix(drawer: FlaskClient) -> None:
    formats = drawn(drawer)["links"]["formats"]
    for name, address in formats.items():
        shown = drawer.get(address).headers["Content-Disposition"]
        assert shown == f'inline; filename="grid, 100 x 50 mm{FORMATS[name].suffix}"'
    (found,) = drawer.get("/gallery").get_json()["items"]
    own = f"/gallery/{found['id']}"
    assert drawer.patch(own, json={"title": 'Sky "blue"\\é'}).status_code == 200
    pdf = drawer.get(f"{own}/drawing.svg?format=pdf&download=1")
    shown = pdf.headers["Content-Disposition"]
    assert shown.startswith('attachment; filename="Sky _blue__e.pdf"')
    assert shown.endswith("filename*=UTF-8''Sky%20_blue__%C3%A9.pdf")
    # The title is in the file too.
    assert '\ufeffSky "blue"'.encode("utf-16-be").hex().encode() in pdf.data


def test_a_file_that_is_not_a_drawing_has_no_other_format(drawer: FlaskClient) -> None:
    address = probed(drawer, "a.csv")["links"]["result"]
    refused = drawer.get(f"{address}?format=pdf")
    assert (refused.status_code, refused.get_json()["available"]) == (
        406,
        ["text/csv; charset=utf-8"],
    )
    assert drawer.get(f"{address}?format=nonsense").status_code == 422
    assert "formats" not in drawer.get(address.removesuffix("/result")).get_json()["links"]


def test_a_link_opens_every_format(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["result"]
    url = drawer.post("/links", json={"path": address}).get_json()["url"]
    for name in FORMATS:
        reply = drawer.get(f"{url}&format={name}")
        assert (reply.status_code, reply.mimetype) == (200, FORMATS[name].media_type)


def test_an_export_waits_for_one_of_two_others(
    drawer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = drawn(drawer)["links"]["result"]
    monkeypatch.setattr(stored, "render_slot", lambda _: nullcontext(False))
    refused = drawer.get(f"{address}?format=dxf")
    assert (refused.status_code, refused.get_json()["type"]) == (503, "/problems/renderers-busy")
    assert refused.headers["Retry-After"] == "2"
    monkeypatch.undo()
    assert drawer.get(f"{address}?format=dxf").status_code == 200


def test_an_export_is_written_once_for_equal_requests(
    drawer: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = drawn(drawer)["links"]["result"]
    first = drawer.get(f"{address}?format=dxf&_=1").data
    monkeypatch.setattr(stored, "read_svg", None)
    assert drawer.get(f"{address}?format=dxf").data == first


@pytest.mark.usefixtures("broker")
def test_an_unfinished_job_is_a_conflict_for_every_media_type(
    client: FlaskClient,
) -> None:
    job = client.post("/artboard/create", json=BOARD).get_json()
    reply = client.get(f"/jobs/{job['job_id']}/result", headers={"Accept": "application/pdf"})
    assert reply.status_code == 409


@pytest.mark.usefixtures("coordinates")
def test_a_new_export_format_is_available_over_http(drawer: FlaskClient) -> None:
    reply = drawer.get(drawn(drawer)["links"]["result"], headers={"Accept": "text/x-coordinates"})
    assert reply.content_type == "text/x-coordinates"
    assert b"," in reply.data.splitlines()[0]
    assert ".txt" in reply.headers["Content-Disposition"]


def test_a_drawing_of_the_gallery_is_negotiated_too(drawer: FlaskClient) -> None:
    links = drawn(drawer)["links"]
    (found,) = drawer.get("/gallery").get_json()["items"]
    address = f"/gallery/{found['id']}/drawing.svg"
    assert drawer.get(address).data == drawer.get(links["result"]).data
    assert drawer.get(address, headers={"Accept": BROWSERS[0]}).content_type == SVG_TYPE
    picture = drawer.get(address, headers={"Accept": PNG_TYPE})
    assert picture.data == drawer.get(links["preview"]).data
    assert drawer.get(address, headers={"Accept": "text/csv"}).status_code == 406


def test_the_media_types_of_the_formats_are_documented(drawer: FlaskClient) -> None:
    paths = drawer.get("/openapi.json").get_json()["paths"]
    for path, usual in (
        ("/jobs/{job_id}/result", "*/*"),
        ("/gallery/{drawing_id}/drawing.svg", SVG_TYPE),
    ):
        content = paths[path]["get"]["responses"]["200"]["content"]
        assert {usual, PNG_TYPE} <= set(content)


def test_a_single_layer_can_be_exported_in_any_format(drawer: FlaskClient) -> None:
    line = {"type": "line", "points": [[5, 5], [45, 5]]}
    body = {
        "width": 50,
        "height": 20,
        "layers": [{"name": name, "color": name} for name in ("red", "blue")],
        "elements": [{**line, "layer": name} for name in ("red", "blue")],
    }
    address = finished(drawer, "/artboard/create", body)["links"]["result"]
    svg = drawer.get(f"{address}?layer=blue&download=1")
    assert b'stroke="blue"' in svg.data
    assert b'stroke="red"' not in svg.data
    assert svg.headers["Content-Disposition"].endswith(' mm blue.svg"')
    assert svg.headers["ETag"] != drawer.get(f"{address}?layer=red").headers["ETag"]
    strokes = drawer.get(f"{address}?format=strokes&layer=red").get_json()
    assert [one["layer"] for one in strokes["layers"]] == ["red"]
    refused = drawer.get(f"{address}?layer=green")
    assert refused.status_code == 422
    assert "known: blue, red" in refused.get_json()["errors"][0]["detail"]
