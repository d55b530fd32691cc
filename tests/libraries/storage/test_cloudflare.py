"""Photos in Cloudflare Images, against a server that answers as its API documents."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from components.system.doctor import examine_output
from libraries.errors import NotFound
from libraries.job_manager import as_owner
from libraries.settings import Settings, use_settings
from libraries.storage import StorageUnavailable, open_input, output_folder
from libraries.storage.checks import store_problem
from tests.cloudflare_server import HASH, TOKEN, CloudflareServer, cloudflare_server
from tests.photographs import encoded, landscape
from tests.watchful import watchful_client

PHOTO = "photos/job1/cat.png"


@pytest.fixture(scope="module")
def shared_server() -> Iterator[CloudflareServer]:
    with cloudflare_server() as server:
        yield server


@pytest.fixture
def server(shared_server: CloudflareServer, settings: Settings) -> CloudflareServer:
    """An empty account, which the settings of the test use."""
    shared_server.images.clear()
    shared_server.requests.clear()
    shared_server.failures.clear()
    shared_server.drop_uploads, shared_server.refused = 0, False
    use_settings(settings.with_values(**shared_server.values()))
    return shared_server


@pytest.mark.usefixtures("broker")
def test_a_photo_is_kept_served_drawn_and_deleted(
    settings: Settings, server: CloudflareServer, run_jobs: Callable[[], None]
) -> None:
    client: FlaskClient = watchful_client(settings.with_values(**server.values()))
    form = {"file": (io.BytesIO(encoded(landscape(), "PNG")), "cat.png")}
    job_id = client.post("/photos", data=form).get_json()["job_id"]
    run_jobs()
    job = client.get(f"/jobs/{job_id}").get_json()
    assert job["status"] == "finished", job
    image_id = next(iter(server.images))
    assert job["result"]["delivery_url"] == f"https://imagedelivery.net/{HASH}/{image_id}/public"
    assert job["artifacts"][0]["delivery_url"] == job["result"]["delivery_url"]
    assert not any(settings.storage.output_dir.rglob("*.png"))
    picture = client.get(f"/jobs/{job_id}/result")
    assert picture.content_type == "image/png"
    assert picture.get_data() == server.images[image_id][0]
    part = client.get(f"/jobs/{job_id}/result", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.get_data()) == (206, b"PNG")
    body = {"photo": job_id, "paper": "a6", "pattern": "halftone_lines"}
    drawn = client.post("/photos/plot", json=body).get_json()
    run_jobs()
    assert client.get(drawn["links"]["self"]).get_json()["status"] == "finished"
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    assert server.images == {}


def test_only_photos_are_sent(server: CloudflareServer) -> None:
    for name in ("photos/job1/photo_hatch.svg", "artboards/a.svg", "other/cat.png", "photos/a.txt"):
        assert output_folder().publish(name, b"data").delivery_url == ""
    assert server.images == {}
    output_folder().publish(PHOTO, b"data")
    assert len(server.images) == 1


def test_an_upload_that_was_stored_before_a_kill_is_found_again(server: CloudflareServer) -> None:
    """The reply to the first upload is lost; the second attempt gets 409 with the code 5409."""
    server.drop_uploads = 1
    with pytest.raises(StorageUnavailable):
        output_folder().publish(PHOTO, b"one")
    first = dict(server.images)
    artifact = output_folder().publish(PHOTO, b"one")
    assert server.images == first
    assert artifact.delivery_url.endswith(f"/{next(iter(first))}/public")


def test_an_attempt_with_other_bytes_replaces_the_image(server: CloudflareServer) -> None:
    output_folder().publish(PHOTO, b"one")
    output_folder().publish(PHOTO, b"two")
    with output_folder().open_checked(PHOTO) as file:
        assert file.read() == b"two"
    assert len(server.images) == 1


def test_an_image_that_cloudflare_refuses_is_kept_in_the_folder(server: CloudflareServer) -> None:
    server.refused = True
    refused = output_folder().publish(PHOTO, b"odd")
    server.refused = False
    large = output_folder().publish("photos/job1/large.png", b"x" * 10_000_001)
    assert (refused.delivery_url, large.delivery_url, server.images) == ("", "", {})
    with output_folder().open_checked(PHOTO, sha256=refused.sha256) as file:
        assert file.read() == b"odd"
    assert output_folder().remove(PHOTO, sha256=refused.sha256)


def test_reading_and_removing_check_the_hash(server: CloudflareServer) -> None:
    stored = output_folder().publish(PHOTO, b"one")
    with pytest.raises(NotFound, match="replaced"):
        output_folder().open_checked(PHOTO, sha256="0" * 64)
    assert not output_folder().remove(PHOTO, sha256="0" * 64)
    assert output_folder().stat(PHOTO).size == 3
    assert output_folder().remove(PHOTO, sha256=stored.sha256)
    assert not output_folder().remove(PHOTO)
    with pytest.raises(NotFound):
        output_folder().open_checked(PHOTO)
    with pytest.raises(NotFound):
        output_folder().stat(PHOTO)


def test_another_owner_does_not_see_the_photo(server: CloudflareServer) -> None:
    with as_owner("ann"):
        output_folder().publish(PHOTO, b"ann")
        assert open_input(f"output/{PHOTO}").read() == b"ann"
    with as_owner("bob"), pytest.raises(NotFound):
        open_input(f"output/{PHOTO}")
    assert len(server.images) == 1


def test_a_removal_during_an_outage_is_repeated(server: CloudflareServer) -> None:
    stored = output_folder().publish(PHOTO, b"one")
    server.failures = [503]
    with pytest.raises(StorageUnavailable):
        output_folder().remove(PHOTO, sha256=stored.sha256)
    assert output_folder().remove(PHOTO, sha256=stored.sha256)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, "failing"), (429, "failing"), (403, "refused"), (302, "failing")]
)
def test_failures_are_translated_and_do_not_show_the_token(
    server: CloudflareServer, caplog: pytest.LogCaptureFixture, status: int, kind: str
) -> None:
    server.failures = [status]
    with caplog.at_level(logging.DEBUG), pytest.raises(StorageUnavailable) as caught:
        output_folder().publish(PHOTO, b"one")
    assert caught.value.kind == kind
    assert TOKEN not in f"{caplog.text}{caught.value}{caught.value.__cause__}"


def test_the_token_is_masked_in_the_settings(server: CloudflareServer, settings: Settings) -> None:
    assert TOKEN not in repr(settings.with_values(**server.values()))


def test_an_unreachable_server_is_reported(settings: Settings, server: CloudflareServer) -> None:
    closed = server.values() | {"cf_api_url": "http://127.0.0.1:1024/client/v4"}
    changed = use_settings(settings.with_values(**closed))
    problem = store_problem()
    assert problem is not None
    assert problem.reason == "Cloudflare Images: the storage server is unreachable"
    (finding,) = examine_output(changed)
    assert (finding.ok, "CF_API_URL" in finding.fix) == (False, True)


def test_a_wrong_token_is_named_by_the_doctor(settings: Settings, server: CloudflareServer) -> None:
    changed = use_settings(settings.with_values(**server.values() | {"cf_img_token": "wrong"}))
    (finding,) = examine_output(changed)
    assert not finding.ok
    assert "CF_IMG_TOKEN" in finding.fix
    (finding,) = examine_output(use_settings(settings.with_values(**server.values())))
    assert (finding.ok, "Cloudflare Images" in finding.detail) == (True, True)
