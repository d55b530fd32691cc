"""Upgrade: the service, started on the data folder of an earlier version."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libraries.svg_reader import read_svg
from tests.conftest import until
from tests.journeys.conftest import Service
from tests.upgrade.make_stored_folder import BRIEF_FILE, CARD, PRICES, SPIRAL, TOWNS
from tests.upgrade.stored_folder import (
    REPLIES,
    STANDING,
    STORED,
    TOTALS,
    Client,
    environment,
    lay_out,
)

VERSIONS = sorted(path.parent.name for path in STORED.glob(f"*/{REPLIES}"))
ENDED = ("spiral", "grid", "text", "keyed", "noticed", "upload", "batch_first", "canceled")
WAITING = (
    "batch_second",
    "waiting",
    "deferred",
    "hopeless",
    "doomed",
    "later",
    "waiting_upload",
    "behind_upload",
)
# These may expire before the test reads them.
DUE = ("again", "soon")


@dataclass(frozen=True)
class Upgraded:
    """A service on a stored folder, with the earlier replies and the jobs before the queue was resumed."""

    client: Client
    home: Path
    replies: dict[str, Any]
    at_first: dict[str, Any]

    def id_of(self, name: str) -> str:
        """Return the id of a job."""
        return str(self.replies["names"][name])

    def job(self, name: str) -> dict[str, Any]:
        """Return the current state of a job."""
        return dict(self.client.get(f"/jobs/{self.id_of(name)}"))

    def finish(self, name: str) -> dict[str, Any]:
        """Wait until a job has finished, and return it."""
        return self.client.wait_for(self.id_of(name), "finished")

    def result(self, job_id: str) -> bytes:
        """Return the result of a job."""
        reply = self.client.request("GET", f"/jobs/{job_id}/result")
        assert reply.status == 200, reply.body
        return reply.body


@pytest.fixture(scope="module", params=VERSIONS)
def upgraded(request: pytest.FixtureRequest) -> Iterator[Upgraded]:
    """A service that was started with a paused queue, as stored, and then resumed."""
    stored = STORED / request.param
    replies = json.loads((stored / REPLIES).read_text())
    with ExitStack() as ended:
        home = Path(tempfile.mkdtemp(prefix="va-"))
        ended.callback(shutil.rmtree, home, ignore_errors=True)
        lay_out(stored, home)
        at_first: dict[str, Any] = {"brief": (home / "output" / BRIEF_FILE).exists()}
        service = Service(environment(home), home / "service.log")
        ended.callback(service.stop)
        client = Client(int(service.environ["PORT"]))
        ends = service.process.poll
        until(lambda: client.is_ready() or ends() is not None, seconds=40, what="a service")
        assert ends() is None, service.output()
        at_first["capacity"] = client.get("/capacity")
        at_first["standing"] = client.measures(STANDING)
        for name in WAITING + DUE:
            at_first[name] = client.request("GET", f"/jobs/{replies['names'][name]}").json
        # The file is not stored yet.
        body = {"file_path": replies["waiting_file"], "format": "csv"}
        at_first["coming"] = client.request("POST", "/data/process", body).json
        client.post("/queue/resume")
        # The gallery index of an earlier version is rebuilt by a job.
        shown = {one["id"] for one in replies["gallery"]}
        until(
            lambda: shown <= {one["id"] for one in client.get("/gallery?limit=100")["items"]},
            seconds=60,
            what="the rebuilt gallery",
        )
        yield Upgraded(client, home, replies, at_first)


def contains(now: Any, before: Any) -> bool:
    """Return whether a reply has all members of an earlier one; new members are permitted."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(name in now and contains(now[name], before[name]) for name in before)
    if isinstance(before, list) and isinstance(now, list):
        return len(now) == len(before) and all(map(contains, now, before))
    return bool(now == before)


def test_there_is_a_stored_folder() -> None:
    assert VERSIONS


@pytest.mark.parametrize("name", ENDED)
def test_an_ended_job_is_reported_as_before(upgraded: Upgraded, name: str) -> None:
    job = upgraded.job(name)
    assert contains(job, upgraded.replies["jobs"][name]), job


def test_a_finished_job_still_gives_the_same_bytes(upgraded: Upgraded) -> None:
    for name, before in upgraded.replies["results"].items():
        assert upgraded.client.result_sha256(upgraded.id_of(name)) == before, name
    assert upgraded.result(upgraded.id_of("spiral")).startswith(b"<svg")


@pytest.mark.parametrize("name", ENDED)
def test_the_log_and_the_events_are_unchanged(upgraded: Upgraded, name: str) -> None:
    job_id = upgraded.id_of(name)
    assert upgraded.client.text(f"/jobs/{job_id}/logs") == upgraded.replies["logs"][name]
    assert upgraded.client.events(job_id) == upgraded.replies["events"][name]


def test_a_failed_job_has_its_error_and_can_be_retried(upgraded: Upgraded) -> None:
    client, job_id, job = upgraded.client, upgraded.id_of("failed"), upgraded.job("failed")
    assert job["error"]
    assert contains(job, upgraded.replies["jobs"]["failed"]), job
    assert client.text(f"/jobs/{job_id}/logs") == upgraded.replies["logs"]["failed"]
    assert client.events(job_id) == upgraded.replies["events"]["failed"]
    # The missing file exists now.
    (upgraded.home / "data" / "uploads" / "late.csv").write_bytes(PRICES)
    client.post(f"/jobs/{job_id}/retry")
    upgraded.finish("failed")
    assert len(json.loads(upgraded.result(job_id))) == 3


def test_a_job_that_waits_for_a_retry_is_retried(upgraded: Upgraded) -> None:
    first, before = upgraded.at_first["again"], upgraded.replies["jobs"]["again"]
    assert first["status"] in ("scheduled", "queued")
    assert contains(first["attempts"], before["attempts"])
    assert first["retries_left"] == before["retries_left"]
    # Without a language model the reply is chosen by keyword.
    job = upgraded.finish("again")
    assert job["result"]["engine"] == "keywords"
    assert job["attempt"] == 2


def test_the_queue_is_paused_until_it_is_resumed(upgraded: Upgraded) -> None:
    assert upgraded.at_first["capacity"]["paused"]


@pytest.mark.parametrize("name", WAITING)
def test_a_waiting_job_still_waits(upgraded: Upgraded, name: str) -> None:
    job, before = upgraded.at_first[name], upgraded.replies["jobs"][name]
    if before["position"] is not None:
        # The launcher queues its first drawing in front, perhaps before the jobs were read.
        assert job["position"] - before["position"] in (0, 1)
        before = before | {"position": job["position"]}
    assert contains(job, before), job


@pytest.mark.parametrize("name", ["waiting", "deferred", "soon", "waiting_upload"])
def test_a_waiting_job_runs_to_its_end(upgraded: Upgraded, name: str) -> None:
    assert upgraded.finish(name)["error"] is None
    assert upgraded.result(upgraded.id_of(name))


def test_a_job_that_depends_on_a_failed_one_fails(upgraded: Upgraded) -> None:
    upgraded.client.wait_for(upgraded.id_of("hopeless"), "failed")
    doomed = upgraded.client.wait_for(upgraded.id_of("doomed"), "failed")
    assert doomed["error_code"] == "dependency-failed"


def test_the_jobs_that_failed_or_wait_for_others_are_counted_as_before(upgraded: Upgraded) -> None:
    now, before = upgraded.at_first["standing"], upgraded.replies["standing"]
    for state in ("deferred", "failed"):
        name = f'{STANDING}{{state="{state}"}}'
        assert now[name] == before[name]


def test_a_job_for_later_keeps_its_time_and_can_be_canceled(upgraded: Upgraded) -> None:
    upgraded.finish("soon")
    assert upgraded.job("later")["status"] == "scheduled"
    canceled = upgraded.client.post(f"/jobs/{upgraded.id_of('later')}/cancel")
    assert canceled["status"] == "canceled"


def test_the_gallery_shows_the_drawings_with_their_titles_and_tags(upgraded: Upgraded) -> None:
    now = {one["id"]: one for one in upgraded.client.get("/gallery?limit=100")["items"]}
    for before in upgraded.replies["gallery"]:
        assert contains(now.get(before["id"]), before), before
        drawing = upgraded.client.request("GET", before["links"]["drawing"])
        assert (drawing.status, len(drawing.body)) == (200, before["size"])


def test_a_pinned_drawing_is_kept_and_the_search_finds_labels(upgraded: Upgraded) -> None:
    (kept,) = upgraded.client.get("/gallery?kept=1")["items"]
    assert kept["job_id"] == upgraded.id_of("spiral")
    (labelled,) = upgraded.client.get("/gallery?q=window&tag=wall")["items"]
    assert labelled["job_id"] == upgraded.id_of("grid")


def test_a_stored_upload_can_be_converted_and_drawn(upgraded: Upgraded) -> None:
    client, file = upgraded.client, upgraded.replies["jobs"]["upload"]["result"]["file"]
    converted = client.queue("/data/process", {"file_path": file, "format": "json"})
    chart = {"file_path": file, "chart": "line", "x": "day", "y": ["price"]}
    drawn = client.queue("/data/chart", chart)
    client.wait_for(converted, "finished")
    assert json.loads(upgraded.result(converted))[1] == {"day": "2", "price": "4.25"}
    client.wait_for(drawn, "finished")
    assert b"<svg" in upgraded.result(drawn)


def test_a_staged_upload_is_stored_and_its_dependents_run(upgraded: Upgraded) -> None:
    stored = upgraded.finish("waiting_upload")["result"]
    assert stored["size"] == len(TOWNS)
    upgraded.finish("behind_upload")
    rows = json.loads(upgraded.result(upgraded.id_of("behind_upload")))
    assert [row["town"] for row in rows] == ["Oban", "Fort William"]


def test_a_staged_upload_can_be_requested_before_it_is_stored(upgraded: Upgraded) -> None:
    job_id = upgraded.at_first["coming"]["job_id"]
    upgraded.client.wait_for(job_id, "finished")
    assert b"Fort William,12" in upgraded.result(job_id)


def test_a_batch_that_was_half_done_is_completed(upgraded: Upgraded) -> None:
    address = f"/batches/{upgraded.id_of('batch')}"
    until(lambda: upgraded.client.get(address)["done"], seconds=40, what="the end of the batch")
    now, before = upgraded.client.get(address), upgraded.replies["batch"]
    assert before["counts"] == {"finished": 1, "queued": 1}
    assert now["counts"] == {"finished": 2}
    assert [job["id"] for job in now["jobs"]] == [job["id"] for job in before["jobs"]]


def test_a_repeated_request_gets_its_first_reply(upgraded: Upgraded) -> None:
    again = upgraded.client.request("POST", "/postcards", CARD, {"Idempotency-Key": "order-17"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == upgraded.replies["keyed"]
    other = upgraded.client.request(
        "POST",
        "/postcards",
        {**CARD, "message": "Goodbye"},
        {"Idempotency-Key": "order-17"},
    )
    assert other.status == 422


def test_a_deleted_job_is_expired_and_an_unknown_one_not_found(upgraded: Upgraded) -> None:
    deleted = upgraded.id_of("deleted")
    assert upgraded.client.request("GET", f"/jobs/{deleted}").status == 410
    assert upgraded.client.request("GET", f"/jobs/{deleted[::-1]}").status == 404


def test_an_expired_job_is_deleted_with_its_file(upgraded: Upgraded) -> None:
    assert upgraded.at_first["brief"]
    file = upgraded.home / "output" / BRIEF_FILE
    until(lambda: not file.exists(), seconds=60, what="the end of the file")
    job_id = upgraded.replies["brief"]
    # Its age determines whether it is still recognized.
    assert upgraded.client.request("GET", f"/jobs/{job_id}").status in (404, 410)
    drawings = upgraded.client.get("/gallery?limit=100")["items"]
    assert job_id not in [one["job_id"] for one in drawings]


def test_a_stored_webhook_is_called(upgraded: Upgraded) -> None:
    assert upgraded.client.get("/webhooks/secret") == upgraded.replies["secret"]
    address = f"/jobs/{upgraded.id_of('waiting')}/deliveries"
    upgraded.finish("waiting")
    # The address is unreachable; an attempt is sufficient.
    until(lambda: upgraded.client.get(address)["items"], seconds=40, what="a delivery")
    assert upgraded.client.get(address)["items"][-1]["event"] == "finished"


def test_all_jobs_are_still_listed_in_their_order(upgraded: Upgraded) -> None:
    listed = [job["id"] for job in upgraded.client.get("/jobs?limit=200")["items"]]
    before = upgraded.replies["listed"]
    assert [job_id for job_id in listed if job_id in before] == before


def test_notifications_can_still_be_read(upgraded: Upgraded) -> None:
    now = upgraded.client.get("/notifications")
    assert contains(now, upgraded.replies["notifications"]), now


def test_the_same_request_still_makes_the_same_drawing(upgraded: Upgraded) -> None:
    # Another version draws again: the metadata differ, and the strokes are in another order.
    again = {**SPIRAL, "id": "again", "optimize": False}
    job_id = upgraded.client.queue("/artboard/create", again)
    upgraded.client.wait_for(job_id, "finished")
    now, then = (
        read_svg(upgraded.result(one)).document.store for one in (job_id, upgraded.id_of("spiral"))
    )
    assert np.array_equal(now.coordinates, then.coordinates)
    assert np.array_equal(now.offsets, then.offsets)


def test_the_totals_of_jobs_continue(upgraded: Upgraded) -> None:
    now = upgraded.client.measures(TOTALS)
    for name, number in upgraded.replies["totals"].items():
        assert now.get(name, 0) >= number, name


def test_a_card_of_an_earlier_version_is_not_replaced_by_a_new_one(upgraded: Upgraded) -> None:
    before = upgraded.result(upgraded.id_of("keyed"))
    card = upgraded.client.queue("/postcards", {**CARD, "message": "Another one"})
    upgraded.client.wait_for(card, "finished")
    after = upgraded.result(card)
    readable = upgraded.home / "output/postcards/postcard_Ann_plain.svg"
    assert readable.read_bytes() == after != before
    assert upgraded.result(upgraded.id_of("keyed")) == before
    assert upgraded.client.request("DELETE", f"/jobs/{card}").status == 204
    assert not readable.exists()
    assert upgraded.result(upgraded.id_of("keyed")) == before
