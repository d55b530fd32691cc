"""Tasks that are queued by calling them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from libraries.broker.connections import broker_url, web_client
from libraries.job_manager import (
    JobHandle,
    JobOptions,
    NoResult,
    background_task,
    delete_job,
    fetch_job,
    known_tasks,
    submit,
)
from libraries.job_manager.control import capacity
from libraries.settings import Settings, get_settings
from tests.conftest import PROBES, REPOSITORY, WorkerProcess
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
RunJobs = Callable[[], None]
STOCK = (
    "import sys, workers; workers.__path__.append(sys.argv.pop(1)); from rq.cli import main; main()"
)


@pytest.fixture
def sugar(probe_tasks: None) -> Any:
    """Return the module of decorated tasks."""
    return importlib.import_module("workers.sugar_tasks")


def test_a_call_queues_the_task_and_returns_a_handle_at_once(sugar: Any) -> None:
    handle = sugar.add(2, second=3)
    assert isinstance(handle, JobHandle)
    assert handle.status() == "queued"
    record = fetch_job(handle.id)
    assert record is not None
    assert (record.task, record.position) == ("workers.sugar_tasks.add", 0)


def test_the_worker_runs_the_function_and_the_handle_gives_its_result(
    sugar: Any, run_jobs: RunJobs
) -> None:
    handle = sugar.add(2, second=3)
    run_jobs()
    assert handle.status() == "finished"
    assert handle.result() == 5
    assert capacity()["queue_depth"] == 0, "the job did not queue itself"


def test_a_result_can_be_waited_for(sugar: Any, start_worker: Callable[..., WorkerProcess]) -> None:
    start_worker()
    assert sugar.add(40, 2).result(timeout=10) == 42


def test_a_decorated_task_is_known_and_can_be_queued_by_its_path_too(
    sugar: Any, run_jobs: RunJobs
) -> None:
    assert sugar.add.path in known_tasks()
    job = submit("workers.sugar_tasks.add", (1,))
    run_jobs()
    assert JobHandle[int](job.id).result(timeout=0) == 2


def test_call_local_runs_the_function_here(sugar: Any) -> None:
    assert sugar.add.call_local(2, 2) == 4
    assert capacity()["queue_depth"] == 0


def test_options_apply_only_to_jobs_queued_with_them(sugar: Any) -> None:
    patient = sugar.add.with_options(JobOptions(job_timeout="2h"))
    timeouts = [fetch_job(task(1).id).timeout for task in (patient, sugar.add)]  # type: ignore[union-attr]
    assert timeouts == [7200, get_settings().jobs.job_timeout]


def test_a_job_that_calls_another_task_queues_it(sugar: Any, run_jobs: RunJobs) -> None:
    outer = sugar.call_another(6)
    run_jobs()
    outcome = outer.result(timeout=0)
    assert outcome["own"] == outer.id != outcome["other"]
    assert JobHandle[int](outcome["other"]).result(timeout=0) == 7


def test_a_task_that_calls_itself_queues_itself(sugar: Any, run_jobs: RunJobs) -> None:
    handle, steps = sugar.count_down(3), 0
    run_jobs()
    while ids := handle.result(timeout=0):
        handle, steps = JobHandle(ids[0]), steps + 1
    assert steps == 3


def test_a_plain_task_can_call_a_decorated_one(sugar: Any, run_jobs: RunJobs) -> None:
    job = submit("workers.sugar_tasks.plain_caller", (8,))
    run_jobs()
    inner = JobHandle[str](job.id).result(timeout=0)
    assert JobHandle[int](inner).result(timeout=0) == 9


def test_stock_rq_runs_the_function_as_well(
    sugar: Any, environ: dict[str, str], settings: Settings
) -> None:
    """M2."""
    outer = sugar.call_another(1)
    command = [
        sys.executable,
        "-c",
        STOCK,
        str(PROBES),
        "worker",
        "-u",
        broker_url(settings),
        "--burst",
        "background",
    ]
    subprocess.run(
        command, env=environ, cwd=REPOSITORY, check=True, timeout=60, capture_output=True
    )
    assert JobHandle[int](outer.result(timeout=0)["other"]).result(timeout=0) == 2


def test_a_failure_is_raised_by_result(sugar: Any, run_jobs: RunJobs) -> None:
    handle = sugar.fail("secret")
    run_jobs()
    with raises_code("task-failed", match="the job failed: ValueError: secret") as caught:
        handle.result(timeout=0)
    assert caught.value.record is not None
    assert caught.value.record.error == "ValueError: secret"


def test_a_canceled_job_has_no_result(sugar: Any) -> None:
    handle = sugar.add(1)
    assert handle.cancel()
    with raises_code("task-failed", match="the job was canceled"):
        handle.result()


def test_the_wait_for_a_result_respects_the_timeout(sugar: Any) -> None:
    with raises_code("result-not-ready", match="queued"):
        sugar.add(1).result(timeout=0.05)


def test_an_expired_job_has_no_result(sugar: Any) -> None:
    handle = sugar.add(1)
    delete_job(handle.id)
    assert handle.status() == "not_found"
    with pytest.raises(NoResult, match="expired"):
        handle.result()


@pytest.mark.parametrize(
    ("arguments", "options", "field"),
    [
        ((), {}, "kwargs.first"),
        ((1, 2, 3), {}, "args"),
        ((1,), {"third": 3}, "kwargs.third"),
        ((1,), {"first": 1}, "kwargs.first"),
    ],
)
def test_arguments_that_the_function_does_not_take_are_refused_before_queueing(
    sugar: Any, settings: Settings, arguments: tuple[int, ...], options: dict[str, int], field: str
) -> None:
    with raises_code("bad-arguments") as caught:
        sugar.add(*arguments, **options)
    assert caught.value.field == field
    assert not web_client(settings).exists("rq:queue:background")


def test_a_decorated_task_keeps_its_name_and_docstring(sugar: Any) -> None:
    assert sugar.add.__name__ == "add"
    assert sugar.add.__doc__ == "Return the sum."


def _hidden() -> None:
    """A private function."""


async def waits() -> None:
    """A coroutine."""


@pytest.mark.parametrize(
    ("function", "module"),
    [
        (_hidden, "workers.some_tasks"), (lambda: None, "workers.some_tasks"),
        (waits, "libraries.some_tasks"), (waits, "workers.testing"), (waits, "workers._letters"),
        (waits, "workers"), (waits, "__main__"),
    ],
)  # fmt: skip
def test_an_invalid_task_is_rejected_at_its_declaration(
    function: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "__module__", module)
    with pytest.raises(TypeError, match="is not a task"):
        background_task(function)
