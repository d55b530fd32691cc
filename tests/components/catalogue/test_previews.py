"""Previews of patterns."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from PIL import Image

from components.catalogue import previews
from libraries.patterns import PATTERNS
from libraries.previews import RenderCache, render_slot, rendering_for


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


def test_no_more_than_two_previews_are_drawn_at_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MAX_WAIT_S", 0.05)
    with rendering_for("a"), render_slot(1), rendering_for("b"), render_slot(1):
        busy = client.get("/patterns/spiral/preview.svg", query_string={"seed": 4711})
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
    assert busy.get_json()["type"] == "/problems/renderers-busy"
    assert client.get("/patterns/spiral/preview.svg", query_string={"seed": 4711}).data


def test_one_client_uses_one_renderer_and_leaves_the_other(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MAX_WAIT_S", 0.05)

    def status(seed: int, address: str) -> int:
        path = f"/patterns/spiral/preview.svg?seed={seed}"
        return client.get(path, environ_overrides={"REMOTE_ADDR": address}).status_code

    with rendering_for("192.0.2.1"), render_slot(1) as is_free:
        assert is_free
        assert status(4712, "192.0.2.1") == 503
        assert status(4712, "192.0.2.2") == 200
    assert status(4713, "192.0.2.1") == 200


def test_equal_requests_share_one_rendering_and_its_result() -> None:
    cache: RenderCache[bytes] = RenderCache(10)
    calls, begun, go = [], threading.Event(), threading.Event()

    def render() -> bytes:
        calls.append(1)
        begun.set()
        assert go.wait(10)
        return b"drawn"

    with ThreadPoolExecutor() as pool:
        first = pool.submit(cache.get, "a", render, wait_s=10)
        assert begun.wait(10)
        with pytest.raises(TimeoutError):
            cache.get("a", render, wait_s=0.01)
        second = pool.submit(cache.get, "a", render, wait_s=10)
        go.set()
        assert first.result(10) == second.result(10) == b"drawn"
    assert cache.get("a", render, wait_s=0) == b"drawn"
    assert calls == [1]


def test_a_cache_of_renderings_keeps_the_last_used_and_no_failure() -> None:
    cache: RenderCache[bytes] = RenderCache(10)

    def fail() -> bytes:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        cache.get("a", fail, wait_s=0)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda key=key: key.encode() * 4, wait_s=0)  # type: ignore[misc]
    assert cache.get("a", fail, wait_s=0) == b"aaaa"
    with pytest.raises(ArithmeticError):
        cache.get("b", fail, wait_s=0)
