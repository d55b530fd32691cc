"""Compression of responses, and the headers that protect pages."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from components.http.compression import install_compression
from libraries.broker.in_memory import close_in_memory
from libraries.settings import Settings
from tests.watchful import watchful_client

GZIP = {"Accept-Encoding": "br, gzip;q=0.8"}


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    """A client of a service in immediate mode that compresses as in the web process."""
    changed = settings.with_values(immediate=True)
    app = create_app(changed)
    install_compression(app)
    yield watchful_client(changed, app)
    close_in_memory(changed.broker.data_dir)


def stored_drawing(client: FlaskClient) -> str:
    """The path of a stored SVG that is larger than 1 kB."""
    body = {"width": 100, "height": 100, "pattern": "truchet"}
    accepted = client.post("/artboard/create", json=body)
    assert accepted.status_code == 200
    return f"/jobs/{accepted.get_json()['job_id']}/result"


def uncompressed(response: TestResponse) -> bytes:
    assert response.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(response.data)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/patterns", "/asyncapi.json"])
def test_a_text_is_compressed_for_clients_that_accept_it(client: FlaskClient, path: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers=GZIP)
    assert uncompressed(packed) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.content_length == len(packed.data)
    for response in (packed, client.get(path, headers={"Accept-Encoding": "identity"})):
        assert "Accept-Encoding" in response.vary
        assert "Origin" in response.vary


def test_a_stored_drawing_is_compressed_and_revalidated(client: FlaskClient) -> None:
    path = stored_drawing(client)
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert uncompressed(packed) == plain.data
    assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
    for etag in (plain.headers["ETag"], packed.headers["ETag"]):
        again = client.get(path, headers=GZIP | {"If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b"")


def test_a_part_of_a_file_is_not_compressed(client: FlaskClient) -> None:
    path = stored_drawing(client)
    part = client.get(path, headers=GZIP | {"Range": "bytes=0-9"})
    assert "Content-Encoding" not in part.headers
    assert client.get(path).data.startswith(part.data)


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_a_client_that_does_not_accept_gzip_gets_the_text(
    client: FlaskClient, accepted: str
) -> None:
    response = client.get("/patterns", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.get_json()["patterns"]


def test_short_texts_pictures_and_secrets_are_not_compressed(client: FlaskClient) -> None:
    job = stored_drawing(client).removesuffix("/result")
    links = client.post("/links", json={"path": f"{job}/result"}, headers=GZIP)
    found = [
        client.get("/healthz", headers=GZIP),
        client.get("/patterns/truchet/preview.png", headers=GZIP),
        client.get("/webhooks/secret", headers=GZIP),
        client.post(f"{job}/token", headers=GZIP),
        links,
    ]
    for response in found:
        assert response.status_code < 300, response.text
        assert "Content-Encoding" not in response.headers
    for response in found[2:]:
        assert response.cache_control.no_store


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/dashboard", "/live", "/gallery", "/problems/not-found"]
)
def test_pages_cannot_be_framed_or_reached_by_their_openers(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"})
    assert page.mimetype == "text/html"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/patterns", "/nonesuch"])
def test_documents_run_nothing(client: FlaskClient, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'"
