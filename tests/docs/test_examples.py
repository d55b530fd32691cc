"""Everything under examples/ is run, against the real service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.documents import document_with
from tests.journeys.conftest import Service

EXAMPLES = REPOSITORY / "examples"
# What an extension is copied to.
EXTENSIONS = {
    "rays.py": "libraries/patterns/rays.py",
    "greeting_tasks.py": "workers/greeting_tasks.py",
    "greetings.py": "components/greetings/__init__.py",
}


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
    output = run(
        sys.executable,
        EXAMPLES / "draw_and_wait.py",
        shared_service.url,
        "python.svg",
        service=shared_service,
        cwd=home,
    )
    assert "python.svg" in output
    run(
        "sh", EXAMPLES / "curl.sh", shared_service.url, "curl.svg", service=shared_service, cwd=home
    )
    for name in ("python.svg", "curl.svg"):
        assert 'width="210mm"' in (home / name).read_text()
    output = run(
        sys.executable, "-m", "examples.queue_from_python", service=shared_service, cwd=REPOSITORY
    )
    assert output.startswith("finished ")
    output = run(
        sys.executable,
        "-m",
        "examples.talk_by_websocket",
        shared_service.url,
        service=shared_service,
        cwd=REPOSITORY,
    )
    assert "'good morning' → 'buenos días'" in output
    assert output.splitlines()[-1].endswith("/result")
    assert (Path(shared_service.environ["OUTPUT_DIR"]) / "grid.svg").exists()


def test_the_script_prints_why_a_request_was_rejected(shared_service: Service, home: Path) -> None:
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


@pytest.mark.parametrize("name", list(EXTENSIONS))
def test_a_document_shows_an_extension_as_it_is_tested(name: str) -> None:
    text = document_with((EXAMPLES / "extend" / name).read_text()).read_text()
    assert f"`{EXTENSIONS[name]}`" in text or f"`{name}`" in text


def test_every_example_is_run_by_a_test() -> None:
    known = {
        "draw_and_wait.py",
        "queue_from_python.py",
        "talk_by_websocket.py",
        "curl.sh",
        "ruff.toml",
        "celery_backend.py",  # run by test_celery_backend.py
        "check_certificate.py",  # run by tests/libraries/plotting/test_certificate.py
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
