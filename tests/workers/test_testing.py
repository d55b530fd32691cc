"""The helpers for tests of tasks, used as an extension of the product uses them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from workers.testing import run_task

GUIDE = REPOSITORY / "docs" / "how-to" / "add-a-task.md"


def test_a_test_of_the_guide_passes_in_a_project_of_its_own(tmp_path: Path) -> None:
    code = re.search(
        r"```python\n(from workers\.testing import .*?)```", GUIDE.read_text(), re.DOTALL
    )
    assert code is not None
    (tmp_path / "test_greetings.py").write_text(code[1])
    (tmp_path / "workers").mkdir()
    for path in (REPOSITORY / "workers").glob("*.py"):
        (tmp_path / "workers" / path.name).symlink_to(path)
    example = REPOSITORY / "examples" / "extend" / "greeting_tasks.py"
    (tmp_path / "workers" / example.name).symlink_to(example)
    # A broker of the environment is not used.
    environ = os.environ | {
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PYTHONPATH": f"{tmp_path}:{REPOSITORY}",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            str(tmp_path),
        ],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[2-9] passed", done.stdout)


def test_run_task_requires_its_fixture(settings: object) -> None:
    with pytest.raises(RuntimeError, match="requires the fixture `task_folder`"):
        run_task("workers.example_tasks.example_long_task", 0)
