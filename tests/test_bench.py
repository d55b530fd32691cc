from __future__ import annotations

import ast
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from bench.__main__ import _options, check_source, sections_to_run
from bench.connection_clients import (
    PONG,
    Client,
    ServerFailed,
    SocketClient,
    StreamClient,
    frame,
    mark,
)
from bench.loops import LOOPS
from bench.machinery import NO_OP, QUICK, TASKS, Bench, BenchError, ProcessGroup, start_server
from bench.patterns import A3, DENSE, figures
from bench.peers import PEERS
from bench.peers.foreign import ADAPTERS, ForeignPeer
from bench.quoted import QUOTES, RESULTS, updated
from bench.report import NOT_APPLICABLE, Table, percentile, ratios, spread
from bench.sections import SECTIONS
from bench.servers import SERVERS
from bench.servers.foreign import ForeignServer
from bench.servers.server import ADAPTERS as SERVER_ADAPTERS
from bench.tasks.no_op_tasks import nothing
from libraries.live import text_frame
from libraries.patterns import PATTERNS, check_pattern
from libraries.settings import reset_settings
from tests.conftest import REPOSITORY, until


def bench_command(*options: str) -> list[str]:
    return [sys.executable, "-m", "bench", "--quick", *options]


def processes_using(folder: Path) -> list[str]:
    """Return the commands of all other processes with `folder` in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            uses_folder = (
                entry.name.isdigit() and str(folder).encode() in (entry / "environ").read_bytes()
            )
            if uses_folder and int(entry.name) != os.getpid():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def received(client: Client) -> list[int]:
    """Return the events that a client reads from the data just sent."""
    assert select.select([client.sock], [], [], 5)[0], "no data received"
    return client.read()


def read_until_error(client: Client) -> None:
    while True:
        received(client)


def cells(markdown: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in markdown.splitlines()
        if line.startswith("|")
    ]


# It takes 40 s of processor time, which four other test processes also want.
@pytest.mark.timeout(300)
def test_a_quick_run_measures_every_section_and_cleans_up(
    home: Path, environ: dict[str, str]
) -> None:
    before = RESULTS.read_bytes()
    done = subprocess.run(
        bench_command("--output", str(home / "results.md")),
        env=environ | {"TMPDIR": str(home)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (home / "results.md").read_text()
    assert text.count("\n## ") == len(SECTIONS)
    assert {
        "connections",
        "growth",
        "idle",
        "latency",
        "lettering",
        "patterns",
        "plot_time",
        "plotbench",
        "polling",
        "previews",
        "reading",
        "real_files",
        "throughput",
    } <= set(SECTIONS)
    assert {
        "python -m workers",
        "rq worker",
        "rq SimpleWorker",
        "GET /jobs/<id>",
        "Vector API, WebSocket",
        *PATTERNS,
    } <= {row[0] for row in cells(text)}
    assert all(cell and cell != NOT_APPLICABLE for row in cells(text) for cell in row)
    assert b"<svg" in (home / "plotbench.svg").read_bytes()
    assert processes_using(home) == []
    assert list(home.glob("va-bench-*")) == []
    assert RESULTS.read_bytes() == before, "a quick run replaced the results of a full run"


def test_the_task_of_the_queue_benchmarks_imports_nothing() -> None:
    tree = ast.parse((TASKS / "no_op_tasks.py").read_text())
    assert not [one for one in ast.walk(tree) if isinstance(one, (ast.Import, ast.ImportFrom))]
    assert f"workers.no_op_tasks.{nothing.__name__}" == NO_OP


def test_the_results_are_those_of_one_run_of_one_commit() -> None:
    text = RESULTS.read_text()
    assert len(re.findall(r"^- Date: ", text, re.MULTILINE)) == 1
    assert len(re.findall(r"\bcommit [0-9a-f]{7}", text)) == 1
    assert re.search(r"^- Source: commit [0-9a-f]{7,}$", text, re.MULTILINE)
    assert not re.search(r"separate run|measured together", text, re.IGNORECASE)


def test_the_documents_quote_the_results() -> None:
    """A full run of the benchmarks updates them."""
    for document in {quote.document for quote in QUOTES}:
        text = (REPOSITORY / document).read_text()
        assert updated(text, document, RESULTS.read_text()) == text


def test_other_results_change_the_quoted_figures() -> None:
    text = "One worker runs 1 no-op jobs a second, 2.5 times as many"
    results = """
## Throughput: no-op jobs

| worker            | jobs/s, 1 worker      | rate / rq worker |
|-------------------|----------------------:|-----------------:|
| rq worker         |            72 (70-75) |  1.00 (1.00-1.0) |
| python -m workers | 123,456 (120,000-130) |  12.3 (12.0-13.) |
"""
    expected = "One worker runs 123,456 no-op jobs a second, 12.3 times as many"
    assert updated(text, "README.md", results) == expected
    with pytest.raises(BenchError, match="0 figures after"):
        updated(text.replace("One worker", "It"), "README.md", results)
    with pytest.raises(BenchError, match="do not have Throughput"):
        updated(text, "README.md", results.replace("rate", "ratio"))


def test_results_of_a_source_that_changed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Namespace(quick=False, only=None, output=None)
    monkeypatch.setattr("bench.__main__.revision", lambda: "commit b")
    check_source("commit b", options, is_end=True)
    for source, is_end in (("commit a", True), ("commit b with uncommitted changes", False)):
        with pytest.raises(BenchError, match=r"changed during the run|uncommitted"):
            check_source(source, options, is_end=is_end)


def test_without_only_all_sections_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert sections_to_run(_options()) == list(SECTIONS)
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "latency"])
    assert sections_to_run(_options()) == ["latency"]


@pytest.mark.parametrize("name", list(LOOPS))
def test_a_plain_loop_draws_what_the_pattern_draws(name: str) -> None:
    assert figures(name, quick=True)["loop"]


def test_the_dense_parameters_cover_all_patterns_and_are_valid() -> None:
    assert set(DENSE) == set(PATTERNS)
    for name, params in DENSE.items():
        check_pattern(name, A3, params)


def test_a_loop_that_draws_something_else_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOOPS, "space_filling", lambda *_, **__: iter([[(1.0, 2.0), (3.0, 4.0)]]))
    with pytest.raises(BenchError, match="different lines"):
        figures("space_filling", quick=True)


def test_an_interrupted_run_stops_all_its_processes(home: Path, environ: dict[str, str]) -> None:
    with (home / "output").open("wb") as output:
        run = subprocess.Popen(
            bench_command("--only", "throughput"),
            env=environ | {"TMPDIR": str(home)},
            cwd=REPOSITORY,
            stdout=output,
            stderr=output,
        )
    try:
        until(
            lambda: any("bench/tasks" in one for one in processes_using(home)),
            seconds=20,
            what="a running worker",
        )
        run.send_signal(signal.SIGINT)
        assert run.wait(20) == 128 + signal.SIGINT
    finally:
        run.kill()
        run.wait()
    assert processes_using(home) == []
    assert list(home.glob("va-bench-*")) == []


def test_environment_variables_do_not_affect_the_measurements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        for name, value in (
            ("REDIS_URL", "redis://127.0.0.1:1"),
            ("OUTPUT_DIR", "/nowhere"),
            ("WORKERS", "7"),
        ):
            patched.setenv(name, value)
        reset_settings()
        patched.setattr(os, "environ", dict(os.environ))
        with Bench(QUICK) as bench:
            assert bench.settings.broker.embedded_broker
            assert bench.settings.storage.output_dir == bench.folder / "output"
            assert bench.environ["WORKERS"] == "1"
        assert not bench.folder.exists()


def test_a_process_that_ends_early_is_reported_with_its_output(home: Path) -> None:
    with ProcessGroup(dict(os.environ), home) as group:
        group.start([sys.executable, "-c", "import sys; sys.exit('out of memory')"])

        def ended() -> bool:
            try:
                group.check()
            except BenchError as error:
                return "exit code 1" in str(error) and "out of memory" in str(error)
            return False

        until(ended, what="the report")


def test_the_load_generator_rejects_unexpected_responses(home: Path) -> None:
    with ProcessGroup(dict(os.environ), home) as group:
        port = start_server(
            group,
            lambda free: [sys.executable, "-m", "bench.load", str(free), "--canned"],
            "the canned server",
        )
        load = [
            sys.executable,
            "-m",
            "bench.load",
            str(port),
            "--seconds",
            "0.1",
            "--connections",
            "2",
        ]
        good = subprocess.run(load, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        bad = subprocess.run(
            [*load, "--status", "304"], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
    assert json.loads(good.stdout)["rate"] > 0
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "expected 'HTTP/1.1 304 '" in bad.stderr


def test_cpu_time_includes_children_that_left_the_process_group(home: Path) -> None:
    child = "os.setpgrp()\n  while time.process_time() < 0.3: pass\n  os._exit(0)"
    with ProcessGroup(dict(os.environ), home) as group:
        group.start(
            [
                sys.executable,
                "-c",
                f"import os, time\nif os.fork() == 0:\n  {child}\nos.wait()\ntime.sleep(60)",
            ]
        )
        until(lambda: group.cpu() >= 0.25, what="the CPU time of the child")


@pytest.mark.parametrize(
    "name", [name for name, kind in PEERS.items() if issubclass(kind, ForeignPeer)]
)
def test_every_foreign_peer_pins_its_package_and_has_an_adapter(name: str) -> None:
    kind = PEERS[name]
    assert issubclass(kind, ForeignPeer)
    assert "==" in kind.requirements[0]
    assert (ADAPTERS / f"{kind.adapter}.py").is_file()
    assert not kind.standard, "a default run must not install packages"


@pytest.mark.parametrize(
    "name", [name for name, kind in SERVERS.items() if issubclass(kind, ForeignServer)]
)
def test_every_foreign_server_pins_its_packages_and_has_an_adapter(name: str) -> None:
    kind = SERVERS[name]
    assert issubclass(kind, ForeignServer)
    assert all("==" in requirement for requirement in kind.requirements)
    assert (SERVER_ADAPTERS / f"{kind.adapter}.py").is_file()
    assert not kind.standard, "a default run must not install packages"


def test_a_socket_client_reads_partial_frames_and_answers_pings() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = SocketClient(server.getsockname()[1], b"GET / HTTP/1.1\r\n\r\n", b"come in")
        with client.sock, server.accept()[0] as other:
            other.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            assert (received(client), client.is_open) == ([], False)
            other.sendall(text_frame("come in"))
            assert (received(client), client.is_open) == ([], True)
            event = text_frame(f"{mark(7)} {'x' * 200}")
            other.sendall(event[:100])
            assert received(client) == []
            other.sendall(event[100:] + b"\x89\x02hi" + text_frame(mark(8)))
            assert received(client) == [7, 8]
            assert other.recv(1000).endswith(frame(PONG, b"hi"))


def test_a_stream_client_counts_complete_events() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = StreamClient(server.getsockname()[1], b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n")
        with client.sock, server.accept()[0] as other:
            other.sendall(b"HTTP/1.1 200 OK\r\n\r\nretry: 2000\n\n")
            assert (received(client), client.is_open) == ([], True)
            other.sendall(f"data: {mark(1)}\n".encode())
            assert received(client) == []
            other.sendall(f"\ndata: {mark(2)}\n\n".encode())
            assert received(client) == [1, 2]


@pytest.mark.parametrize(
    "response", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b""]
)
def test_a_rejected_client_ends_the_measurement(response: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = StreamClient(server.getsockname()[1], b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n")
        with client.sock:
            with server.accept()[0] as other:
                other.recv(1000)
                other.sendall(response)
            with pytest.raises(ServerFailed):
                read_until_error(client)


def test_an_interactive_process_that_ends_is_reported_with_its_output(home: Path) -> None:
    reply_once = "import sys; print(input()[::-1], flush=True); input(); sys.exit('that is all')"
    with ProcessGroup(dict(os.environ), home) as group:
        process = group.interact([sys.executable, "-c", reply_once])
        assert process.request("abc") == "cba"
        with pytest.raises(BenchError, match=r"(?s)exit code 1.*that is all"):
            process.request("again")


def test_memory_grows_by_what_a_process_allocates(home: Path) -> None:
    allocate = "print(input(), flush=True); line = input(); data = b'x' * 30_000_000; print(line, flush=True); input()"
    with ProcessGroup(dict(os.environ), home) as group:
        process = group.interact([sys.executable, "-c", allocate])
        process.request("begin")
        before = group.memory()
        process.request("taken")
        assert 29e6 < group.memory() - before < 35e6


def test_figures_are_medians_with_range_and_ratios_are_computed_by_round() -> None:
    assert spread([3.0, 1.0, 250.4]) == "3.00 (1.00-250)"
    assert spread([12.34]) == "12.3"
    assert spread([]) == NOT_APPLICABLE
    assert ratios([10.0, 90.0, 20.0], [5.0, 30.0, 20.0]) == "2.00 (1.00-3.00)"


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([float(number) for number in reversed(range(1, 101))], percent) == expected


def test_a_table_is_aligned_markdown() -> None:
    table = Table(
        "Speed", ["who", "figure"], [["snail", "1"], ["hare", "2,000"]], ["over a short way"]
    )
    text = table.as_text()
    assert len({len(line) for line in text.splitlines() if line.startswith("|")}) == 1
    assert re.search(r"^\| hare  \|  2,000 \|$", text, re.MULTILINE)
    assert text.endswith("- over a short way")
