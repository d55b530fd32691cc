"""Mistakes in task modules: the error and the findings of the doctor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import workers
from libraries import loading
from libraries.errors import InvalidInput
from libraries.job_manager import UnknownTask, check_task
from libraries.job_manager.tasks import check_arguments, each_file_once, misplaced_functions
from libraries.worker.doctor import examine_tasks

GREET = "def greet(name):\n    return name\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A further folder of the package `workers`."""
    monkeypatch.setattr(loading, "_problems", {})
    workers.__path__.append(str(tmp_path))
    yield tmp_path
    workers.__path__.remove(str(tmp_path))


def error(task: str) -> UnknownTask:
    with pytest.raises(UnknownTask) as caught:
        check_task(task)
    return caught.value


def test_a_task_of_a_file_with_a_syntax_error_gets_the_error_with_file_and_line(
    folder: Path,
) -> None:
    (folder / "letter_tasks.py").write_text("\ndef greet(name:\n    pass\n")
    text = str(error("workers.letter_tasks.greet"))
    assert text.endswith("letter_tasks.py, line 2: SyntaxError: '(' was never closed")


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("workers.letter_tasks.gret", "did you mean 'workers.letter_tasks.greet'?"),
        ("workers.leter_tasks.greet", "did you mean 'workers.letter_tasks.greet'?"),
        ("workers.letter_tasks._hidden", None),
        ("workers.__main__.main", None),
        ("workers.../letter_tasks.greet", None),
        ("os.system", None),
    ],
)
def test_a_typo_gets_only_the_nearest_task_as_a_hint(
    folder: Path, task: str, expected: str | None
) -> None:
    (folder / "letter_tasks.py").write_text(f"{GREET}def _hidden(): pass\n")
    hint_text = error(task).hint
    assert hint_text == expected or (expected is None and str(hint_text).startswith("did you mean"))


def test_the_doctor_lists_tasks_that_can_only_fail(folder: Path) -> None:
    (folder / "letters.py").write_text(
        f"{GREET}\n"
        "def lines():\n    for one in (1, 2):\n        yield one\n\n"
        "async def pages():\n    yield 1\n\n"
        "def inner():\n    def own():\n        yield 1\n    return [*own()]\n\n"
        "def _private():\n    yield 1\n"
    )
    found = misplaced_functions()
    assert found == [
        "workers/letters.py, line 4: lines contains yield; a task returns its result",
        "workers/letters.py, line 8: pages contains yield; a task returns its result",
    ]
    findings = examine_tasks(20)
    assert [finding.detail for finding in findings if not finding.ok] == found


def test_the_product_itself_has_no_misplaced_function() -> None:
    assert misplaced_functions() == []


def test_a_changed_file_is_noticed_after_a_submission_not_during_one(folder: Path) -> None:
    file = folder / "letter_tasks.py"
    file.write_text(GREET)
    with each_file_once():
        assert not check_arguments("workers.letter_tasks.greet", ["Ann"], {})
        file.write_text("def greet(name, tone):\n    return name\n")
        os.utime(file, (1, 1))
        assert not check_arguments("workers.letter_tasks.greet", ["Ann"], {})
    with pytest.raises(InvalidInput, match="requires the argument 'tone'"):
        check_arguments("workers.letter_tasks.greet", ["Ann"], {})
