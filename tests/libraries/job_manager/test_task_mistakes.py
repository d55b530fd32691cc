"""Functions that look like tasks but are not: the error and the findings of the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import workers
from libraries import loading
from libraries.job_manager import UnknownTask, check_task
from libraries.job_manager.tasks import known_tasks, misplaced_functions
from libraries.worker.doctor import examine_tasks

GREET = "def greet(name):\n    return name\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A further folder of the package `workers`."""
    monkeypatch.setattr(loading, "_problems", {})
    workers.__path__.append(str(tmp_path))
    yield tmp_path
    workers.__path__.remove(str(tmp_path))


def hint(task: str) -> str | None:
    with pytest.raises(UnknownTask) as caught:
        check_task(task)
    return caught.value.hint


def test_the_error_explains_that_an_async_function_is_not_a_task(folder: Path) -> None:
    (folder / "letter_tasks.py").write_text(f"\nasync {GREET}")
    assert hint("workers.letter_tasks.greet") == (
        "workers/letter_tasks.py, line 2: greet is not a task, because it is async; use a plain function"
    )
    assert "workers.letter_tasks.greet" not in known_tasks()


def test_the_error_explains_that_a_function_in_this_file_is_not_a_task(
    folder: Path,
) -> None:
    (folder / "letters.py").write_text(GREET)
    assert hint("workers.letters.greet") == (
        "workers/letters.py, line 1: greet is not a task, because the file is not named *_tasks.py"
    )


def test_a_task_of_a_file_with_a_syntax_error_gets_the_error_with_file_and_line(
    folder: Path,
) -> None:
    (folder / "letter_tasks.py").write_text("\ndef greet(name:\n    pass\n")
    hint_text = hint("workers.letter_tasks.greet")
    assert hint_text
    assert hint_text.endswith("letter_tasks.py, line 2: SyntaxError: '(' was never closed")


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
    hint_text = hint(task)
    assert hint_text == expected or (expected is None and str(hint_text).startswith("did you mean"))


def test_the_doctor_lists_functions_that_look_like_tasks(folder: Path) -> None:
    (folder / "letter_tasks.py").write_text(f"async {GREET}")
    (folder / "letters.py").write_text(GREET)
    (folder / "_letters.py").write_text(GREET)
    (folder / "resources.py").write_text(
        "from libraries.job_manager import on_startup\n\n"
        "@on_startup\ndef _open(): pass\n\ndef pool(): pass\n"
    )
    found = misplaced_functions()
    assert found == [
        "workers/letter_tasks.py, line 1: greet is not a task, because it is async; use a plain function",
        "workers/letters.py, line 1: greet is not a task, because the file is not named *_tasks.py",
    ]
    findings = examine_tasks(20)
    assert [finding.detail for finding in findings if not finding.well] == found


def test_the_product_itself_has_no_misplaced_function() -> None:
    assert misplaced_functions() == []
