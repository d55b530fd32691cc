"""What the README tells its reader to paste, pasted."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.settings import read_settings
from tests.conftest import REPOSITORY, environ_in
from tests.docs.documents import README, blocks
from tests.journeys.conftest import Service

ADDRESS = "http://127.0.0.1:5000"
# What commands that steer jobs have to print, by a part of the command.
SAID = {
    '$later/cancel"': ('"status": "canceled"',),
    '$later/retry"': ('"expires_at": null', '"attempts": []'),
    "/jobs?status=finished": ('"items"', '"status": "finished"'),
    "-X DELETE": ("204\n", "/problems/job-expired"),
    "/batches": ('"total": 2',),
    "Idempotency-Key": ("Idempotency-Replayed: true",),
    "/queue/pause": ('"paused": true', '"max_queue"', '"paused": false'),
    "X-API-Key": ('"items"',),
    "/texts": ("buenos d\\u00edas",),
    '"pattern": "grid"}\'\n': ('"status": "finished"', '"svg"'),
    "?wait=": ('"status": "finished"',),
    "$job/events": ("event: status", "event: finished"),
    "doctor": ("broker", "worker"),
}
# What differs from one start to the next: ids of jobs, folders of artboards, the port, the folder of the files.
VARIES = re.compile(r"[a-z2-7]{32}|[0-9a-f]{2}/[0-9a-f]{30}|(?<=127\.0\.0\.1:)[0-9]+|/\S*/output$")


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A folder that looks like the project's own to commands that are pasted in it, with its own data and output."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    for name, target in {".venv": Path(sys.prefix), "examples": REPOSITORY / "examples"}.items():
        (folder / name).symlink_to(target)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def service(project: Path) -> Iterator[Service]:
    """The service, with the folders that it has by default in that project."""
    environ = environ_in(project) | {"UPLOAD_DIR": str(project / "data" / "uploads")}
    started = Service(environ, project / "service.log")
    yield started.wait_until_drawn()
    started.stop()


def paste(commands: list[str], service: Service, project: Path) -> list[str]:
    """Run blocks of commands in one shell, stopping at the first that fails; return what each of them printed."""
    script = "".join(f"echo '=== block'\n{block}\n" for block in commands).replace(
        ADDRESS, service.url
    )
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=project,
        env=service.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("=== block\n")[1:]


def test_every_command_of_the_readme_works_as_it_is(service: Service, project: Path) -> None:
    commands = blocks(README, "sh")
    printed = dict(zip(commands, paste(commands, service, project), strict=True))
    for command, text in printed.items():
        if re.search("-d ['@]", command) and "$(" not in command:
            assert '"job_id' in text or "<svg" in text or "/problems/validation-error" in text, (
                command,
                text,
            )
        if ".venv/bin/rq" in command:
            assert "background" in text
    for part, wanted in SAID.items():
        (text,) = (text for command, text in printed.items() if part in command)
        assert [word for word in wanted if word not in text] == [], (part, text)

    drawn = ElementTree.fromstring((project / "spiral.svg").read_text())
    assert (drawn.get("width"), drawn.get("height")) == ("210mm", "297mm")
    assert len(drawn.findall("{http://www.w3.org/2000/svg}path")) == 1


def test_the_problem_document_in_the_readme_is_what_the_service_answers(service: Service) -> None:
    shown = json.loads(blocks(README, "json")[0])
    status, answered = service.ask(
        "POST", "/artboard/create", {"width": -1, "height": 297, "pattern": "spirl"}
    )
    assert status == shown["status"]
    assert without_request_id(answered) == without_request_id(shown)


def without_request_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}


def test_the_start_prints_what_the_readme_shows(service: Service) -> None:
    shown = next(block for block in blocks(README, "text") if "First plot" in block)
    said = "".join(f"{line}\n" for line in service.said().splitlines() if line.startswith("dev "))
    assert settled(shown) in settled(said)


def settled(text: str) -> str:
    return "\n".join(VARIES.sub("*", line.rstrip()) for line in text.splitlines())


def test_the_python_of_the_readme_queues_and_cancels(service: Service, project: Path) -> None:
    program = next(block for block in blocks(README, "python") if "get_job_status(" in block)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env=service.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result, canceled = done.stdout.splitlines()
    assert Path(result) == project / "output" / "a4.svg"
    assert "<svg" in Path(result).read_text()
    assert canceled in ("True", "False")


def test_the_key_that_the_deployment_guide_makes_is_one_that_the_settings_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = blocks(REPOSITORY / "docs" / "deployment.md", "sh")[0]
    said = subprocess.run(
        ["sh", "-euc", command], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    made = re.fullmatch(r"the key: (\w{64})\nAPI_KEYS=(ann:\w{64})\n", said)
    assert made is not None
    monkeypatch.setenv("API_KEYS", made[2])
    (key,) = read_settings(None).access.api_keys
    assert (key.name, key.digest) == ("ann", hashlib.sha256(made[1].encode()).digest())
