"""Loops over the status of a job, in documents and examples."""

from __future__ import annotations

import ast
import re

from libraries.job_manager import get_job_status
from libraries.job_manager.states import FINAL_STATES, NOT_FOUND, JobState
from tests.conftest import REPOSITORY

IN_PROGRESS = {state.value for state in JobState} - FINAL_STATES
LOOP = re.compile(r"get_job_status\(job\.id\)\)?\[\"status\"\] in (\([^)]*\)|\w+)")


def loops() -> dict[str, set[str]]:
    """Return the statuses in which each documented loop goes on, by file."""
    found = {}
    files = [*REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/*.py")]
    for path in [REPOSITORY / "README.md", *files]:
        text = path.read_text()
        for name in LOOP.findall(text):
            named = re.findall(rf"{name} = (\(.*\))", text) if name.isidentifier() else [name]
            (written,) = named
            found[path.name] = set(ast.literal_eval(written))
    return found


def test_each_loop_goes_on_in_all_states_that_are_not_final() -> None:
    """It ends for finished, failed, stopped, canceled and not_found, and not for deferred."""
    assert {"queued", "started", "scheduled", "deferred"} == IN_PROGRESS
    assert NOT_FOUND not in IN_PROGRESS
    assert loops() == dict.fromkeys(("jobs.md", "queue_from_python.py"), IN_PROGRESS)


def test_the_documentation_names_the_loop_that_never_ends() -> None:
    text = " ".join((REPOSITORY / "docs/how-to/jobs.md").read_text().split())
    assert "A loop that tests for `finished` and `failed` only" in text
    assert "never ends for the other three" in text


def test_an_unknown_job_has_a_status_that_ends_a_loop(broker: object) -> None:
    assert get_job_status("unknown")["status"] == NOT_FOUND
