"""The Celery backend of examples/: real Celery workers run jobs of the service on the embedded broker."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from libraries.broker.embedded import EmbeddedBroker
from libraries.errors import InvalidInput
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    fetch_job,
    find_job,
    get_job_status,
    retry_job,
    stop_job,
    submit,
)
from libraries.job_manager.backends import JobBackend, RqBackend, _backend, current_backend
from libraries.settings import Settings, use_settings
from tests.conftest import PROBES, REPOSITORY, until

BACKEND = "examples.celery_backend.CeleryBackend"
RUN = "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from celery.__main__ import main; sys.exit(main())"
pytestmark = pytest.mark.usefixtures("private_broker", "probe_tasks")


@pytest.fixture(autouse=True)
def reload_backend() -> None:
    """The application of Celery has the address of its broker since its import."""
    _backend.cache_clear()
    sys.modules.pop("examples.celery_backend", None)


@pytest.fixture
def celery(
    private_broker: EmbeddedBroker, settings: Settings, environ: dict[str, str], home: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker; this process queues jobs for it."""
    use_settings(settings.with_values(job_backend=BACKEND))
    command = ["--app", "examples.celery_backend", "worker", "--concurrency", "1"]
    with (home / "celery.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", RUN, str(PROBES), *command],
            env=environ | {"JOB_BACKEND": BACKEND},
            cwd=REPOSITORY,
            stdout=log,
            stderr=log,
        )
    yield worker
    worker.terminate()
    assert worker.wait(30) == 0, (home / "celery.log").read_text()


def ended(job_id: str) -> dict[str, Any]:
    until(
        lambda: get_job_status(job_id)["status"] not in ("queued", "started"),
        seconds=30,
        what="the end of a job",
    )
    return get_job_status(job_id)


def test_an_artboard_is_drawn_by_celery_and_its_state_has_the_seven_keys(
    celery: subprocess.Popen[bytes], home: Path
) -> None:
    job = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg", 50, 40, "grid", "celery.svg"
    )
    failing = submit("workers.sugar_tasks.fail", ("secret",)).id
    with as_owner("anna"):
        hers = submit("workers.text_tasks.default_text", ("hi",)).id
    status = ended(job.id)
    assert list(status) == [
        "id",
        "status",
        "result",
        "error",
        "created_at",
        "started_at",
        "ended_at",
    ]
    assert (status["id"], status["status"], status["error"]) == (job.id, "finished", None)
    assert status["created_at"] <= status["started_at"] <= status["ended_at"]
    drawing = Path(status["result"])
    assert drawing.is_relative_to(home / "output")
    assert drawing.read_text().startswith("<svg")
    assert ended(failing)["error"] == "ValueError: secret"
    assert ended(hers)["result"]["result"] == "✅ Processed: HI"
    assert [find_job(one).status for one in (job.id, failing)] == ["finished", "failed"]
    assert fetch_job(hers) is not None
    assert get_job_status("unknown")["status"] == "not_found"
    # None of it was RQ's.
    assert RqBackend().fetch([job.id, failing, hers]) == [None, None, None]
    cancel_stop_retry_and_delete(home)


def cancel_stop_retry_and_delete(home: Path) -> None:

    begun = home / "begun"
    long = submit("workers.probe_tasks.nap", (60, str(begun), str(begun))).id
    waiting = submit("workers.text_tasks.default_text", ("hi",)).id
    until(begun.exists, seconds=30, what="a running job")
    assert cancel_job(waiting)
    assert not cancel_job(long)
    assert get_job_status(long)["status"] == "started"
    assert stop_job(long).status == "stopped"
    assert retry_job(waiting).status == "queued"
    assert ended(waiting)["status"] == "finished"
    delete_job(waiting)
    assert get_job_status(waiting)["status"] == "not_found"
    with pytest.raises(InvalidInput, match="dependencies"):
        submit("workers.text_tasks.default_text", ("hi",), options=JobOptions(depends_on=(long,)))


def test_the_backend_has_the_six_methods_of_the_interface(
    private_broker: EmbeddedBroker, settings: Settings
) -> None:
    methods = {name for name in vars(JobBackend) if not name.startswith("_")}
    assert len(methods) == 6
    use_settings(settings.with_values(job_backend=BACKEND))
    backend = current_backend()
    for name in methods:
        ours, theirs = getattr(JobBackend, name), getattr(type(backend), name)
        assert list(inspect.signature(ours).parameters) == list(
            inspect.signature(theirs).parameters
        ), name
    source = inspect.getsource(importlib.import_module("examples.celery_backend"))
    assert source.count("\n") < 120
