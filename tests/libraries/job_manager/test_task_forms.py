"""Tasks as people write them: asynchronous, with the context of the job, called by path or function."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workers
from components.texts.job_types import queue_job
from libraries.errors import InvalidInput
from libraries.job_manager import (
    JobHandle,
    JobRecord,
    UnknownTask,
    add_notification,
    as_owner,
    check_task,
    enqueue_background_job,
    fetch_job,
)
from libraries.job_manager.task_context import WorkerContext
from libraries.job_manager.tasks import describe_tasks
from libraries.notifications import read_notifications
from libraries.settings import Settings, use_settings
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
RunJobs = Callable[[], None]
FORMS = "workers.form_tasks"


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a start-up hook has stored for the tasks."""
    monkeypatch.setattr(WorkerContext, "shared", {"tool": "pen"})
    return WorkerContext.shared


@pytest.fixture
def run(run_jobs: RunJobs) -> Callable[..., JobRecord]:
    """Return a function that queues a task, runs it in a worker and returns the record of the job."""

    def run(task: Any, *args: Any, **kwargs: Any) -> JobRecord:
        job = enqueue_background_job(
            f"{FORMS}.{task}" if isinstance(task, str) else task, *args, **kwargs
        )
        run_jobs()
        record = fetch_job(job.id)
        assert record is not None
        return record

    return run


Run = Callable[..., JobRecord]


def test_an_async_task_with_ctx_runs_as_in_a_program_for_arq(
    run: Run, shared: dict[str, Any]
) -> None:
    record = run("translate", "hello")
    assert record.status == "finished", record.error
    assert record.result["text"] == "HELLO"
    own = {"job_id": record.id, "job_try": 1, "task": f"{FORMS}.translate"}
    assert record.result["ctx"] == {**shared, **own, "job": "not seen by other jobs"}
    assert datetime.fromisoformat(record.result["queued"]).tzinfo is not None
    assert record.progress is not None
    assert [one["name"] for one in record.artifacts] == [f"jobs/{record.id}/{record.id}.txt"]
    assert "job" not in shared


def test_ctx_is_not_an_argument_of_clients(run: Run, shared: dict[str, Any]) -> None:
    (described,) = [one for one in describe_tasks() if one.name == f"{FORMS}.translate"]
    assert [(one.name, one.required) for one in described.parameters] == [
        ("content", True),
        ("pause", False),
    ]
    assert run("plain", 1, 2, three=3).result == {
        "args": [1, 2],
        "options": {"three": 3},
        "try": 1,
        "tool": "pen",
    }
    assert run("only_keyword", ctx="mine").result == "mine"
    for task, arguments in (("plain", {}), ("translate", {"content": "x"})):
        with raises_code("bad-arguments", match="'ctx'"):
            enqueue_background_job(f"{FORMS}.{task}", **arguments, ctx={"job_id": "other"})
    with raises_code("bad-arguments", match="at most 2 positional"):
        enqueue_background_job(f"{FORMS}.translate", {}, "x", 0.0)


def test_a_decorated_async_task_queues_itself_by_a_call(run: Run, run_jobs: RunJobs) -> None:
    record = run("decorated", 1)
    assert record.result != [record.id]
    assert JobHandle[list[str]](record.result[0]).result(timeout=0) == record.result


def test_a_timeout_ends_an_async_task(run: Run) -> None:
    record = run("wait_for_children", job_timeout=1)
    assert (record.status, record.error_code) == ("failed", "timeout")


def test_an_async_task_runs_in_immediate_mode_also_inside_an_event_loop(
    settings: Settings, shared: dict[str, Any]
) -> None:
    use_settings(settings.with_values(immediate=True))

    async def program() -> str:
        return enqueue_background_job(f"{FORMS}.translate", "hello").id

    # In a thread: the main thread of a test process may have a running loop.
    with ThreadPoolExecutor(1) as threads:
        record = fetch_job(threads.submit(asyncio.run, program()).result())
    assert record is not None
    assert record.result["text"] == "HELLO", record.error
    assert record.result["ctx"]["tool"] == "pen"


@pytest.mark.parametrize(
    ("task", "arguments", "code", "error"),
    [
        ("generate", (), "bad-result", "the task returned a generator, whose body did not run"),
        ("generate_later", (), "bad-result", "the task returned a generator"),
        ("leave", (3,), "task-exit", "the task called sys.exit(3)"),
        ("leave", (None,), "task-exit", "the task called sys.exit(None)"),
        ("leave", ("no \x1b ink",), "task-exit", r"the task called sys.exit('no \x1b ink')"),
        ("leave", ([1],), "task-exit", "the task called sys.exit(list)"),
        ("interrupt", (), "internal-error", "KeyboardInterrupt"),
        ("fail_in_a_group", (), "internal-error", "ValueError: the ink is empty"),
        ("fail_without_text", (), "internal-error", "Unspeakable: the message cannot be read"),
        ("terminate", (), "worker-lost", "the process that ran the job was killed by SIGKILL"),
    ],
)
def test_an_unusual_end_has_a_precise_reason(
    run: Run, task: str, arguments: tuple[Any, ...], code: str, error: str
) -> None:
    record = run(task, *arguments)
    assert (record.status, record.error_code) == ("failed", code)
    assert str(record.public_error).startswith(error)
    assert len(record.attempts) == 1


@pytest.mark.parametrize("how", ["return", "raise"])
def test_a_task_that_catches_its_timeout_fails_with_the_timeout(run: Run, how: str) -> None:
    record = run("swallow_timeout", how, job_timeout=1)
    assert (record.status, record.error_code) == ("failed", "timeout")
    assert record.public_error == "the job ran longer than its timeout of 1 s"


def test_a_function_can_be_queued_instead_of_its_path(run: Run) -> None:
    """M12."""
    module = importlib.import_module(FORMS)
    assert run(module.first_is_named, "a").task == f"{FORMS}.first_is_named"
    assert run(module.decorated, 0).result != []


@pytest.mark.parametrize("function", [len, lambda: None, Path, JobHandle("x").cancel])
def test_a_function_that_is_not_a_task_is_rejected(function: Callable[..., Any]) -> None:
    with pytest.raises(UnknownTask, match=r"a task is named workers\.<module>\.<function>"):
        enqueue_background_job(function)


def test_arguments_may_have_the_names_of_parameters_of_the_call(run: Run) -> None:
    assert run("first_is_named", task_function="a", job="b").result == ["a", "b"]
    by_keyword = enqueue_background_job(task_function=f"{FORMS}.only_keyword", ctx="c")
    assert by_keyword.func_name == f"{FORMS}.only_keyword"


def test_numbers_of_numpy_arrive_as_plain_numbers(run: Run) -> None:
    record = run("plain", np.int64(3), np.array(4), a=np.float32(0.5), b=np.bool_(True))
    assert record.result["args"] == [3, 4]
    assert record.result["options"] == {"a": 0.5, "b": True}


@pytest.mark.parametrize(
    ("args", "kwargs", "field", "shown"),
    [
        ((1, {2}), {}, "args", "positional argument 2 of type `set`"),
        ((), {"a": np.array([1, 2])}, "kwargs.a", "argument 'a' of type `ndarray`"),
        ((), {"a": 1, "b": float("nan")}, "kwargs.b", "argument 'b' of type `float`"),
        ((np.datetime64("2026-01-01"),), {}, "args", "positional argument 1 of type `datetime64`"),
    ],
)
def test_an_argument_that_is_not_json_is_named(
    args: tuple[Any, ...], kwargs: dict[str, Any], field: str, shown: str
) -> None:
    with raises_code("bad-arguments", match=shown) as caught:
        enqueue_background_job(f"{FORMS}.plain", *args, **kwargs)
    assert caught.value.field == field


def test_a_task_sends_a_notification_of_its_own_name(run: Run) -> None:
    """M11."""
    with as_owner("ann"):
        record = run("notify", "plot.ready", {"shelf": "B 4", "job_id": "another"})
        (notification,) = read_notifications()
        assert notification.name == "plot.ready"
        assert notification.data == {"shelf": "B 4", "job_id": record.id}
        assert read_notifications(since=notification.timestamp) == []
    with as_owner("bob"):
        assert read_notifications() == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("task_finished", {}), ("", {}), ("x" * 65, {}), ("two words", {}), ("ok", {"x": "y" * 5000}),
        ("ok", {"x": {1}}), ("ok", {"x": float("inf")}),
    ],
)  # fmt: skip
def test_an_invalid_notification_is_rejected(name: str, data: dict[str, Any]) -> None:
    with raises_code("bad-notification"):
        add_notification(name, data)


def test_a_text_job_is_queued_by_its_type(run_jobs: RunJobs) -> None:
    jobs = [queue_job("translate", "hello"), queue_job("nonesuch", "hello")]
    assert [job_id.split("_")[0] for job_id in jobs] == ["translate", "default"]
    run_jobs()
    translated = fetch_job(jobs[0])
    assert translated is not None
    assert "hola" in translated.result["result"]
    with pytest.raises(InvalidInput):
        queue_job("translate", " ")


# -- which functions are tasks

FUNCTIONS = """
from json import dumps
from libraries.worker import on_startup

alias = dumps
Later = 1

@on_startup
def prepare(ctx): pass

def greet(name): return name

async def wait(): pass

def _private(): pass

class Card: pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A further folder of the package `workers`."""
    workers.__path__.append(str(tmp_path))
    yield tmp_path
    workers.__path__.remove(str(tmp_path))


def tasks_of(stem: str) -> set[str]:
    found = {one.name for one in describe_tasks()}
    return {name.rpartition(".")[2] for name in found if name.startswith(f"workers.{stem}.")}


def test_public_functions_of_any_module_are_tasks(folder: Path) -> None:
    for stem in (
        "letters",
        "letter_tasks",
        "testing",
        "test_letters",
        "conftest",
        "_letters",
        "lett\u0435rs",
    ):
        (folder / f"{stem}.py").write_text(FUNCTIONS)
    (folder / "exported.py").write_text(f"__all__ = ['greet', 'Card']\n{FUNCTIONS}")
    (folder / "helping.py").write_text(f"__all__: list[str] = []\n{FUNCTIONS}")
    assert tasks_of("letters") == tasks_of("letter_tasks") == {"greet", "wait"}
    assert tasks_of("exported") == {"greet"}
    for stem in ("helping", "testing", "test_letters", "conftest", "_letters", "lett\u0435rs"):
        assert tasks_of(stem) == set()


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("letters.gret", "workers/letters.py has no function gret"),
        ("letters._private", "functions whose names begin with an underscore are not tasks"),
        ("letters.prepare", "workers/letters.py, line 9: prepare is a hook, not a task"),
        ("letters.alias", "workers/letters.py does not define alias with def, so it is not a task"),
        ("letters.dumps", "workers/letters.py does not define dumps with def"),
        ("letters.Card", "workers/letters.py does not define Card with def"),
        ("exported.wait", "workers/exported.py, line 14: wait is not a task, because __all__ does not list it"),
        ("testing.run_task", "functions of workers/testing.py are not tasks, because it is a helper module"),
        ("nonesuch.greet", "there is no file workers/nonesuch.py"),
        ("lett\u0435rs.greet", r"there is no file workers/lett\u0435rs.py"),
        ("letters.gr\u0435\u0435t", r"workers/letters.py has no function gr\u0435\u0435t"),
        ("letters", "a task is named workers.<module>.<function>"),
    ],
)  # fmt: skip
def test_the_error_of_an_unknown_task_says_why(folder: Path, task: str, reason: str) -> None:
    (folder / "letters.py").write_text(FUNCTIONS)
    (folder / "exported.py").write_text(f"__all__ = ['greet']\n{FUNCTIONS}")
    with pytest.raises(UnknownTask) as caught:
        check_task(f"workers.{task}")
    assert str(caught.value).startswith(f"unknown task {f'workers.{task}'!a}: {reason}")
