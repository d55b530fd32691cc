"""RQ's worker and rq-dashboard, given the address of the broker and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from rq import Queue
from rq.job import Job

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.gallery import GalleryQuery, gallery
from libraries.gallery.arrivals import process_pending
from libraries.job_manager import JobHandle, JobOptions, JobRecord, as_owner, fetch_job, submit
from libraries.job_manager.journal import ENDS
from libraries.settings import Settings, use_settings
from libraries.storage import output_folder
from libraries.worker.reaper import Reaper
from tests.conftest import PROBES, REPOSITORY
from tests.deployment.conftest import OwnServer

pytestmark = pytest.mark.usefixtures("probe_tasks")
RunWorker = Callable[..., None]
RQ = (
    "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from rq.cli import main; main()"
)
DRAWING = {"width": 50, "height": 50, "pattern_type": "grid", "output_filename": "stock.svg"}
ONCE = JobOptions(retries=0)


@pytest.fixture
def external(own_server: OwnServer, settings: Settings) -> Iterator[OwnServer]:
    """An external server, which this process has in its settings and the others have not."""
    use_settings(settings.with_values(redis_url=own_server.url))
    yield own_server
    web_client().close()


@pytest.fixture
def run_rq(external: OwnServer, environ: dict[str, str], home: Path) -> RunWorker:
    """Return a function that runs `rq worker background` until the queue is empty."""
    # As in the folder of the project.
    (home / "output/postcards").mkdir(parents=True, exist_ok=True)

    def run(*options: str, **variables: str) -> None:
        command = [sys.executable, "-c", RQ, str(PROBES), "worker", "background", "--burst"]
        done = subprocess.run(
            [*command, *options],
            env=environ | variables | {"PYTHONPATH": str(REPOSITORY)},
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run


def record_of(job: Job) -> JobRecord:
    record = fetch_job(job.id)
    assert record is not None
    return record


def test_the_rq_worker_needs_only_the_address_to_run_every_job(
    external: OwnServer, run_rq: RunWorker
) -> None:
    """M1, M2."""
    drawing = submit("workers.svg_tasks.generate_complex_svg", (), DRAWING)
    failing = submit("workers.sugar_tasks.fail", ("secret",), options=ONCE)
    with external.client() as client:
        queued_by_rq = Queue("background", connection=client).enqueue(
            "workers.text_tasks.default_text", "hi"
        )
    reporting = submit("workers.example_tasks.example_long_task", (0,))
    run_rq(RQ_REDIS_URL=external.url)
    drawn = record_of(drawing)
    assert drawn.status == "finished"
    assert Path(drawn.result).read_text().startswith("<svg")
    assert [one["media_type"] for one in drawn.artifacts] == ["image/svg+xml"]
    assert drawn.artifacts[0]["plot"]
    assert (record_of(reporting).progress or {})["percent"] == 100
    failed = record_of(failing)
    assert (failed.status, failed.error) == ("failed", "ValueError: secret")
    assert record_of(queued_by_rq).result["result"] == "✅ Processed: HI"
    # The task finds the broker by the connection of its worker, not by its settings.
    outer = submit("workers.sugar_tasks.call_another", (1,))
    run_rq("-u", external.url)
    assert JobHandle[int](record_of(outer).result["other"]).result(timeout=0) == 2


def test_a_job_of_the_rq_worker_ends_as_in_our_worker(
    external: OwnServer, run_rq: RunWorker, settings: Settings
) -> None:
    with as_owner("ann"):
        card = submit("workers.path_tasks.generate_postcard_svg", ("Ann", "Hello!", "birthday"))
        path = submit("workers.path_tasks.give_back", ("/etc/passwd",))
        surrogate = submit("workers.path_tasks.leave_a_surrogate")
        missing = submit("workers.data_tasks.process_file", ("none.csv", "json"))
        asynchronous = submit("workers.form_tasks.translate", ("hello",))
        plain = submit("workers.form_tasks.plain", (1, 2), {"three": 3})
        decorated = submit("workers.form_tasks.decorated", (1,))
    run_rq(RQ_REDIS_URL=external.url)

    drawn = record_of(card)
    assert (drawn.owner, drawn.status, drawn.error) == ("ann", "finished", None)
    (artifact,) = drawn.artifacts
    assert artifact["name"] == f"jobs/{card.id}/postcards/postcard_Ann_birthday.svg"
    assert artifact["plot"]
    with as_owner("ann"):
        for name in (artifact["name"], "postcards/postcard_Ann_birthday.svg"):
            with output_folder().open_checked(name, sha256=artifact["sha256"]) as file:
                assert file.read().startswith(b"<svg")
        assert not list(output_folder().names("jobs/earlier"))

    failures = [record_of(job) for job in (path, surrogate, missing)]
    assert [one.error_code for one in failures] == ["bad-result", "bad-result", "file-missing"]
    assert [one.attempt for one in failures] == [1, 1, 1]

    translated = record_of(asynchronous).result
    assert translated["text"] == "HELLO"
    assert translated["ctx"]["task"] == "workers.form_tasks.translate"
    assert translated["ctx"]["job_id"] == asynchronous.id
    result = record_of(plain).result
    assert result == {"args": [1, 2], "options": {"three": 3}, "try": 1, "tool": None}
    assert record_of(plain).arguments == {
        "args": [1, 2],
        "kwargs": {"three": 3},
        "masked": [],
        "truncated": [],
    }
    inner = fetch_job(record_of(decorated).result[0])
    assert inner is not None
    assert (inner.owner, inner.result) == ("ann", [inner.id])

    # The journal has each end once, so the gallery has the drawing.
    reaper = Reaper(settings.with_values(redis_url=external.url))
    for _ in range(2):
        reaper.tick()
    with external.client() as client:
        entries = [fields for _, fields in client.xrange(keys.JOURNAL_KEY)]
    events = [(one[b"job_id"].decode(), one[b"event"].decode()) for one in entries]
    ends = [one for one in events if one[1] in ENDS]
    assert len(ends) == len(set(ends))
    assert {(card.id, "finished"), (missing.id, "failed"), (inner.id, "finished")} <= set(ends)
    process_pending()
    page = gallery().search("ann", GalleryQuery())
    assert [one.job_id for one in page.items] == [card.id]


@pytest.fixture
def dashboard(external: OwnServer) -> FlaskClient:
    """rq-dashboard as its command starts it with `-u`: no serializer is given."""
    import rq_dashboard
    from rq_dashboard.web import setup_rq_connection

    app = Flask("dashboard")
    app.config.from_object(rq_dashboard.default_settings)
    app.config["RQ_DASHBOARD_REDIS_URL"] = external.url
    app.config["RQ_DASHBOARD_SHOW_FULL_ARGS"] = True
    setup_rq_connection(app)
    app.register_blueprint(rq_dashboard.blueprint)
    return app.test_client()


def test_rq_dashboard_lists_the_jobs_of_our_worker_and_of_rq(
    external: OwnServer, run_rq: RunWorker, run_jobs: Callable[[], None], dashboard: FlaskClient
) -> None:
    def listed(registry: str) -> dict[str, str]:
        page = dashboard.get(f"/0/data/jobs/background/{registry}/20/asc/1.json")
        assert page.status_code == 200
        return {one["id"]: one["description"] for one in page.get_json()["jobs"]}

    def details(job: Job) -> dict[str, Any]:
        assert dashboard.get(f"/0/view/job/{job.id}").status_code == 200
        return dict(dashboard.get(f"/0/data/job/{job.id}.json").get_json())

    ours = submit("workers.svg_tasks.generate_complex_svg", (), DRAWING)
    failed = submit("workers.sugar_tasks.fail", ("secret",), options=ONCE)
    run_jobs()
    theirs = submit("workers.svg_tasks.generate_complex_svg", (), DRAWING)
    run_rq("-u", external.url)
    waiting = submit("workers.text_tasks.default_text", ("a",))
    assert listed("queued") == {waiting.id: "workers.text_tasks.default_text('a')"}
    assert set(listed("finished")) == {ours.id, theirs.id}
    assert set(listed("failed")) == {failed.id}
    for job in (ours, theirs):
        shown = details(job)
        assert shown["status"] == "finished"
        assert Path(shown["result"]).exists()
        assert "image/svg+xml" in shown["metadata"]
        assert "pattern_type='grid'" in shown["description"]
    assert "ValueError: secret" in details(failed)["exc_info"]
