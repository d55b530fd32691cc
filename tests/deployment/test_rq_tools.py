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

from libraries.broker.connections import web_client
from libraries.job_manager import JobHandle, JobOptions, JobRecord, fetch_job, submit
from libraries.settings import Settings, use_settings
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
def run_rq(external: OwnServer, environ: dict[str, str]) -> RunWorker:
    """Return a function that runs `rq worker background` until the queue is empty."""

    def run(*options: str, **variables: str) -> None:
        command = [sys.executable, "-c", RQ, str(PROBES), "worker", "background", "--burst"]
        done = subprocess.run(
            [*command, *options],
            env=environ | variables,
            cwd=REPOSITORY,
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
