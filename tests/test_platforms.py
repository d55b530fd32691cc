"""The other versions of Python that the product supports, where they are installed: install the packages, draw an artboard."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import MACHINE_PATH, REPOSITORY

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
PRESENT = f"{sys.version_info.major}.{sys.version_info.minor}"
INSTALL_TIMEOUT_S, DRAW_TIMEOUT_S = 400, 60
VERSION = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
DRAW = """
import sys
from app import create_app

client = create_app().test_client()
artboard = {"width": 100, "height": 100, "pattern": "flow_field", "seed": 7}
accepted = client.post("/artboard/create", json=artboard)
assert accepted.status_code == 200, accepted.text
drawn = client.get(f"/jobs/{accepted.get_json()['job_id']}/result")
assert drawn.status_code == 200, drawn.text
sys.stdout.write(drawn.text)
"""
# In the output of pip when the package index cannot be reached.
NO_INDEX = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|ConnectionError"
)


def interpreter(version: str, path: str = MACHINE_PATH) -> str | None:
    """The program of this version that works and can create virtual environments; None if there is none on `path`."""
    for folder in path.split(os.pathsep):
        program = shutil.which(f"python{version}", path=folder)
        # A version manager has a program for each version that it knows, also for those that are switched off.
        if program and _output(program, "-c", VERSION) == f"{version}\n":
            return program
    return None


def draw(python: Path | str, environ: dict[str, str]) -> str:
    """The drawing of an artboard by a new process, in immediate mode."""
    done = subprocess.run(
        [python, "-c", DRAW],
        cwd=REPOSITORY,
        env=environ | {"IMMEDIATE": "1"},
        capture_output=True,
        text=True,
        timeout=DRAW_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def install(python: Path) -> None:
    """Install requirements.lock; the test is skipped where the package index cannot be reached."""
    command = [str(python), "-m", "pip", "install", "-q", "--retries", "1"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", "requirements.lock"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0 and NO_INDEX.search(done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout


@pytest.mark.timeout(INSTALL_TIMEOUT_S + 200)
@pytest.mark.parametrize("version", [one for one in VERSIONS if one != PRESENT])
def test_another_python_draws_the_same_artboard(
    version: str, home: Path, environ: dict[str, str]
) -> None:
    program = interpreter(version)
    if program is None:
        pytest.skip(f"python{version} is not installed")
    subprocess.run([program, "-m", "venv", home / "venv"], check=True, timeout=60)
    python = home / "venv" / "bin" / "python"
    install(python)
    assert draw(python, environ) == draw(sys.executable, environ)


def test_this_python_draws_the_artboard(environ: dict[str, str]) -> None:
    assert 'width="100mm"' in draw(sys.executable, environ)


def test_an_interpreter_counts_only_if_it_works(tmp_path: Path) -> None:
    broken, working = tmp_path / "broken", tmp_path / "working"
    for folder, text in {broken: "exit 127", working: f'exec {sys.executable} "$@"'}.items():
        folder.mkdir()
        program = folder / f"python{PRESENT}"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    assert interpreter(PRESENT, str(broken)) is None
    assert interpreter(PRESENT, f"{broken}{os.pathsep}{working}") == str(
        working / f"python{PRESENT}"
    )
    assert interpreter("3.99") is None


def test_the_project_declares_the_versions_that_are_tested() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: "
    declared = [
        one.removeprefix(prefix) for one in project["classifiers"] if one.startswith(prefix)
    ]
    assert declared == ["3", *VERSIONS]
    assert project["requires-python"] == f">={VERSIONS[0]}"
    assert any(f"Python {VERSIONS[0]}" in path.read_text() for path in [REPOSITORY / "README.md"])
