"""POST /photos and POST /photos/plot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from libraries.broker.connections import web_client
from libraries.settings import Settings, get_settings, use_settings
from libraries.sheets.photos import PHOTO_PATTERNS
from libraries.storage import open_input
from libraries.uploads.staging import discard_expired
from libraries.worker.reaper import Reaper
from tests.photographs import (
    CAMERA,
    TURNED_RIGHT,
    animation,
    chatty_png,
    encoded,
    from_a_camera,
    landscape,
    png_that_promises,
)
from tests.webhook_sink import OddServer

PHOTO = from_a_camera()
PAGE = {"width": 60, "height": 90, "params": {"points": 200}}


def send(client: FlaskClient, data: bytes, name: str = "cat.jpg", **more: Any) -> TestResponse:
    return client.post("/photos", data={"file": (io.BytesIO(data), name)}, **more)


def job_of(client: FlaskClient, response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 202, response.get_json()
    job: dict[str, Any] = client.get(response.headers["Location"]).get_json()
    return job


def fetched(client: FlaskClient, url: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get(url).data))


@pytest.fixture
def private(settings: Settings) -> Settings:
    """Settings that allow photos from private addresses."""
    return use_settings(settings.with_values(fetch_private=True))


@pytest.fixture
def photo_server() -> Iterator[str]:
    """The URL of a photo on a local server."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PHOTO)}\r\n\r\n".encode()
    with OddServer(lambda connection: connection.sendall(head + PHOTO)) as server:
        yield f"{server.url}album/my%20cat.jpeg?size=large"


def test_a_photo_is_stored_without_metadata_in_three_sizes(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    response = send(client, from_a_camera(landscape(1200, 900), held=TURNED_RIGHT), "../my cat.png")
    assert not settings.storage.output_dir.exists()
    run_jobs()
    job = job_of(client, response)
    assert job["status"] == "finished"
    result = job["result"]
    assert result["path"] == f"output/photos/{job['id']}/my cat.jpg"
    assert [(one["width"], one["height"]) for one in (result, *result["versions"])] == [
        (900, 1200),
        (600, 800),
        (150, 200),
    ]
    assert [one["name"] for one in job["artifacts"]] == [
        "my cat.jpg",
        "my cat-800.jpg",
        "my cat-200.jpg",
    ]
    for artifact in job["artifacts"]:
        image = fetched(client, artifact["url"])
        assert image.size == (artifact["width"], artifact["height"])
        assert not dict(image.getexif())
        data = client.get(artifact["url"])
        assert data.content_type == "image/jpeg"
        assert len(data.data) == artifact["size"]
        assert CAMERA.encode() not in data.data
        assert b"script" not in data.data
    assert not web_client(settings).keys("vector:parcel:*")


def test_a_photo_is_fetched_from_a_url(
    client: FlaskClient, private: Settings, photo_server: str, run_jobs: Callable[[], None]
) -> None:
    """The media type of the server is ignored."""
    response = client.post("/photos", json={"url": photo_server})
    run_jobs()
    job = job_of(client, response)
    assert job["status"] == "finished"
    assert job["artifacts"][0]["media_type"] == "image/jpeg"
    assert CAMERA.encode() not in client.get(job["artifacts"][0]["url"]).data


NEVER_REQUESTED = [
    "http://127.0.0.1/a.jpg",
    "http://[::1]:8000/a.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost/a.jpg",
    "http://0x7f000001/",
    "http://user:secret@example.com/",
    "file:///etc/passwd",
    "http://example.com:6379/",
    "",
    "x" * 3000,
]


@pytest.mark.parametrize("url", NEVER_REQUESTED)
def test_disallowed_urls_are_rejected_immediately(client: FlaskClient, url: str) -> None:
    assert client.post("/photos", json={"url": url}).status_code == 422
    assert client.post("/photos/plot", json={"photo": url, **PAGE}).status_code == 422


def test_a_host_with_a_private_address_is_rejected_by_the_worker(
    client: FlaskClient, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.outbound.addresses.look_up", lambda host, port: ["10.0.0.7"])
    response = client.post("/photos", json={"url": "https://photos.example/a.jpg"})
    run_jobs()
    job = job_of(client, response)
    assert (job["status"], job["error_code"], job["attempt"]) == ("failed", "address-refused", 1)
    assert "10.0.0.7" not in job["error"]


BAD_PHOTOS = {
    "cut off": (PHOTO[:3000], "image-damaged"),
    "a GIF of nothing": (b"GIF89a" + b"\0" * 50, "image-damaged"),
}


def test_unreadable_photos_fail_without_retries_or_files(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    sent = [(code, send(client, data)) for data, code in BAD_PHOTOS.values()]
    run_jobs()
    for code, response in sent:
        job = job_of(client, response)
        assert (job["status"], job["error_code"], job["attempt"], job["artifacts"]) == (
            "failed",
            code,
            1,
            [],
        )
    assert not [path for path in settings.storage.output_dir.rglob("*") if path.is_file()]
    assert not web_client(settings).keys("vector:parcel:*")


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("side", [5_001, 60_000])
def test_a_photo_with_too_many_pixels_in_its_header_is_rejected(
    client: FlaskClient, side: int
) -> None:
    response = send(client, png_that_promises(side, 5_000))
    assert (response.status_code, response.get_json()["type"]) == (422, "/problems/image-too-large")
    assert "25 megapixels" in response.get_data(as_text=True)
    assert client.get("/jobs").get_json()["items"] == []
    assert discard_expired(web_client(get_settings())) == 0


def test_animations_and_polyglot_files_become_plain_photos(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    """Animations and polyglot files."""
    traps = [
        animation(1000, "GIF"),
        animation(40, "PNG"),
        chatty_png(),
        b"GIF89a/*" + animation(2, "GIF")[8:],
    ]
    sent = [send(client, data, "a.html") for data in traps]
    run_jobs()
    for response in sent[:3]:
        made = job_of(client, response)["artifacts"][0]
        assert made["name"] == "a.png"
        assert getattr(fetched(client, made["url"]), "n_frames", 1) == 1
        assert b"script" not in client.get(made["url"]).data


def test_a_file_that_is_not_a_photo_is_rejected(
    client: FlaskClient, broker: object, settings: Settings
) -> None:
    for data in (
        b"a,b\n1,2\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM" + b"\0" * 60,
        b"\0\0\0\x18ftypheic",
    ):
        assert send(client, data).status_code == 415
    assert client.post("/photos", data=b"x", content_type="image/png").status_code == 415
    assert client.post("/photos", json={}).status_code == 422
    assert (
        client.post("/photos", json={"url": "https://a.example/", "file": "x"}).status_code == 422
    )
    assert not web_client(settings).keys("vector:parcel:*")


def test_drawings_of_a_photo_can_be_queued_before_it_is_stored(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    photo = send(client, PHOTO).get_json()["job_id"]
    body = {"photo": photo, "paper": "a6", "seed": 3}
    sparse = {pattern: {"points": 200} for pattern in PHOTO_PATTERNS} | {
        "halftone_lines": {"spacing": 6}
    }
    sent = [
        client.post("/photos/plot", json={**body, "pattern": name, "params": params})
        for name, params in sparse.items()
    ]
    run_jobs()
    for response in sent:
        job = job_of(client, response)
        assert job["status"] == "finished", job
        # The page has the orientation of the photo.
        assert (job["result"]["width"], job["result"]["height"]) == (148, 105)
        assert job["result"]["path"] == response.get_json()["file"]
        assert job["result"]["plot"]["pen_down_mm"] > 100
        svg = client.get(job["links"]["result"])
        assert svg.content_type.startswith("image/svg+xml")
        assert b'viewBox="0 0 148 105"' in svg.data
    assert len(
        {client.get(f"{response.headers['Location']}/result").data for response in sent}
    ) == len(PHOTO_PATTERNS)


def test_the_same_photo_gives_the_same_drawing_from_every_source(
    client: FlaskClient, private: Settings, photo_server: str, run_jobs: Callable[[], None]
) -> None:
    uploaded = client.post("/uploads", data={"file": (io.BytesIO(PHOTO), "a.jpg")}).get_json()[
        "file"
    ]
    run_jobs()
    sent = [
        client.post("/photos/plot", json={"photo": photo, "turn": False, **PAGE})
        for photo in (uploaded, photo_server)
    ]
    run_jobs()
    first, second = (client.get(f"{response.headers['Location']}/result").data for response in sent)
    assert first == second
    with open_input(sent[0].get_json()["file"]) as file:
        assert file.read() == first


def test_an_invalid_drawing_of_a_photo_is_rejected(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    failed = send(client, PHOTO[:3000]).get_json()["job_id"]
    run_jobs()
    for more, field in [
        ({"photo": "uploads/none.png"}, "photo"),
        ({"photo": "../../etc/passwd"}, "photo"),
        ({"photo": "a" * 32}, "photo"),
        ({"photo": failed}, "photo"),
        ({}, "photo"),
        ({"photo": "https://a.example/", "pattern": "spiral"}, "pattern"),
        ({"photo": "https://a.example/", "params": {"image": "portrait"}}, "params.image"),
        ({"photo": "https://a.example/", "params": {"pionts": 3}}, "params.pionts"),
        ({"photo": "https://a.example/", "margin": 40}, "margin"),
        ({"photo": "https://a.example/", "colour": "red"}, "colour"),
    ]:
        response = client.post("/photos/plot", json={**PAGE, **more})
        assert response.status_code == 422
        assert field in {one["field"] for one in response.get_json()["errors"]}, response.get_json()


def test_a_drawing_of_a_photo_that_could_not_be_stored_fails(
    client: FlaskClient, settings: Settings, run_jobs: Callable[[], None]
) -> None:
    photo = send(client, PHOTO[:3000]).get_json()["job_id"]
    response = client.post("/photos/plot", json={"photo": photo, **PAGE})
    run_jobs()
    Reaper(settings).release_waiting()
    assert job_of(client, response)["status"] in {"failed", "canceled"}


def test_a_white_photo_is_reported_as_blank(
    client: FlaskClient, run_jobs: Callable[[], None]
) -> None:
    photo = send(client, encoded(Image.new("RGB", (50, 50), "white"), "PNG")).get_json()["job_id"]
    response = client.post("/photos/plot", json={"photo": photo, **PAGE})
    run_jobs()
    assert job_of(client, response)["error_code"] == "blank-image"
