"""GET /jobs/<job_id>/preview.png."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from libraries.broker.in_memory import close_in_memory
from libraries.job_manager import enqueue_background_job
from libraries.settings import Settings, use_settings
from libraries.storage import output_folder, own_name
from libraries.svg_builder import SVGBuilder
from tests.watchful import watchful_client

BOARD = {"width": 100, "height": 50, "pattern": "grid", "pen_width": 1}


@pytest.fixture
def drawer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A client of a service in immediate mode."""
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    yield watchful_client(changed)
    close_in_memory(changed.broker.data_dir)


def drawn(client: FlaskClient, **more: Any) -> dict[str, Any]:
    """Return a finished job that has drawn an artboard."""
    job: dict[str, Any] = client.get(
        client.post("/artboard/create", json={**BOARD, **more}).headers["Location"]
    ).get_json()
    assert job["status"] == "finished", job
    return job


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_preview_has_the_requested_width(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["preview"]
    usual, small = drawer.get(address), drawer.get(address, query_string={"width": 16})
    assert usual.content_type == "image/png"
    assert (picture(usual.data).size, picture(small.data).size) == ((640, 320), (16, 8))
    tones = picture(usual.data).convert("L").getextrema()
    assert tones == (0, 255)


def test_a_preview_can_have_a_background_colour_or_be_transparent(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["preview"]
    cream = picture(drawer.get(address, query_string={"paper": "#FDF6E3"}).data)
    assert cream.convert("RGB").getpixel((2, 2)) == (0xFD, 0xF6, 0xE3)
    clear = picture(drawer.get(address, query_string={"paper": "none"}).data)
    assert clear.convert("RGBA").getpixel((2, 2))[3] == 0  # type: ignore[index]


def test_an_unchanged_preview_is_answered_with_304(drawer: FlaskClient) -> None:
    address = drawn(drawer)["links"]["preview"]
    first, other = drawer.get(address), drawer.get(address, query_string={"width": 100})
    assert first.headers["ETag"] != other.headers["ETag"]
    again = drawer.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_equal_drawings_have_equal_previews_and_files(drawer: FlaskClient) -> None:
    one, other = drawn(drawer, seed=3), drawn(drawer, seed=3)
    assert other["progress"]["message"] == "grid was already drawn"
    for link in ("preview", "result"):
        replies = [drawer.get(job["links"][link]) for job in (one, other)]
        assert replies[0].data == replies[1].data
        assert replies[0].headers["ETag"] == replies[1].headers["ETag"]


def test_a_compact_file_has_the_same_preview(drawer: FlaskClient) -> None:
    plain, compact = drawn(drawer, seed=3), drawn(drawer, seed=3, encoding="compact")
    assert compact["artifacts"][0]["size"] != plain["artifacts"][0]["size"]
    one, other = (
        picture(drawer.get(job["links"]["preview"]).data).convert("L") for job in (plain, compact)
    )
    differing = sum(abs(a - b) > 64 for a, b in zip(one.tobytes(), other.tobytes(), strict=True))
    assert differing < len(one.tobytes()) / 100


def test_a_preview_has_the_colours_of_the_pens(drawer: FlaskClient) -> None:
    svg = SVGBuilder(20, 20, stroke="#cc0000", pen_width=4).line(0, 10, 20, 10).to_string()
    job = probe(drawer, {"folder": "x", "names": ["a.svg"]})
    output_folder().publish(own_name("x/0/a.svg", job["id"]), svg)
    # The record has the hash of the file, and other content under the same name is not shown.
    assert drawer.get(f"/jobs/{job['id']}/preview.png").status_code == 410
    job = probe(drawer, {"name": "red.svg", "text": svg}, task="workers.probe_tasks.write")
    red = picture(drawer.get(job["links"]["preview"], query_string={"width": 100}).data).convert(
        "RGB"
    )
    assert red.getpixel((50, 50)) == (0xCC, 0, 0)


@pytest.fixture(autouse=True)
def _probes(probe_tasks: None) -> None:
    """Add the probe tasks, which write files for the tests."""


def probe(
    client: FlaskClient, kwargs: dict[str, Any], task: str = "workers.http_tasks.write_several"
) -> dict[str, Any]:
    job: dict[str, Any] = client.get(
        client.post("/jobs", json={"task": task, "kwargs": kwargs}).headers["Location"]
    ).get_json()
    return job


def test_a_job_without_a_drawing_has_no_preview(drawer: FlaskClient) -> None:
    job = probe(drawer, {"folder": "x", "names": ["a.txt"]})
    assert "preview" not in job["links"]
    response = drawer.get(f"/jobs/{job['id']}/preview.png")
    assert (response.status_code, response.get_json()["type"]) == (404, "/problems/no-drawing")


def test_a_malformed_svg_is_rejected(drawer: FlaskClient) -> None:
    job = probe(drawer, {"folder": "x", "names": ["a.svg"]})
    response = drawer.get(job["links"]["preview"])
    assert (response.status_code, response.get_json()["type"]) == (422, "/problems/bad-svg")


def test_a_drawing_without_statistics_is_limited_by_its_size(drawer: FlaskClient) -> None:
    text = "<svg>" + " " * 2_600_000 + "</svg>"
    job = drawer.get(
        f"/jobs/{enqueue_background_job('workers.probe_tasks.write', 'large.svg', text).id}"
    ).get_json()
    response = drawer.get(job["links"]["preview"])
    assert (response.status_code, response.get_json()["type"]) == (
        422,
        "/problems/drawing-too-large",
    )


@pytest.mark.usefixtures("broker")
def test_an_unfinished_job_has_no_preview(client: FlaskClient) -> None:
    job = client.post("/artboard/create", json=BOARD).get_json()
    assert "preview" not in job["links"]
    response = client.get(f"/jobs/{job['job_id']}/preview.png")
    assert (response.status_code, response.get_json()["type"]) == (
        409,
        "/problems/job-not-finished",
    )
    assert client.get("/jobs/nonesuch/preview.png").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"width": 15},
        {"width": 2001},
        {"width": "wide"},
        {"paper": "octarine"},
        {"paper": "x" * 101},
    ],
)
def test_an_invalid_preview_request_is_rejected(drawer: FlaskClient, query: dict[str, Any]) -> None:
    assert drawer.get("/jobs/any/preview.png", query_string=query).status_code == 422
