"""The commands and programs of all documents, run in order against a running service."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.settings import read_settings
from tests.conftest import REPOSITORY, copy_folder, environ_in, until
from tests.docs.documents import Block, all_blocks, documents
from tests.journeys.conftest import Service
from tests.photographs import encoded, landscape

pytestmark = pytest.mark.timeout(300)
COMMANDS_TIMEOUT_S = 120
SERVICE, ELSEWHERE = "127.0.0.1:5000", "https://example.com"
# Not part of the copy of the project that the service runs in.
LEFT_OUT = ".*", "bench", "data", "docs", "output", "site", "tests"
# Files of examples/extend that documents show and whose task or route they use.
INSTALLED = {
    "greeting_tasks.py": "workers/greeting_tasks.py",
    "greetings.py": "components/greetings/__init__.py",
}
EXAMPLES = [path.read_text() for path in sorted((REPOSITORY / "examples").rglob("*.py"))]
# Webhook deliveries may fail: documents only show how to receive them.
DELIVERY = "workers.webhook_tasks.deliver_webhook"
# Expected output by a part of the command.
PRINTED = {
    '$later/cancel"': ('"status": "canceled"',),
    '$later/retry"': ('"attempts": []',),
    "See you soon": ('"retry_of": "', '"tags": ["corrected"]'),
    "dry_run": ('"matched": 0',),
    "tag=christmas": ('"items":[]', '"counts"'),
    "/jobs?status=finished": ('"items"', '"status":"finished"'),
    "-X DELETE": ("204\n", "/problems/job-expired"),
    '5000$batch"': ('"total": 2',),
    "/greetings": ('"status": "finished"', '"status": "queued"'),
    "Idempotency-Key": ("Idempotency-Replayed: true",),
    "/queue/pause": ('"paused": true', '"max_queue"', '"paused": false'),
    '/jobs -H "X-API-Key': ('"items"',),
    "/links": ('"url": "/jobs/',),
    '"pattern": "grid"}\'\n': ('"status": "finished"', '"svg"'),
    '?wait=20"\n': ('"status": "finished"',),
    "$job/events": ("event: status", "event: finished"),
    "app doctor\n": ("broker", "worker"),
    ".venv/bin/rq": ("background",),
    "example.com/cat.jpg": ('"job_id"',),
}
# Parts that differ from one start to the next: ids of jobs, folders of artboards, the port, the folder of the files.
VARIES = re.compile(r"[a-z2-7]{32}|[0-9a-f]{2}/[0-9a-f]{30}|(?<=127\.0\.0\.1:)[0-9]+|/\S*/output$")
PROBLEM = re.compile(r'"type": *"/problems/([a-z-]+)".*?"status": *(\d+)', re.DOTALL)

runnable = [one for one in documents() if any(block.is_run for block in all_blocks(one))]
every_document = pytest.mark.parametrize(
    "document", runnable, ids=lambda path: str(path.relative_to(REPOSITORY))
)


@dataclass
class Project:
    """A copy of the project for commands, the service that runs there, and a server for example.com."""

    folder: Path
    service: Service
    elsewhere: str

    def run(self, blocks: list[Block]) -> list[str]:
        """Run blocks in one shell, stopping at the first that fails; return what each printed."""
        lines = [f"PATH={sys.prefix}/bin:$PATH"]
        for number, block in enumerate(blocks):
            text = block.text.replace(SERVICE, self.service.url.removeprefix("http://"))
            text = text.replace(ELSEWHERE, self.elsewhere)
            lines.append("echo '=== block'")
            if block.language == "python":
                program = self.folder / f"block_{number}.py"
                program.write_text(text)
                lines.append(f"python3 {program.name}")
            else:
                lines.append(text)
        shell_name = "bash" if any(block.language == "bash" for block in blocks) else "sh"
        # Files, because programs started in the background would keep pipes open.
        log, errors = self.folder / "commands.log", self.folder / "errors.log"
        with log.open("w") as out, errors.open("w") as err:
            shell = subprocess.Popen(
                [shell_name, "-euc", "\n".join(lines)],
                cwd=self.folder,
                env=self.service.environ,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                code = shell.wait(COMMANDS_TIMEOUT_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
        assert code == 0, log.read_text()[-4000:] + errors.read_text()[-4000:]
        return log.read_text().split("=== block\n")[1:]

    def failed_jobs(self) -> list[Any]:
        """The jobs that failed, once no job waits or runs."""

        def idle() -> bool:
            lists = [self._jobs(status) for status in ("queued", "started")]
            return not any(lists)

        until(idle, seconds=60, what="the end of the jobs of the document")
        return [one for one in self._jobs("failed") if one["task"] != DELIVERY]

    def _jobs(self, status: str) -> list[Any]:
        address = f"/jobs?status={status}&limit=100"
        found: list[Any] = self.service.request("GET", address)[1]["items"]
        return found


class Elsewhere(BaseHTTPRequestHandler):
    """Responds to GET with a photo, and to POST with 204."""

    def do_GET(self) -> None:
        photo = encoded(landscape(), "JPEG")
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(photo)))
        self.end_headers()
        self.wfile.write(photo)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def project(elsewhere: str) -> Iterator[Project]:
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    copy_folder(REPOSITORY, folder, *LEFT_OUT)
    (folder / ".venv").symlink_to(sys.prefix)
    for name, destination in INSTALLED.items():
        (folder / destination).parent.mkdir(exist_ok=True)
        shutil.copyfile(REPOSITORY / "examples" / "extend" / name, folder / destination)
    (folder / "cat.jpg").write_bytes(encoded(landscape(), "JPEG"))
    environ = environ_in(folder) | {
        "PYTHONPATH": str(folder),
        "UPLOAD_DIR": str(folder / "data" / "uploads"),
        "FETCH_PRIVATE": "1",
        "WEBHOOK_PRIVATE": "1",
        "ADMIN_EMAIL": "admin@example.com",
    }
    started = Service(environ, folder / "service.log", cwd=folder)
    yield Project(folder, started.wait_until_drawn(), elsewhere)
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


def run_blocks(document: Path) -> list[Block]:
    """The blocks that a test runs; a file of `examples` that is shown is run by tests/docs/test_examples.py."""
    return [one for one in all_blocks(document) if one.is_run and one.text not in EXAMPLES]


@every_document
def test_the_commands_of_a_document_work_in_order(document: Path, project: Project) -> None:
    blocks = run_blocks(document)
    for block, text in zip(blocks, project.run(blocks), strict=True):
        check_printed(document, block, text)
    assert project.failed_jobs() == []
    check_shown_problems(document, project)
    for name in set(re.findall(r"(?:-o|>) (\S+\.svg)", "".join(block.text for block in blocks))):
        drawn = ElementTree.fromstring((project.folder / name).read_text())
        assert str(drawn.get("width")).endswith("mm"), name


def check_printed(document: Path, block: Block, text: str) -> None:
    """Check what a block printed: no problem that the document does not mention, and the words of `PRINTED`."""
    for found in PROBLEM.findall(text):
        mentioned = [*found, "problem document"]
        assert any(word in document.read_text() for word in mentioned), (block.text, text)
    for part, wanted in PRINTED.items():
        if part in block.text:
            assert [word for word in wanted if word not in text] == [], (block.text, text)
    if re.search("-d ['@]", block.text) and re.search(r"^curl[^|>]*\Z", block.text, re.DOTALL):
        assert re.search('"job_id|<svg|"/problems/|"retry_of|"matched', text), (block.text, text)
    if "API_KEYS=ann:$(" in block.text:
        check_key(text)
    if "get_job_status(" in block.text:
        check_python_jobs(text)


def check_key(text: str) -> None:
    """Check that the settings accept the key that a command made."""
    line = re.search(r"API_KEYS=(ann:\w{64})", text)
    assert line is not None
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("API_KEYS", line[1])
        (key,) = read_settings(None).access.api_keys
    assert key.name == "ann"
    if shown := re.search(r"the key: (\w{64})", text):
        assert key.digest == hashlib.sha256(shown[1].encode()).digest()


def check_python_jobs(text: str) -> None:
    """Check the result of the job that a program queued, and the result of canceling another."""
    result, *others = text.splitlines()
    assert "<svg" in Path(result).read_text()
    assert set(others) <= {"True", "False"}


def check_shown_problems(document: Path, project: Project) -> None:
    """Check that the problem documents that a document shows are what the service answers to the request above."""
    requests = re.findall(
        r"(?s)-d '([^']*)'\n```(?:(?!```).)*?```json\n(.*?)^```", document.read_text(), re.MULTILINE
    )
    for body, shown in requests:
        if '"/problems/' in shown:
            wanted = json.loads(shown)
            status, response = project.service.request("POST", wanted["instance"], json.loads(body))
            assert status == wanted["status"]
            assert {**response, "request_id": ""} == {**wanted, "request_id": ""}


def test_the_start_prints_what_the_documents_show(project: Project) -> None:
    shown = [
        block.text
        for document in documents()
        for block in all_blocks(document)
        if block.language == "text" and "First plot" in block.text
    ]
    lines = [line for line in project.service.output().splitlines() if line.startswith("dev ")]
    output = "".join(f"{line}\n" for line in lines)
    assert shown
    assert [text for text in shown if settled(text) not in settled(output)] == []


def settled(text: str) -> str:
    return "\n".join(VARIES.sub("*", line.rstrip()) for line in text.splitlines())


def test_a_command_that_fails_and_an_unexpected_problem_are_noticed(
    project: Project, tmp_path: Path
) -> None:
    blocks = [Block("sh", "value=7", None), Block("python", "print('seven')", None)]
    assert project.run([*blocks, Block("sh", 'echo "$value"', None)]) == ["", "seven\n", "7\n"]
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        project.run([Block("python", "1 / 0", None)])
    with pytest.raises(AssertionError):
        project.run([Block("sh", "false", None), Block("sh", "true", None)])
    document = tmp_path / "page.md"
    document.write_text("No problems.")
    command = Block("sh", f"curl -sS http://{SERVICE}/jobs/none", None)
    with pytest.raises(AssertionError):
        check_printed(document, command, *project.run([command]))


def test_commands_and_programs_have_the_languages_that_are_run() -> None:
    languages = {block.language for one in documents() for block in all_blocks(one)}
    assert languages & {"shell", "zsh", "py", "python3", "pycon", "shellsession"} == set()


@every_document
def test_no_command_is_indented_in_a_list(document: Path) -> None:
    assert re.findall(r"^ +```(?:sh|bash|python)$", document.read_text(), re.MULTILINE) == []
