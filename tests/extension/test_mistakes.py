"""Typical mistakes in additions: they are reported with file and reason, and the rest works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import environ_in, until
from tests.extension.additions import ADDITIONS, COORDINATES, EXAMPLES, PAGE, PLOT_READY
from tests.extension.copies import CopiedService, copy_of_sources

RAYS, GREETINGS = ((EXAMPLES / name).read_text() for name in ("rays.py", "greetings.py"))
GREET = "def greet(name):\n    return name\n"
# `flask --app app doctor` with longer timeouts for a busy machine.
PATIENT_DOCTOR = """
from app import create_app
from components.system.commands import line_of, process_settings
from components.system.doctor import CHECKS, examine
from libraries.worker.doctor import examine_tasks

create_app()
checks = {**CHECKS, "tasks": lambda _: examine_tasks(60)}
for finding in examine(process_settings(), checks, timeout_s=60):
    print(line_of(finding))
"""


def renamed(source: str, name: str) -> str:
    """A component whose blueprint has another name."""
    return re.sub(r"\bblueprint\b", name, source)


@dataclass(frozen=True)
class Mistake:
    """A new file with a mistake, and the message that reports it.

    A `module` is skipped, and the log and `/readyz` name it, too. `line` is the line of the mistake, if
    known.
    """

    file: str
    text: str
    message: str
    module: str = ""
    line: int | None = None


LEFT_OUT = {
    "a cost without a parameter": Mistake(
        "libraries/patterns/short.py",
        RAYS.replace("def cost(self, area: Area)", "def cost(self)"),
        "Rays.cost takes (self); declare it as `def cost(self, area: Area) -> float`",
        module="libraries.patterns.short",
    ),
    "a default outside of its range": Mistake(
        "libraries/patterns/wide.py",
        RAYS.replace("default=72", "default=1000"),
        "Rays.count has the default 1000: Must be",
        module="libraries.patterns.wide",
    ),
    "a format without a media type": Mistake(
        "libraries/exporting/coordinates.py",
        COORDINATES.replace("text/csv", "csv"),
        "'csv' is not a media type",
        module="libraries.exporting.coordinates",
    ),
    "a field that the template does not have": Mistake(
        "libraries/mailing/templates/plot_ready.txt.j2",
        PLOT_READY.replace("{{ name }}", "{{ nmae }}"),
        "undefined field 'nmae'; did you mean 'name'?",
        line=16,
        module="libraries.mailing.templates.plot_ready",
    ),
    "a syntax error in a template": Mistake(
        "libraries/mailing/templates/plot_gone.txt.j2",
        PLOT_READY.replace("{{ name }}", "{{ name }"),
        "unexpected '}'",
        line=16,
        module="libraries.mailing.templates.plot_gone",
    ),
    "a component that needs what is not there": Mistake(
        "components/needy/__init__.py",
        "import nonesuch\n",
        "ModuleNotFoundError: No module named 'nonesuch'",
        module="components.needy",
        line=1,
    ),
    "a page with a syntax error": Mistake(
        "components/pages/torn.py",
        "\nblueprint = (\n",
        "SyntaxError: '(' was never closed",
        module="components.pages.torn",
        line=2,
    ),
    "a task module with a syntax error": Mistake(
        "workers/torn_tasks.py",
        "def greet(name:\n",
        "SyntaxError: '(' was never closed",
        module="workers.torn_tasks",
        line=1,
    ),
    "a task module that needs what is not there": Mistake(
        "workers/needy_tasks.py",
        f"import nonesuch\n\n\n{GREET}",
        "ModuleNotFoundError: No module named 'nonesuch'",
        module="workers.needy_tasks",
        line=1,
    ),
}
NAMED_BY_THE_DOCTOR = {
    "a drawing that leaves the page": Mistake(
        "libraries/patterns/stray.py",
        RAYS.replace("0.99 *", "1.5 *"),
        "stroke 0 has the point",
    ),
    "a task that is a generator": Mistake(
        "workers/letters.py",
        f"{GREET}\n\ndef lines(name):\n    yield name\n",
        "lines contains yield; a task returns its result",
        line=5,
    ),
}
TOGETHER = LEFT_OUT | NAMED_BY_THE_DOCTOR
STOPS_THE_START = {
    "a blueprint under another name": Mistake(
        "components/greetings/__init__.py",
        renamed(GREETINGS, "bp"),
        "exports no `blueprint`, so none of its routes would be served; components/greetings/__init__.py has one under "
        "the name `bp`",
    ),
    "a page with its blueprint under another name": Mistake(
        "components/pages/atelier.py",
        renamed(PAGE.format(name="atelier", access="OPEN"), "page"),
        "exports no `blueprint`, so none of its routes would be served; components/pages/atelier.py has one under the name "
        "`page`",
    ),
    "a typo in the path of a task": Mistake(
        "components/greetings/__init__.py",
        GREETINGS.replace(".letter_greeting", ".leter_greeting"),
        "the operation 'greeting' names the task 'workers.greeting_tasks.leter_greeting', which does not exist; did you "
        "mean 'workers.greeting_tasks.letter_greeting'?",
    ),
    "a route without an access": Mistake(
        "components/greetings/__init__.py",
        f'{GREETINGS}\n\n@blueprint.route("/all")\ndef list_all():\n    return ""\n',
        "the route /greetings/all declares no access; add access=Access.KEY",
    ),
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The folder of the copy and its data."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def copy(home: Path) -> Path:
    """A copy of the sources with a valid pattern and task, and the mistakes that do not stop it."""
    copy = copy_of_sources(home)
    for kind in ("pattern", "task"):
        ADDITIONS[kind].lay_into(copy)
    for mistake in TOGETHER.values():
        write(copy, mistake)
    return copy


def write(copy: Path, mistake: Mistake) -> None:
    (copy / mistake.file).parent.mkdir(exist_ok=True)
    (copy / mistake.file).write_text(mistake.text)


@pytest.fixture(scope="module")
def service(home: Path, copy: Path) -> Iterator[CopiedService]:
    """A running service of the copy."""
    service = CopiedService(home, copy)
    service.wait_until_drawn()
    yield service
    service.stop()


def run(copy: Path, environ: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy."""
    return subprocess.run(
        [sys.executable, *command],
        env=environ,
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module")
def diagnosis(service: CopiedService, copy: Path) -> list[str]:
    """The lines of the doctor that report a problem."""
    done = run(copy, service.environ, "-c", PATIENT_DOCTOR)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith("ok ")]


@pytest.mark.parametrize("name", TOGETHER)
def test_the_doctor_names_the_file_and_the_mistake(diagnosis: list[str], name: str) -> None:
    mistake = TOGETHER[name]
    location = mistake.file if mistake.line is None else f"{mistake.file}, line {mistake.line}"
    named = [line for line in diagnosis if location in line]
    assert len(named) == 1, diagnosis
    assert mistake.message in named[0]


def test_the_doctor_finds_nothing_else(diagnosis: list[str]) -> None:
    assert len(diagnosis) == len(TOGETHER), diagnosis


def test_skipped_modules_are_reported_by_readyz_and_the_log(service: CopiedService) -> None:
    def not_loaded() -> dict[str, Any]:
        return {one["module"]: one for one in service.get("/readyz")["not_loaded"]}

    # Only workers import the task modules.
    until(lambda: "workers.needy_tasks" in not_loaded(), what="the problem of a worker")
    found = not_loaded()
    assert set(found) == {one.module for one in LEFT_OUT.values()}
    for mistake in LEFT_OUT.values():
        problem = found[mistake.module]
        assert problem["file"] == mistake.file
        assert mistake.line in (None, problem["line"])
        assert mistake.message in problem["mistake"]
        assert f"{mistake.module} cannot be loaded and is left out: " in service.output()


def test_the_rest_of_the_service_works(service: CopiedService) -> None:
    board = {"width": 100, "height": 60, "pattern": "rays", "params": {"count": 12}}
    assert service.drawn("/artboard/create", board).count("<path") == 12
    queued = service.post(
        "/jobs", {"task": "workers.greeting_tasks.letter_greeting", "args": ["A"]}
    )
    assert service.result(queued["job_id"], Accept="image/png").status == 200
    queued = service.post("/jobs", {"task": "workers.letters.greet", "args": ["A"]})
    assert service.ended(queued["job_id"])["result"] == "A"
    mail = {"recipient": "ann@example.com", "subject": "Done", "context": {"order": "A-17"}}
    assert service.ended(service.post("/emails", mail)["job_id"])["status"] == "finished"
    assert service.send("GET", "/dashboard").status == 200


def test_a_drawing_that_leaves_the_page_fails_and_the_log_names_the_file(
    service: CopiedService,
) -> None:
    stray = "pattern 'stray' (libraries/patterns/stray.py): stroke "
    for path in ("/patterns/stray/preview.svg", "/draw/stray.svg?paper=a7"):
        reply = service.send("GET", path)
        assert (reply.status, reply.json["type"]) == (500, "/problems/internal-error")
        assert reply.json["detail"].startswith(stray)
    link = service.send("POST", "/links", {"path": "/draw/stray.svg"}).json["url"]
    shared = service.send("GET", f"{link}&paper=a7", key="")
    assert shared.status == 500
    assert "stroke" not in shared.text, "the guest of a link does not see the mistake"
    board = {"width": 100, "height": 60, "pattern": "stray", "params": {"count": 12}}
    job = service.ended(service.post("/artboard/create", board)["job_id"])
    assert f"BadDrawing: {stray}" in job["error"], "the owner of the job sees the mistake"
    until(lambda: stray in service.output(), what="the mistake in the log")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("letters._greet", "functions whose names begin with an underscore are not tasks"),
        ("letters.gret", "workers/letters.py has no function gret"),
        ("letter.greet", "there is no file workers/letter.py"),
        ("testing.run_task", "workers/testing.py are not tasks, because it is a helper module"),
        ("torn_tasks.greet", "workers/torn_tasks.py, line 1: SyntaxError: '(' was never closed"),
        ("greeting_tasks.leter_greeting", "did you mean 'workers.greeting_tasks.letter_greeting'?"),
    ],
)
def test_submitting_an_invalid_task_reports_the_reason(
    service: CopiedService, task: str, message: str
) -> None:
    reply = service.send("POST", "/jobs", {"task": f"workers.{task}"})
    assert reply.status == 404
    assert message in reply.json["detail"]


@pytest.mark.parametrize("name", STOPS_THE_START)
def test_a_mistake_that_stops_the_start_is_named_with_its_file(
    home: Path, copy: Path, name: str
) -> None:
    mistake = STOPS_THE_START[name]
    write(copy, mistake)
    try:
        environ = environ_in(home) | {"PYTHONPATH": str(copy)}
        done = run(copy, environ, "-m", "flask", "--app", "app", "doctor")
    finally:
        (copy / mistake.file).unlink()
    assert done.returncode == 1
    assert f"Error: {mistake.file}: {mistake.message}" in done.stderr
    assert "Traceback" not in done.stderr
