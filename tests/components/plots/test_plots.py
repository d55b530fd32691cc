"""POST /plots, /plots/quote and /plots/compare."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.exporting import FORMATS
from libraries.geometry.document import Document
from libraries.settings import Settings
from libraries.svg_reader import read_svg

pytestmark = pytest.mark.usefixtures("broker")
RunJobs = Callable[[], None]
# Two strokes that meet, one that is drawn twice, and one on another layer.
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
 width="100mm" height="60mm" viewBox="0 0 100 60" fill="none" stroke="black">
<g inkscape:groupmode="layer" inkscape:label="black"><path d="M10,10 L50,10"/><path d="M90,50 L50,10"/>
<path d="M20,40 L30,40"/><path d="M30,40 L20,40"/></g>
<g inkscape:groupmode="layer" inkscape:label="red" stroke="red"><path d="M5,5 L6,5"/></g></svg>"""
SVG_HEADERS = {"Content-Type": "image/svg+xml"}


def finished(client: FlaskClient, response: TestResponse, run_jobs: RunJobs) -> dict[str, Any]:
    assert response.status_code == 202, response.get_json()
    run_jobs()
    job: dict[str, Any] = client.get(response.headers["Location"]).get_json()
    assert job["status"] == "finished", job
    return job


def plotted(client: FlaskClient, job: dict[str, Any]) -> Document:
    return read_svg(client.get(f"/jobs/{job['id']}/result").data).document


def test_a_drawing_in_the_body_is_optimised(client: FlaskClient, run_jobs: RunJobs) -> None:
    job = finished(client, client.post("/plots", json={"svg": DRAWING}), run_jobs)
    result = job["result"]
    assert (result["before"]["lifts"], result["after"]["lifts"]) == (5, 3)
    assert result["after"]["pen_up_mm"] < result["before"]["pen_up_mm"]
    assert result["after"]["pen_down_mm"] == pytest.approx(result["before"]["pen_down_mm"] - 10)
    assert result["certificate"]["lifts"] == {"before": 5, "after": 3, "minimum": 3}
    plot = plotted(client, job)
    assert [layer.name for layer in plot.layers] == ["black", "red"]
    assert (plot.width, plot.height) == (100, 60)


def test_the_drawing_as_read_is_stored_next_to_the_plot(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job = finished(client, client.post("/plots", json={"svg": DRAWING}), run_jobs)
    assert [one["name"] for one in job["artifacts"]] == [
        "plot.svg",
        "plot-certificate.json",
        "plot-input.svg.gz",
    ]
    given = read_svg(gzip.decompress(client.get(job["artifacts"][2]["url"]).data)).document
    assert len(given) == 5


def send_json(client: FlaskClient, _: RunJobs) -> TestResponse:
    return client.post("/plots", json={"svg": DRAWING, "passes": 2})


def send_form(client: FlaskClient, _: RunJobs) -> TestResponse:
    file = (io.BytesIO(DRAWING.encode()), "a.svg")
    return client.post("/plots", data={"file": file, "passes": "2"})


def send_raw(client: FlaskClient, _: RunJobs) -> TestResponse:
    return client.post("/plots?passes=2", data=DRAWING, headers=SVG_HEADERS)


def send_upload(client: FlaskClient, _: RunJobs) -> TestResponse:
    file = (io.BytesIO(DRAWING.encode()), "a.svg")
    path = client.post("/uploads", data={"file": file}).get_json()["file"]
    return client.post("/plots", json={"source": path, "passes": 2})


def send_job(client: FlaskClient, run_jobs: RunJobs) -> TestResponse:
    first = client.post("/plots", json={"svg": DRAWING}).get_json()["job_id"]
    return client.post("/plots", json={"source": first, "passes": 2})


def send_gallery_drawing(client: FlaskClient, run_jobs: RunJobs) -> TestResponse:
    client.post("/plots", json={"svg": DRAWING})
    run_jobs()
    drawings = client.get("/gallery").get_json()["items"]
    assert len(drawings) == 1
    return client.post("/plots", json={"source": drawings[0]["id"], "passes": 2})


@pytest.mark.parametrize(
    "send", [send_json, send_form, send_raw, send_upload, send_job, send_gallery_drawing]
)
def test_a_drawing_is_plotted_from_every_source(
    client: FlaskClient, run_jobs: RunJobs, send: Callable[[FlaskClient, RunJobs], TestResponse]
) -> None:
    job = finished(client, send(client, run_jobs), run_jobs)
    # Each of the three strokes twice.
    assert job["result"]["after"]["pen_down_mm"] == pytest.approx(
        2 * (40 + np.hypot(40, 40) + 10 + 1), abs=0.01
    )


HPGL = b"IN;SP1;PU400,400;PD2000,400;PU400,1600;PD800,1600;SP2;PU200,200;PD240,200;PU;"


def send_hpgl_form(client: FlaskClient) -> TestResponse:
    return client.post("/plots", data={"file": (io.BytesIO(HPGL), "a.plt")})


def send_hpgl_body(client: FlaskClient) -> TestResponse:
    return client.post("/plots", data=HPGL, headers={"Content-Type": "application/vnd.hp-HPGL"})


def send_hpgl_upload(client: FlaskClient) -> TestResponse:
    path = client.post("/uploads", data={"file": (io.BytesIO(HPGL), "a.txt")}).get_json()["file"]
    assert path.endswith("/a.hpgl")
    return client.post("/plots", json={"source": path})


@pytest.mark.parametrize("send", [send_hpgl_form, send_hpgl_body, send_hpgl_upload])
def test_a_file_for_a_plotter_is_plotted(
    client: FlaskClient, run_jobs: RunJobs, send: Callable[[FlaskClient], TestResponse]
) -> None:
    job = finished(client, send(client), run_jobs)
    assert job["result"]["after"]["pen_down_mm"] == pytest.approx(40 + 10 + 1)
    assert [layer.name for layer in plotted(client, job).layers] == ["pen 1", "pen 2"]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("dxf", "image/vnd.dxf"),
        ("dxf", "application/dxf"),
        ("pdf", "application/pdf"),
        ("gcode", "text/x-gcode"),
    ],
)
def test_exports_are_plotted_again_from_the_body(
    client: FlaskClient, run_jobs: RunJobs, name: str, media_type: str
) -> None:
    document = Document(100, 80)
    document.add([[(20, 20), (80, 20)], [(20, 60), (60, 60)]], document.layer("ink"))
    data = b"".join(FORMATS[name].params.load({}).write(document))
    reply = client.post("/plots?pdf_page=1", data=data, headers={"Content-Type": media_type})
    job = finished(client, reply, run_jobs)
    assert job["result"]["after"]["pen_down_mm"] == pytest.approx(100, abs=0.01)
    assert job["result"]["problems"] == []


def test_a_body_of_another_type_than_its_header_says_is_rejected(client: FlaskClient) -> None:
    reply = client.post("/plots", data=HPGL, headers={"Content-Type": "application/pdf"})
    assert (reply.status_code, reply.get_json()["type"]) == (
        415,
        "/problems/unsupported-media-type",
    )


def test_a_body_of_an_unknown_type_is_rejected_with_the_types_of_drawings(
    client: FlaskClient,
) -> None:
    reply = client.post("/plots", data=DRAWING, headers={"Content-Type": "text/xml"})
    assert reply.status_code == 415
    assert "the file itself as image/svg+xml, " in reply.get_json()["detail"]


def test_a_plot_says_that_most_of_the_drawing_is_off_the_page(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    wide = DRAWING.replace("</svg>", '<path d="M50 50H950" stroke="red"/></svg>')
    job = finished(client, client.post("/plots", json={"svg": wide}), run_jobs)
    assert job["progress"]["message"].endswith(" of the drawing is off the page")


def test_a_plot_is_placed_on_a_page(client: FlaskClient, run_jobs: RunJobs) -> None:
    body = {
        "svg": DRAWING,
        "page": "A5",
        "fit": "contain",
        "margin": 10,
        "rotate": 90,
        "pens": [{"layer": "black", "color": "navy", "pen_width": 0.5}],
    }
    plot = plotted(client, finished(client, client.post("/plots", json=body), run_jobs))
    assert (plot.width, plot.height) == (148, 210)
    assert [(layer.pen.colour, layer.pen.width) for layer in plot.layers] == [("navy", 0.5)]
    box = plot.bounding_box()
    assert box is not None
    # 100 x 60 mm turned and fitted into 128 x 190 mm: the factor is 1.9.
    assert [box.width, box.height] == pytest.approx([40 * 1.9, 80 * 1.9])


def test_a_plot_is_aligned_inside_its_margin(client: FlaskClient, run_jobs: RunJobs) -> None:
    body = {"svg": DRAWING, "page": "a5", "fit": "contain", "margin": 10}
    body |= {"align": "right", "vertical": "bottom"}
    plot = plotted(client, finished(client, client.post("/plots", json=body), run_jobs))
    box = plot.bounding_box()
    assert box is not None
    # The page of 100 x 60 mm fills the width; the lower right corner of the ink is at (90, 50).
    assert box.bottom == pytest.approx(200 - 10 * 1.28)
    assert box.right == pytest.approx(138 - 10 * 1.28)


def test_a_pen_is_found_by_its_colour(client: FlaskClient, run_jobs: RunJobs) -> None:
    body = {"svg": DRAWING, "pens": [{"layer": "#F00", "color": "orange"}, {"layer": "black"}]}
    plot = plotted(client, finished(client, client.post("/plots", json=body), run_jobs))
    assert [(layer.name, layer.pen.colour) for layer in plot.layers] == [
        ("#F00", "orange"),
        ("black", "black"),
    ]


def test_an_svg_may_be_larger_than_other_files(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    limit = settings.uploads.upload_limit
    assert settings.uploads.svg_limit > limit
    large = DRAWING.replace("</svg>", f"<desc>{'x' * limit}</desc></svg>")
    job = finished(client, client.post("/plots", data=large, headers=SVG_HEADERS), run_jobs)
    assert job["result"]["after"]["lifts"] == 3


def test_strokes_are_cut_at_the_margin(client: FlaskClient, run_jobs: RunJobs) -> None:
    body = {"svg": DRAWING, "margin": 15, "crop": "margin"}
    plot = plotted(client, finished(client, client.post("/plots", json=body), run_jobs))
    assert plot.store.coordinates.min() >= 15 - 1e-6


def test_the_same_request_gives_the_same_bytes(client: FlaskClient, run_jobs: RunJobs) -> None:
    jobs = [
        finished(client, client.post("/plots", json={"svg": DRAWING}), run_jobs) for _ in range(2)
    ]
    files = [client.get(f"/jobs/{job['id']}/result").data for job in jobs]
    assert jobs[0]["id"] != jobs[1]["id"]
    assert files[0] == files[1]


def test_a_quote_stores_no_file(client: FlaskClient, settings: Settings, run_jobs: RunJobs) -> None:
    job = finished(client, client.post("/plots/quote", json={"svg": DRAWING}), run_jobs)
    assert job["artifacts"] == []
    assert job["result"]["after"]["lifts"] == 3
    assert set(job["result"]["after"]["time"]) >= {"saxi", "axidraw"}
    assert [path for path in settings.storage.output_dir.rglob("*") if path.is_file()] == []


def test_two_drawings_are_compared(client: FlaskClient, run_jobs: RunJobs) -> None:
    whole = client.post("/plots", json={"svg": DRAWING}).get_json()["job_id"]
    part = client.post("/plots", json={"svg": DRAWING, "pens": [{"layer": "black"}]})
    body = {"before": whole, "after": part.get_json()["job_id"]}
    result = finished(client, client.post("/plots/compare", json=body), run_jobs)["result"]
    assert result["ink"]["gained"] == 0
    # The red stroke of 1 mm of about 107 mm.
    assert 0 < result["ink"]["lost"] < 0.03
    assert result["before"]["lifts"] == result["after"]["lifts"] + 1


BAD_REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "source"),
    "two drawings": ({"svg": DRAWING, "source": "a.svg"}, "svg"),
    "an unknown job": ({"source": "nothere"}, "source"),
    "an unknown drawing": ({"source": "0" * 24}, "source"),
    "a missing file": ({"source": "uploads/missing.svg"}, "source"),
    "a file outside": ({"source": "../../etc/passwd"}, "source"),
    "an unknown paper": ({"svg": DRAWING, "page": "a99"}, "page"),
    "an unknown effort": ({"svg": DRAWING, "effort": "most"}, "effort"),
    "an odd angle": ({"svg": DRAWING, "rotate": 45}, "rotate"),
    "a layer twice": ({"svg": DRAWING, "pens": [{"layer": "a"}, {"layer": "a"}]}, "pens"),
    "no passes": ({"svg": DRAWING, "passes": 0}, "passes"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
@pytest.mark.parametrize("route", ["/plots", "/plots/quote"])
def test_a_bad_request_names_the_field(client: FlaskClient, route: str, name: str) -> None:
    body, field = BAD_REQUESTS[name]
    response = client.post(route, json=body)
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"].startswith(f"#/{field}")


@pytest.mark.parametrize("query", ["effort=most", "passes=2&passes=3", "svg=a&source=b", "tempo=1"])
def test_query_parameters_of_a_raw_body_are_checked(client: FlaskClient, query: str) -> None:
    response = client.post(f"/plots?{query}", data=DRAWING, headers=SVG_HEADERS)
    assert response.status_code == 422


@pytest.mark.parametrize("body", ["", "<html></html>", "no drawing"])
def test_a_raw_body_that_is_no_svg_is_rejected(client: FlaskClient, body: str) -> None:
    assert client.post("/plots", data=body, headers=SVG_HEADERS).status_code in (415, 422)


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "a missing layer": ({"pens": [{"layer": "blue"}]}, "unknown-name"),
    "the same layer again": ({"pens": [{"layer": "red"}, {"layer": "#F00"}]}, "layer-taken"),
    "an empty page": (
        {"margin": 29, "crop": "margin", "pens": [{"layer": "red"}]},
        "empty-drawing",
    ),
    "no room": ({"margin": 30}, "bad-page"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_plot_without_strokes_fails_with_the_reason(
    client: FlaskClient, run_jobs: RunJobs, name: str
) -> None:
    more, code = FAILURES[name]
    response = client.post("/plots", json={"svg": DRAWING, **more})
    run_jobs()
    job = client.get(response.headers["Location"]).get_json()
    assert (job["status"], job["error_code"]) == ("failed", code)


def test_a_search_can_be_finished_early(client: FlaskClient, run_jobs: RunJobs) -> None:
    response = client.post("/plots", json={"svg": DRAWING, "effort": "best"})
    job_id = response.get_json()["job_id"]
    asked = client.post(f"/jobs/{job_id}/finish")
    assert (asked.status_code, asked.get_json()["status"]) == (202, "queued")
    certificate = finished(client, response, run_jobs)["result"]["certificate"]
    assert certificate["stopped"] == "client"
    again = client.post(f"/jobs/{job_id}/finish")
    assert again.status_code == 409
    assert client.post("/jobs/unknown/finish").status_code == 404


def test_a_retried_search_is_not_finished_early(client: FlaskClient, run_jobs: RunJobs) -> None:
    response = client.post("/plots", json={"svg": DRAWING})
    job_id = response.get_json()["job_id"]
    client.post(f"/jobs/{job_id}/finish")
    client.post(f"/jobs/{job_id}/cancel")
    client.post(f"/jobs/{job_id}/retry")
    assert finished(client, response, run_jobs)["result"]["certificate"]["stopped"] is None


def test_the_problems_of_a_foreign_svg_are_in_the_result_and_the_artifact(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    svg = """<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="60mm" viewBox="0 0 100 60">
<style>.a{stroke:#d00000;fill:none}</style><rect width="100" height="60" fill="#fff"/>
<path class="a" d="M10 20H60 L"/>
<path class="a" d="M10 30H190"/></svg>"""
    response = client.post("/plots", data=gzip.compress(svg.encode()), headers=SVG_HEADERS)
    job = finished(client, response, run_jobs)
    problems = job["result"]["problems"]
    assert problems == [
        {"kind": "paper-colour", "action": "hidden", "count": 1, "lines": [2], "mm2": 6000.0},
        {"kind": "path-data", "action": "cropped", "count": 1, "lines": [3]},
        {"kind": "off-page", "action": "cropped", "count": 1, "lines": [], "mm": 90.0, "share": 0.3913},
    ]  # fmt: skip
    assert job["artifacts"][0]["problems"] == problems
    assert [pen.colour for pen in plotted(client, job).pens] == ["#d00000"]


def test_the_options_of_the_reader_are_members_of_the_request(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    svg = """<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="60mm" viewBox="0 0 100 60">
<path fill="red" d="M10 10H50V50H10z"/><path stroke="blue" d="M0 5H90"/></svg>"""
    options = {"svg": svg, "fills": "hatch", "hatch_spacing": 2, "hatch_angle": 0, "pens_by": "one"}
    job = finished(client, client.post("/plots", json=options), run_jobs)
    drawing = plotted(client, job)
    assert len(drawing.pens) == 1
    # The edge, 19 hatch lines inside of it, and the line.
    assert job["result"]["after"]["pen_down_mm"] == pytest.approx(160 + 19 * 40 + 90, rel=0.12)


def test_a_drawing_without_visible_strokes_is_an_error(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><path opacity="0" stroke="red" d="M0 5H90"/></svg>'
    )
    response = client.post("/plots", json={"svg": svg})
    run_jobs()
    job = client.get(response.headers["Location"]).get_json()
    assert job["status"] == "failed"
    assert "no strokes that are visible: empty (1), invisible (1)" in job["error"]
