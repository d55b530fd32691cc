"""The gallery over HTTP with real jobs."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.in_memory import close_in_memory
from libraries.exporting.thumbnails import remove_old_thumbnails
from libraries.gallery import Drawing, drawing_id, gallery
from libraries.gallery.installation import FILE_NAME
from libraries.settings import Settings, parse_api_keys
from libraries.storage import output_folder
from tests.watchful import watchful_client

SPIRAL = {"width": 60, "height": 40, "pattern": "spiral", "params": {"pitch": 4}, "seed": 7}
UNKNOWN = "0" * 24
RunJobs = Callable[[], None]


@pytest.fixture
def client(settings: Settings, broker: EmbeddedBroker) -> FlaskClient:
    return watchful_client(settings)


def ids(client: FlaskClient, query: str = "", **headers: str) -> list[str]:
    reply = client.get(f"/gallery{query}", headers=headers)
    assert reply.status_code == 200, reply.get_json()
    return [item["id"] for item in reply.get_json()["items"]]


def entered(count: int, **more: Any) -> list[Drawing]:
    """Add drawings without jobs and files to the gallery."""
    made = []
    with gallery().changing() as change:
        for number in range(count):
            name = f"x/{number}.svg"
            known: dict[str, Any] = {
                "id": drawing_id("anonymous", name), "owner": "anonymous", "name": name, "sha256": "", "size": 5,
                "made_at": 1_700_000_000.0 + number, "job_id": "", "task": "", "title": f"number {number}", "words": "",
                "width": 210.0, "height": 297.0, "seed": number, "patterns": ["spiral"], "colors": ["#000000"], "tags": [],
                "kept": False,
            }  # fmt: skip
            made.append(Drawing(**(known | more)))
            change.put(made[-1])
    return made


def test_a_drawing_is_listed_labelled_kept_and_removed(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    """M9: the life cycle of a drawing, which can outlive its job."""
    job_id = client.post("/artboard/create", json=SPIRAL).get_json()["job_id"]
    assert ids(client) == []
    run_jobs()
    (item,) = client.get("/gallery?pattern=spiral&seed=7&color=black").get_json()["items"]
    own = f"/gallery/{item['id']}"
    assert item["links"] == {
        "self": own,
        "drawing": f"{own}/drawing.svg",
        "thumbnail": f"{own}/thumbnail.png",
        "job": f"/jobs/{job_id}",
    }
    assert (item["patterns"], item["width"], item["height"], item["paper"], item["kept"]) == (
        ["spiral"],
        60,
        40,
        None,
        False,
    )
    assert item["made_at"].endswith("Z")
    assert client.get(own).get_json() == item

    labelled = client.patch(own, json={"title": "Low tide", "tags": ["wall", "blue-ink"]})
    assert (labelled.status_code, labelled.get_json()["title"]) == (200, "Low tide")
    assert ids(client, "?q=tide") == ids(client, "?tag=wall&tag=blue-ink") == [item["id"]]
    assert ids(client, "?tag=wall&tag=red-ink") == []
    assert client.get("/gallery/marks").get_json()["tags"] == [
        {"value": "blue-ink", "drawings": 1},
        {"value": "wall", "drawings": 1},
    ]

    assert client.post(f"{own}/keep").get_json()["kept"] is True
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    kept = client.get(own)
    assert kept.get_json()["title"] == "Low tide"
    picture = client.get(f"{own}/drawing.svg")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert picture.headers["ETag"] == f'"{sha256(picture.data).hexdigest()}"'
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert (
        client.get(
            f"{own}/drawing.svg", headers={"If-None-Match": picture.headers["ETag"]}
        ).status_code
        == 304
    )

    assert client.delete(own).status_code == 204
    assert ids(client) == list(output_folder().names()) == []
    assert client.get(own).status_code == client.delete(own).status_code == 404


def test_a_drawing_that_is_not_kept_is_deleted_with_its_job(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = client.post("/artboard/create", json=SPIRAL).get_json()["job_id"]
    run_jobs()
    assert len(ids(client)) == 1
    client.delete(f"/jobs/{job_id}")
    assert ids(client) == []


def test_another_owners_drawings_are_unknown(
    settings: Settings, broker: EmbeddedBroker, run_jobs: RunJobs
) -> None:
    keys = ",".join(f"{name}:{sha256(name.encode()).hexdigest()}" for name in ("ann", "bob"))
    client = watchful_client(settings.with_values(api_keys=parse_api_keys(keys)))
    ann, bob = ({"X-API-Key": name} for name in ("ann", "bob"))
    client.post("/artboard/create", json=SPIRAL, headers=ann)
    run_jobs()
    (drawing,) = ids(client, **ann)
    assert ids(client, **bob) == []
    assert client.get("/gallery/marks", headers=bob).get_json()["patterns"] == []
    own = f"/gallery/{drawing}"
    replies = [
        client.get(own, headers=bob), client.get(f"{own}/drawing.svg", headers=bob), client.delete(own, headers=bob),
        client.patch(own, json={"title": "mine"}, headers=bob), client.post(f"{own}/keep", headers=bob),
    ]  # fmt: skip
    assert {(one.status_code, one.get_json()["type"]) for one in replies} == {
        (404, "/problems/drawing-not-found")
    }
    assert client.get("/gallery").status_code == 401
    # The page itself contains no data.
    assert client.get("/gallery/page").status_code == 200
    assert client.get(f"{own}/drawing.svg", headers=ann).status_code == 200


def test_pages_follow_each_other_by_cursor_and_by_link(client: FlaskClient) -> None:
    made = [one.id for one in entered(7)]
    first = client.get("/gallery?limit=3&pattern=spiral")
    assert [one["id"] for one in first.get_json()["items"]] == made[:3:-1]
    link = first.headers["Link"]
    second = client.get(link[1 : link.index(">")])
    assert [one["id"] for one in second.get_json()["items"]] == made[3:0:-1]
    last = client.get(f"/gallery?limit=3&cursor={second.get_json()['next_cursor']}")
    assert [one["id"] for one in last.get_json()["items"]] == made[:1]
    assert (last.get_json()["next_cursor"], "Link" in last.headers) == (None, False)


FOUND = {
    "paper=a4": 3, "paper=a5": 0, "min_width=100&max_width=220": 3, "max_height=100": 0, "q=number+2": 1, "seed=1": 1,
    "since=2023-11-14T22:13:21Z": 2, "until=2023-11-14T22:13:21Z": 1, "kept=0": 3, "color=%23000": 3, "color=tomato": 0,
    "kept=1": 0,
}  # fmt: skip


def test_drawings_are_found_by_size_date_and_colour(client: FlaskClient) -> None:
    entered(3)
    assert {query: len(ids(client, f"?{query}")) for query in FOUND} == FOUND


def test_a_paper_is_recognised_in_both_orientations(client: FlaskClient) -> None:
    entered(1, width=297.0, height=210.0)
    (item,) = client.get("/gallery").get_json()["items"]
    assert item["paper"] == "a4"


NONSENSE = [
    "limit=0", "limit=101", "limit=x", "cursor=nonsense", "tag=UP", "tag=", "color=not-a-colour", "paper=a99", "seed=-1",
    "seed=x", "min_width=-1", "min_width=nan", "max_width=1e400", "since=yesterday", "kept=maybe", "q=" + "x" * 201,
]  # fmt: skip


def test_an_invalid_query_is_rejected(client: FlaskClient) -> None:
    for query in NONSENSE:
        reply = client.get(f"/gallery?{query}")
        assert (reply.status_code, reply.mimetype) == (422, "application/problem+json"), query


def test_search_syntax_is_escaped(client: FlaskClient) -> None:
    made = entered(2)
    for text in (
        '"',
        "*",
        "NEAR(a b)",
        "a OR b",
        "'; DROP TABLE drawing; --",
        "%00",
        "%ED%A0%80",
        "-spiral",
        "^",
        "{",
    ):
        assert client.get("/gallery", query_string={"q": text}).status_code == 200
        assert client.get(f"/gallery?q={text}").status_code == 200
    assert len(ids(client)) == len(made)


BAD_LABELS: list[Any] = [
    {}, {"title": "x" * 101}, {"title": 5}, {"title": None}, {"title": "a\x00"}, {"tags": "wall"}, {"tags": ["UP"]},
    {"tags": [None]}, {"tags": ["a b"]}, {"tags": [f"t{n}" for n in range(11)]}, {"other": 1}, [], "x",
]  # fmt: skip


def test_an_invalid_label_is_rejected_without_changes(client: FlaskClient) -> None:
    (one,) = entered(1)
    for body in BAD_LABELS:
        assert client.patch(f"/gallery/{one.id}", json=body).status_code in (400, 422), body
    assert client.get(f"/gallery/{one.id}").get_json()["title"] == "number 0"


def test_an_unknown_id_is_not_found(client: FlaskClient) -> None:
    for drawing in (UNKNOWN, "x", "a" * 5000, "%00", "marks'"):
        assert client.get(f"/gallery/{drawing}").status_code == 404
        assert client.patch(f"/gallery/{drawing}", json={"title": "x"}).status_code == 404
        assert client.post(f"/gallery/{drawing}/keep").status_code == 404


def test_a_drawing_without_its_file_is_reported(client: FlaskClient) -> None:
    (one,) = entered(1)
    reply = client.get(f"/gallery/{one.id}/drawing.svg")
    assert (reply.status_code, reply.get_json()["type"]) == (404, "/problems/drawing-not-found")


def test_the_index_can_be_rebuilt_by_a_job(client: FlaskClient, run_jobs: RunJobs) -> None:
    output_folder().publish(
        "found.svg", '<svg width="10mm" height="10mm"><title>Found</title></svg>'
    )
    entered(1)
    reply = client.post("/gallery/reindex")
    assert reply.status_code == 202
    run_jobs()
    job = client.get(reply.headers["Location"]).get_json()
    assert (job["status"], job["result"]) == (
        "finished",
        {"drawings": 1, "unreadable": 0, "superseded": False},
    )
    assert [one["title"] for one in client.get("/gallery").get_json()["items"]] == ["Found"]


@pytest.mark.parametrize("lost", ["deleted", "of an earlier version"])
def test_an_index_that_was_lost_is_rebuilt_by_the_next_request(
    client: FlaskClient, settings: Settings, run_jobs: RunJobs, lost: str
) -> None:
    output_folder().publish(
        "found.svg", '<svg width="10mm" height="10mm"><title>Found</title></svg>'
    )
    path = settings.broker.data_dir / FILE_NAME
    entered(1)
    path.unlink()
    if lost == "of an earlier version":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE drawing (words TEXT)")
            connection.execute("CREATE VIRTUAL TABLE spoken USING fts5 (words, content='drawing')")
            connection.execute("PRAGMA user_version = 1")
    assert ids(client) == ids(client) == []
    assert client.get("/capacity").get_json()["queue_depth"] == 1
    run_jobs()
    assert [one["title"] for one in client.get("/gallery").get_json()["items"]] == ["Found"]


def test_a_rebuild_that_cannot_be_queued_is_queued_by_a_later_request(
    client: FlaskClient, private_broker: EmbeddedBroker, run_jobs: RunJobs
) -> None:
    output_folder().publish("found.svg", '<svg width="10mm" height="10mm"/>')
    private_broker.stop()
    assert ids(client) == []
    private_broker.start()
    assert ids(client) == []
    run_jobs()
    assert len(ids(client)) == 1


def test_a_new_index_without_drawings_needs_no_job(client: FlaskClient) -> None:
    assert ids(client) == []
    assert client.get("/capacity").get_json()["queue_depth"] == 0


def test_the_gallery_works_without_the_broker(
    client: FlaskClient, private_broker: EmbeddedBroker
) -> None:
    entered(2)
    private_broker.stop()
    assert len(ids(client)) == 2
    private_broker.start()


def test_a_browser_is_redirected_to_the_page_with_its_query(client: FlaskClient) -> None:
    reply = client.get(
        "/gallery?q=tide", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    )
    assert (reply.status_code, reply.headers["Location"]) == (303, "/gallery/page?q=tide")
    page = client.get(reply.headers["Location"])
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert (
        client.get("/gallery/page", headers={"If-None-Match": page.headers["ETag"]}).status_code
        == 304
    )


def test_in_immediate_mode_a_drawing_is_in_the_gallery_as_well(settings: Settings) -> None:
    client = watchful_client(settings.with_values(immediate=True))
    try:
        client.post("/artboard/create", json=SPIRAL)
        assert len(ids(client)) == 1
        assert client.get("/tasks").get_json()["schedules"] == []
    finally:
        close_in_memory(settings.broker.data_dir)


def test_a_thumbnail_is_drawn_once_and_kept(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    client.post("/artboard/create", json=SPIRAL)
    run_jobs()
    (item,) = client.get("/gallery").get_json()["items"]
    reply = client.get(item["links"]["thumbnail"])
    assert (reply.status_code, reply.mimetype) == (200, "image/png")
    with Image.open(io.BytesIO(reply.data)) as picture:
        assert picture.size == (360, 240)
    assert "max-age" in reply.headers["Cache-Control"]
    etag = {"If-None-Match": reply.headers["ETag"]}
    assert client.get(item["links"]["thumbnail"], headers=etag).status_code == 304
    (kept,) = (settings.broker.data_dir / "thumbnails").rglob("*.png")
    kept.write_bytes(b"kept")
    assert client.get(item["links"]["thumbnail"]).data == b"kept"
    os.utime(kept, (0, 0))
    assert remove_old_thumbnails() == 1
    assert client.get(item["links"]["thumbnail"]).data == reply.data
    assert client.get(f"/gallery/{UNKNOWN}/thumbnail.png").status_code == 404
