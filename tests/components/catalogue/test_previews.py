"""Previews of patterns."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image

from libraries.patterns import PATTERNS


@pytest.mark.parametrize("name", list(PATTERNS))
def test_each_pattern_has_a_cacheable_preview(client: FlaskClient, name: str) -> None:
    links = client.get(f"/patterns/{name}").get_json()["links"]
    response = client.get(links["preview_png"], query_string={"width": 200})
    assert response.content_type == "image/png"
    picture = Image.open(io.BytesIO(response.data)).convert("L")
    assert picture.width == 200
    tones = picture.tobytes()
    assert min(tones) < 128 < max(tones)
    assert "max-age" in response.headers["Cache-Control"]
    again = client.get(
        links["preview_png"],
        query_string={"width": 200},
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert again.status_code == 304


def test_a_preview_is_a_complete_drawing_of_its_seed(client: FlaskClient) -> None:
    first, second = (
        client.get("/patterns/truchet/preview.svg", query_string={"seed": seed}) for seed in (1, 2)
    )
    assert first.content_type.startswith("image/svg+xml")
    assert 'width="105mm"' in first.text
    assert first.data != second.data


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/patterns/nonesuch/preview.svg", 404),
        ("/patterns/spiral/preview.gif", 404),
        ("/patterns/spiral/preview.png?width=5000", 422),
        ("/patterns/spiral/preview.png?seed=-1", 422),
    ],
)
def test_an_invalid_preview_is_rejected(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status
