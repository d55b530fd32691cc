"""Everything under examples/ is run, against the real service."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, until
from tests.docs.documents import README
from tests.journeys.conftest import Service

StartService = Callable[..., Service]
EXAMPLES = REPOSITORY / "examples"
# What an extension is copied to.
EXTENSIONS = {
    "rays.py": "libraries/patterns/rays.py",
    "greeting_tasks.py": "workers/greeting_tasks.py",
    "greetings.py": "components/greetings/__init__.py",
}


@pytest.fixture
def extended(home: Path) -> Path:
    """A copy of the sources with the extensions in place."""
    copy = home / "copy"
    copy.mkdir()
    for name in ("app.py", "start_dev.py", "gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, copy / name)
    for name in ("components", "libraries", "workers"):
        shutil.copytree(
            REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, place in EXTENSIONS.items():
        (copy / place).parent.mkdir(exist_ok=True)
        shutil.copy(EXAMPLES / "extend" / name, copy / place)
    return copy


def run(*command: str | Path, service: Service, cwd: Path) -> str:
    """Run an example to its end; return what it printed."""
    done = subprocess.run(
        command,
        env=service.environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_scripts_draw(shared_service: Service, home: Path) -> None:
    said = run(
        sys.executable,
        EXAMPLES / "draw_and_wait.py",
        shared_service.url,
        "python.svg",
        service=shared_service,
        cwd=home,
    )
    assert "python.svg" in said
    run(
        "sh", EXAMPLES / "curl.sh", shared_service.url, "curl.svg", service=shared_service, cwd=home
    )
    for name in ("python.svg", "curl.svg"):
        assert 'width="210mm"' in (home / name).read_text()
    said = run(
        sys.executable, "-m", "examples.queue_from_python", service=shared_service, cwd=REPOSITORY
    )
    assert said.startswith("finished ")
    said = run(
        sys.executable,
        "-m",
        "examples.talk_by_websocket",
        shared_service.url,
        service=shared_service,
        cwd=REPOSITORY,
    )
    assert "'good morning' → 'buenos días'" in said
    assert said.splitlines()[-1].endswith("/result")
    assert (Path(shared_service.environ["OUTPUT_DIR"]) / "grid.svg").exists()


def test_the_script_says_what_the_service_has_against_a_request(
    shared_service: Service, home: Path
) -> None:
    script = (EXAMPLES / "draw_and_wait.py").read_text().replace('"pitch": 2.5', '"pitch": -1')
    done = subprocess.run(
        [sys.executable, "-c", script, shared_service.url],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "params.pitch: Must be" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_added_pattern_task_and_endpoint_work_with_no_other_change(
    start_service: StartService, extended: Path
) -> None:
    """D18."""
    service = start_service(cwd=extended, PYTHONPATH=str(extended))
    assert service.draw(pattern="rays", params={"count": 12}).count("<path") == 12
    assert service.ask("GET", "/patterns/rays")[1]["summary"].startswith("Rays")
    status, accepted = service.ask("POST", "/greetings", {"name": "Ann"})
    assert status == 202, accepted
    job = accepted["links"]["self"]
    until(lambda: service.ask("GET", job)[1]["done"], what="the greeting")
    assert service.ask("GET", accepted["links"]["result"])[1].count("<path") > 5
    assert service.ask("POST", "/greetings", {"name": ""})[0] == 422


def test_extensions_with_mistakes_are_named_and_the_others_work(
    start_service: StartService, extended: Path
) -> None:
    rays = (extended / "libraries" / "patterns" / "rays.py").read_text()
    patterns, tasks = extended / "libraries" / "patterns", extended / "workers"
    (patterns / "broken.py").write_text(
        rays.replace("def cost(self, area: Area)", "def cost(self)")
    )
    (patterns / "stray.py").write_text(rays.replace("0.99 *", "1.5 *"))
    (tasks / "letter_tasks.py").write_text("async def greet(name):\n    return name\n")
    (tasks / "torn_tasks.py").write_text("def greet(name:\n")
    (tasks / "needy_tasks.py").write_text("import nonesuch\n\ndef greet(name):\n    pass\n")
    service = start_service(cwd=extended, PYTHONPATH=str(extended))
    assert service.draw(pattern="rays", params={"count": 12}).count("<path") == 12

    def not_loaded() -> dict[str, Any]:
        return {one["module"]: one for one in service.ask("GET", "/readyz")[1]["not_loaded"]}

    # Only workers import the task modules.
    until(lambda: "workers.needy_tasks" in not_loaded(), what="the problem of a worker")
    problems = not_loaded()
    assert set(problems) == {
        "libraries.patterns.broken",
        "workers.needy_tasks",
        "workers.torn_tasks",
    }
    assert problems["workers.needy_tasks"]["mistake"].endswith("No module named 'nonesuch'")
    assert problems["libraries.patterns.broken"]["file"] == "libraries/patterns/broken.py"
    assert "Rays.cost takes (self); declare it" in problems["libraries.patterns.broken"]["mistake"]
    assert problems["workers.torn_tasks"]["line"] == 1

    status, problem = service.ask("GET", "/patterns/stray/preview.svg")
    assert (status, problem["type"]) == (500, "/problems/internal-error")
    assert "stroke 0" not in problem["detail"]
    stray = "pattern 'stray' (libraries/patterns/stray.py): stroke 0 has the point"
    until(lambda: stray in service.log.read_text(), what="the mistake in the log")
    assert "libraries.patterns.broken cannot be loaded and is left out" in service.log.read_text()

    status, problem = service.ask("POST", "/jobs", {"task": "workers.letter_tasks.greet"})
    assert status == 404
    assert "greet is not a task, because it is async" in problem["detail"]


def test_the_added_pattern_keeps_the_promises_of_every_pattern(
    extended: Path, environ: dict[str, str]
) -> None:
    shutil.copytree(
        REPOSITORY / "tests", extended / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--update-golden",
        "-k",
        "rays",
    ]
    done = subprocess.run(
        [*command, "tests/libraries/patterns/test_every_pattern.py"],
        env=environ | {"PYTHONPATH": str(extended)},
        cwd=extended,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (extended / "tests" / "golden" / "pattern_rays.svg").exists()


@pytest.mark.parametrize("name", list(EXTENSIONS))
def test_the_readme_shows_an_extension_as_it_is_tested(name: str) -> None:
    readme = README.read_text()
    assert (EXAMPLES / "extend" / name).read_text() in readme
    assert f"`{EXTENSIONS[name]}`" in readme or f"`{name}`" in readme


def test_every_example_is_run_by_a_test() -> None:
    known = {
        "draw_and_wait.py",
        "queue_from_python.py",
        "talk_by_websocket.py",
        "curl.sh",
        "ruff.toml",
        *(f"extend/{name}" for name in EXTENSIONS),
        # Drawn by tests/libraries/sheets/test_composition.py, and one of them by a command of the README.
        *(
            f"compositions/{name}.json"
            for name in ("botanical_plate", "cmyk_landscape", "concert_poster", "travel_postcard")
        ),
    }
    found = {
        str(path.relative_to(EXAMPLES))
        for path in EXAMPLES.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == known
