"""POST /artboard/render: an SVG in a frame, as in the Drawscape service."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.previews import render_slot, rendering_for
from libraries.settings import Settings, use_settings
from libraries.svg_builder import SVGBuilder
from libraries.svg_reader import read_svg
from tests.watchful import watchful_client

SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"
SHEET = {"render_style": "blueprint", "title": "Main terminal", "size": "a4"}


class Files(http.server.BaseHTTPRequestHandler):
    """Serves a drawing of a circle, a text and something large."""

    def do_GET(self) -> None:
        found = {
            "/circle.svg": SVGBuilder(50, 50).circle(25, 25, 20).to_string(),
            "/text.svg": "no drawing",
            "/large.svg": "x" * 600_000,
        }[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(found)))
        self.end_headers()
        self.wfile.write(found.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def source() -> Iterator[str]:
    """The address of a server with files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def fetcher(settings: Settings) -> FlaskClient:
    """A client of a service that may fetch from private addresses."""
    changed = settings.with_values(fetch_private=True)
    use_settings(changed)
    return watchful_client(changed)


@pytest.mark.parametrize("style", ["blueprint", "airport", "basic"])
def test_a_sheet_has_a_frame_and_a_title(client: FlaskClient, style: str) -> None:
    response = client.post("/artboard/render", json=SHEET | {"render_style": style})
    body = response.get_json()
    assert (response.status_code, body["status"]) == (200, "success")
    assert set(body) == {"status", "svg_string"}
    assert "<title>Main terminal</title>" in body["svg_string"]
    page = read_svg(body["svg_string"]).document.page
    assert (page.width, page.height) == (210, 297)


def test_all_members_have_the_defaults_of_the_service(client: FlaskClient) -> None:
    body = client.post("/artboard/render", json={"render_style": "basic", "titel": 1}).get_json()
    assert [(one["field"], one["hint"]) for one in body["ignored"]] == [
        ("titel", "did you mean 'title'?")
    ]
    assert "<title>Artboard</title>" in body["svg_string"]
    page = read_svg(body["svg_string"]).document.page
    assert (page.width, page.height) == pytest.approx((279.4, 431.8), abs=0.1)
    wide = client.post(
        "/artboard/render",
        json={
            **SHEET,
            "orientation": "Landscape",
            "size": "Letter",
            "paper_color": "#123456",
            "pen_color": "white",
            "subtitle": "Ground floor",
            "legend": [
                {"label": "Scale", "content": "1 : 500"},
                {"label": "Date", "content": "x" * 90},
            ],
        },
    ).get_json()["svg_string"]
    assert 'stroke="white"' in wide
    assert "background-color:#123456" in wide
    page = read_svg(wide).document.page
    assert page.width > page.height


def test_the_drawing_at_the_url_is_placed_in_the_frame(fetcher: FlaskClient, source: str) -> None:
    empty = fetcher.post("/artboard/render", json=SHEET).get_json()["svg_string"]
    body = SHEET | {"schematic_url": f"{source}/circle.svg"}
    sheet = fetcher.post("/artboard/render", json=body).get_json()["svg_string"]
    document = read_svg(sheet).document
    assert len(document.store) == len(read_svg(empty).document.store) + 1
    for accept in (SVG_TYPE, PNG_TYPE):
        response = fetcher.post("/artboard/render", json=body, headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (200, accept)
        assert "Accept" in response.vary
    assert (
        fetcher.post("/artboard/render", json=body, headers={"Accept": "text/csv"}).status_code
        == 406
    )


def test_a_drawing_that_cannot_be_used_is_refused(fetcher: FlaskClient, source: str) -> None:
    for name in ("text", "large"):
        response = fetcher.post(
            "/artboard/render", json=SHEET | {"schematic_url": f"{source}/{name}.svg"}
        )
        assert response.status_code == 422, response.get_json()
        assert response.get_json()["errors"][0]["field"] == "schematic_url"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("render_style", "nope"),
        ("size", "a99"),
        ("orientation", "up"),
        ("pen_color", "none"),
        ("paper_color", "url(#x)"),
        ("title", "x" * 201),
        ("legend", [{"label": "only"}]),
        ("legend", [{"label": "a", "content": "b"}] * 41),
        ("schematic_url", "file:///etc/passwd"),
        ("schematic_url", "http://127.0.0.1/x.svg"),
    ],
)
def test_an_invalid_sheet_is_rejected_with_its_field(
    client: FlaskClient, member: str, value: Any
) -> None:
    response = client.post("/artboard/render", json=SHEET | {member: value})
    assert response.status_code == 422, response.get_json()
    assert response.get_json()["errors"][0]["field"].startswith(member)


def test_no_more_than_two_sheets_are_drawn_at_once(client: FlaskClient) -> None:
    with rendering_for("a"), render_slot(1), rendering_for("b"), render_slot(1):
        busy = client.post("/artboard/render", json=SHEET)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
