"""The commands `doctor` and `jobs`."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import Result
from rq import Worker

import workers
from components.system.doctor import Check, examine
from libraries import VERSION, loading
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import JobOptions, as_owner, enqueue_background_job, submit
from libraries.job_manager.control import pause_queue
from libraries.settings import ApiKey, Settings
from libraries.worker.doctor import Finding, examine_tasks
from tests.conftest import REPOSITORY, Stopwatch, WorkerProcess
from tests.watchful import application

FLASK = [str(Path(sys.executable).parent / "flask"), "--app", "app"]
Command = Callable[..., Result]


@pytest.fixture
def command(settings: Settings) -> Command:
    """A function that runs a command with the settings of the test; arguments change some."""

    def run(*words: str, **changes: Any) -> Result:
        app = application(settings.with_values(**changes))
        return app.test_cli_runner().invoke(args=list(words))

    return run


@pytest.fixture
def doctor(command: Command, settings: Settings) -> Callable[..., dict[str, str]]:
    """A function that runs the doctor and returns its findings by component."""

    def diagnose(**changes: Any) -> dict[str, str]:
        started = Stopwatch()
        result = command("doctor", **changes)
        assert started.seconds() < 5
        # Only the standard output: servers of tests may log broken connections.
        lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
        assert result.exit_code == (1 if any(line[0] == "problem" for line in lines) else 0), (
            result.output
        )
        return {name: f"{mark}: {text}" for mark, name, text in lines}

    return diagnose


Doctor = Callable[..., dict[str, str]]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request with the same body."""

    body: ClassVar[bytes] = b"hello"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], int]]:
    """A function that starts another web server and returns its port."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def start(body: bytes) -> int:
        handler = type("Answering", (Handler,), {"body": body})
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.01}).start()
        return int(servers[-1].server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def version_body(version: str = VERSION) -> bytes:
    return json.dumps({"name": "Vector API", "version": version}).encode()


@pytest.mark.usefixtures("broker")
def test_a_healthy_service_has_an_ok_line_for_each_component(
    doctor: Doctor, start_worker: Callable[..., WorkerProcess], serve: Callable[[bytes], int]
) -> None:
    start_worker()
    findings = doctor(port=serve(version_body()))
    assert list(findings) == [
        "settings",
        "broker",
        "memory",
        "worker",
        "queue",
        "modules",
        "tasks",
        "web",
        "output",
        "gallery",
    ]
    assert [text for text in findings.values() if not text.startswith("ok: ")] == []


def test_invalid_settings_are_reported_without_a_traceback(environ: dict[str, str]) -> None:
    environ |= {"PORT": "http", "WORKERS": "0"}
    ended = subprocess.run(
        [*FLASK, "doctor"],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("problem  settings")
    assert re.findall(r"^  (\w+):", ended.stderr, re.MULTILINE) == ["PORT", "WORKERS"]
    assert "Traceback" not in ended.stderr


def test_the_command_reports_a_missing_broker_within_five_seconds(
    environ: dict[str, str],
) -> None:
    started = Stopwatch()
    environ |= {"PORT": str(closed_port())}
    ended = subprocess.run(
        [*FLASK, "doctor"],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert started.seconds() < 5
    assert ended.returncode == 1
    assert re.search(
        r"^problem +broker +cannot be reached at unix://.*make run", ended.stdout, re.MULTILINE
    )
    assert "Traceback" not in ended.stderr


def test_the_password_of_a_broker_is_not_shown(doctor: Doctor) -> None:
    port = closed_port()
    for url in (
        f"redis://me:hush@127.0.0.1:{port}/2",
        f"redis://127.0.0.1:{port}/2?db=2&password=hush",
    ):
        finding = doctor(redis_url=url)["broker"]
        assert finding.startswith("problem: cannot be reached at redis://")
        assert f"127.0.0.1:{port}/2" in finding
        assert "hush" not in finding


def test_a_rejected_password_is_distinguished_from_an_unreachable_broker(
    doctor: Doctor, private_broker: EmbeddedBroker, settings: Settings
) -> None:
    web_client(settings).config_set("requirepass", "another")
    web_client(settings).connection_pool.disconnect()
    assert "rejects the user or the password" in doctor()["broker"]


def test_a_hanging_broker_is_distinguished_from_an_unreachable_one(
    doctor: Doctor, private_broker: EmbeddedBroker
) -> None:
    assert private_broker.pid
    os.kill(private_broker.pid, signal.SIGSTOP)
    try:
        assert "accepts connections but does not reply" in doctor()["broker"]
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)


def test_another_server_is_distinguished_from_an_unreachable_broker(
    doctor: Doctor, serve: Callable[[bytes], int]
) -> None:
    assert (
        "is not a Redis or Valkey server"
        in doctor(redis_url=f"redis://127.0.0.1:{serve(b'hello')}")["broker"]
    )


def test_a_broker_that_evicts_jobs_is_reported(
    doctor: Doctor, private_broker: EmbeddedBroker, settings: Settings
) -> None:
    web_client(settings).config_set("maxmemory-policy", "allkeys-lru")
    findings = doctor()
    assert findings["broker"].startswith("ok: ")
    assert re.match(r"problem: .*allkeys-lru.*noeviction", findings["memory"])


@pytest.mark.usefixtures("broker")
def test_a_missing_worker_is_reported(doctor: Doctor) -> None:
    assert re.match(r"problem: none is alive.*python -m workers", doctor()["worker"])


@pytest.mark.usefixtures("broker")
def test_a_worker_of_other_queues_is_not_counted(doctor: Doctor, settings: Settings) -> None:
    """A stock worker that was started without the name of the queue."""
    other = Worker(["default"], connection=web_client(settings))
    other.register_birth()  # type: ignore[no-untyped-call]
    finding = doctor()["worker"]
    assert finding.startswith("problem: none takes jobs of the queue background; 1 listen to other")
    assert "rq worker background" in finding


@pytest.mark.parametrize(
    ("name", "changes", "cause", "fix"),
    [
        ("broker", {"redis_url": "redis://127.0.0.1:1/0"}, "cannot be reached at", "make run"),
        ("web", {"port": 1}, "connection refused at http://127.0.0.1:1", "set PORT to its port"),
    ],
)
def test_each_fault_of_the_start_has_a_cause_and_a_fix(
    doctor: Doctor, name: str, changes: dict[str, Any], cause: str, fix: str
) -> None:
    """Without a broker, and on a wrong port."""
    finding = doctor(**changes)[name]
    assert finding.startswith("problem: ")
    assert cause in finding
    assert fix in finding


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_a_paused_queue_and_a_full_one_are_reported(doctor: Doctor) -> None:
    enqueue_background_job("workers.probe_tasks.nothing")
    submit("workers.probe_tasks.nothing", options=JobOptions(run_at=time.time() + 60))
    assert doctor()["queue"] == "ok: 1 waiting, 1 scheduled, 0 running"
    assert doctor(max_queue=2)["queue"].startswith("problem: full: 2 wait, and MAX_QUEUE is 2")
    pause_queue()
    assert re.match(r"problem: paused, with 1 waiting.*POST /queue/resume", doctor()["queue"])


@pytest.fixture
def task_folder(home: Path) -> Iterator[Path]:
    """A folder with further task modules."""
    folder = home / "more"
    folder.mkdir()
    workers.__path__.append(str(folder))
    yield folder
    workers.__path__.remove(str(folder))


def test_task_modules_that_cannot_be_imported_are_reported_with_the_reason(
    task_folder: Path, doctor: Doctor, command: Command
) -> None:
    (task_folder / "broken_tasks.py").write_text("def greet(name:\n")
    (task_folder / "missing_tasks.py").write_text("import nonesuch\n")
    (task_folder / "talking_tasks.py").write_text("print('hello')\n")
    (task_folder / "leaving_tasks.py").write_text("raise SystemExit('bye')\n")
    findings = [line for line in command("doctor").output.splitlines() if " tasks " in line]
    assert [re.sub(r"  +", " ", line) for line in findings] == [
        f"problem tasks workers.{name}_tasks cannot be imported: {task_folder}/{name}_tasks.py, line 1: {why}. Correct the module: its jobs fail."
        for name, why in (
            ("broken", "SyntaxError: '(' was never closed"),
            ("leaving", "SystemExit: bye"),
            ("missing", "ModuleNotFoundError: No module named 'nonesuch'"),
        )
    ]


def test_an_extension_that_cannot_be_loaded_is_reported_with_file_and_error(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_problems", {})
    loading.record_problem(
        "libraries.patterns.rays",
        loading.LoadError("cost must take (self, area)"),
        path=REPOSITORY / "libraries" / "patterns" / "rays.py",
    )
    assert doctor()["modules"] == (
        "problem: libraries.patterns.rays is skipped: libraries/patterns/rays.py: cost must take (self, area)."
        " Correct the file, then restart web and workers."
    )


def test_a_task_module_that_ends_the_process_is_reported(task_folder: Path) -> None:
    (task_folder / "ending_tasks.py").write_text("import os\nos._exit(3)\n")
    (finding,) = examine_tasks(20)
    assert (
        "workers.ending_tasks cannot be imported: the import ended the process (code 3)"
        in finding.detail
    )


def test_a_hanging_task_module_is_reported_in_time_despite_its_child_process(
    task_folder: Path,
) -> None:
    (task_folder / "aaa_tasks.py").write_text("import os, time\nos.fork()\ntime.sleep(60)\n")
    started = Stopwatch()
    (finding,) = examine_tasks(8)
    assert started.seconds() < 16
    assert "workers.aaa_tasks cannot be imported: not imported within 8.0 s" in finding.detail


def test_an_unreachable_web_process_is_reported(doctor: Doctor) -> None:
    port = closed_port()
    assert doctor(port=port)["web"].startswith(
        f"problem: connection refused at http://127.0.0.1:{port}"
    )


@pytest.mark.parametrize(
    "body",
    [b"hello", b'{"name": "another"}', b"[1]", b"\xff", b'{"name": "Vector API" ' + b" " * 10**6],
)
def test_another_program_on_the_port_is_reported(
    doctor: Doctor, serve: Callable[[bytes], int], body: bytes
) -> None:
    port = serve(body)
    finding = doctor(port=port)["web"]
    assert finding.startswith(f"problem: another program answers at http://127.0.0.1:{port}")
    assert "set PORT to a free port" in finding


def test_a_program_that_is_not_a_web_server_is_reported(
    doctor: Doctor, broker: EmbeddedBroker
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def babble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        finding = doctor(port=port)["web"]
        thread.join()
    assert finding.startswith("problem: another program answers")


def test_a_port_that_accepts_connections_without_responding_is_reported(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.system.doctor.WEB_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "no response from" in doctor(port=listener.getsockname()[1])["web"]


def test_an_outdated_web_process_is_reported(doctor: Doctor, serve: Callable[[bytes], int]) -> None:
    finding = doctor(port=serve(version_body("0.0.1")))["web"]
    assert finding.startswith("problem: version 0.0.1 answers")
    assert "Restart the web process" in finding


def test_an_output_folder_that_is_not_writable_is_reported(doctor: Doctor, home: Path) -> None:
    (home / "file").write_text("")
    finding = doctor(output_dir=home / "file" / "output")["output"]
    assert re.match(
        r"problem: cannot write to .*/file/output: not a directory.*OUTPUT_DIR", finding
    )


def test_the_doctor_deletes_its_file_in_the_output_folder(
    doctor: Doctor, settings: Settings
) -> None:
    assert doctor()["output"].startswith("ok: ")
    assert list(settings.storage.output_dir.rglob("*")) == []


def test_in_immediate_mode_broker_and_workers_are_not_required_or_started(
    doctor: Doctor, settings: Settings
) -> None:
    findings = doctor(immediate=True)
    assert (
        findings["settings"]
        == "ok: valid; immediate mode: jobs run in the process that queues them"
    )
    assert findings["broker"].startswith("ok: not needed")
    assert findings["worker"].startswith("ok: not needed")
    assert not settings.broker.data_dir.exists()


@pytest.mark.usefixtures("broker")
def test_in_immediate_mode_a_running_broker_is_checked(doctor: Doctor) -> None:
    findings = doctor(immediate=True)
    assert findings["broker"].startswith("ok: answers at unix://")
    assert findings["worker"].startswith("ok: not needed")
    assert findings["queue"].startswith("ok: ")


def test_a_check_that_hangs_or_fails_does_not_block_the_others(settings: Settings) -> None:
    forever = threading.Event()

    def hang(_: Settings) -> list[Finding]:
        forever.wait()
        return []

    def fail(_: Settings) -> list[Finding]:
        raise RuntimeError("oh")

    checks: dict[str, Check] = {
        "one": hang,
        "two": fail,
        "three": lambda _: [Finding("three", ok=True, detail="fine")],
    }
    found = examine(settings, checks, timeout_s=0.1)
    forever.set()
    assert all(one.fix for one in found if not one.ok)
    assert [(one.name, one.ok, one.detail) for one in found] == [
        ("one", False, "no answer within 0.1 s"),
        ("two", False, "the check failed: RuntimeError: oh"),
        ("three", True, "fine"),
    ]


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_the_list_of_jobs_shows_state_age_and_result_of_each_the_newest_first(
    command: Command, run_jobs: Callable[[], None]
) -> None:
    good, bad = (
        enqueue_background_job("workers.probe_tasks.echo", 1),
        enqueue_background_job("workers.probe_tasks.boom"),
    )
    run_jobs()
    waiting = enqueue_background_job("workers.probe_tasks.nothing")
    head, *rows = command("jobs").output.splitlines()
    assert head.split() == ["JOB", "STATUS", "AGE", "TASK", "RESULT"]
    cells = [row.split(maxsplit=4) for row in rows]
    assert [row[0] for row in cells] == [waiting.id, bad.id, good.id]
    assert [row[1] for row in cells] == ["queued", "failed", "finished"]
    assert all(re.fullmatch(r"\d+s", row[2]) for row in cells)
    assert cells[2][3:] == ["workers.probe_tasks.echo", '{"args": [1], "kwargs": {}}']
    assert cells[1][4] == "ValueError: boom at /secret/place"
    failed = command("jobs", "--status", "failed").output
    assert bad.id in failed
    assert good.id not in failed
    assert len(command("jobs", "--limit", "2").output.splitlines()) == 3


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_the_list_has_the_jobs_of_every_owner(command: Command) -> None:
    ids = []
    for owner in ("anonymous", "ann", "bob"):
        with as_owner(owner):
            ids.append(enqueue_background_job("workers.probe_tasks.nothing").id)
    keys = tuple(ApiKey(name, hashlib.sha256(name.encode()).digest()) for name in ("ann", "bob"))
    shown = [line.split()[0] for line in command("jobs", api_keys=keys).output.splitlines()[1:]]
    assert shown == ids[::-1]


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_results_and_errors_cannot_control_the_terminal(
    command: Command, run_jobs: Callable[[], None]
) -> None:
    enqueue_background_job("workers.probe_tasks.echo", "\x1b[2Jgone\r\n\u202e")
    enqueue_background_job("workers.sugar_tasks.fail", "\x1b[2Jgone\u202e" + "x" * 300)
    run_jobs()
    output = command("jobs").output
    assert "gone" in output
    assert not re.search("[\x1b\r\u202e]", output)
    assert len(output.splitlines()) == 3
    assert max(map(len, output.splitlines())) < 200


@pytest.mark.usefixtures("broker")
def test_an_empty_list_is_reported(command: Command) -> None:
    assert command("jobs").output == "No jobs.\n"
    assert command("jobs", "--status", "failed").output == "No jobs in this state.\n"


@pytest.mark.parametrize("options", [["--status", "lost"], ["--limit", "0"], ["--limit", "201"]])
def test_contradictory_options_are_rejected(command: Command, options: list[str]) -> None:
    assert command("jobs", *options).exit_code == 2


def test_without_a_broker_the_list_reports_its_address_and_the_doctor(command: Command) -> None:
    result = command("jobs")
    assert result.exit_code == 1
    assert "cannot reach the broker at unix://" in result.output
    assert "doctor" in result.output


def test_in_immediate_mode_without_a_broker_there_is_nothing_to_list(
    command: Command, settings: Settings
) -> None:
    result = command("jobs", immediate=True)
    assert result.exit_code == 1
    assert "in immediate mode each process has its own" in result.output
    assert not settings.broker.data_dir.exists()
