"""The supervisor: restarts, joint stop, log forwarding, reloads."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from libraries.supervision import (
    BAD_SETTINGS,
    MAX_RESTART_DELAY_S,
    MIN_RESTART_DELAY_S,
    Part,
    Supervisor,
)
from tests.conftest import REPOSITORY, until

FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(60)"
# A descendant in another session, as a work-horse is.
CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("child", child.pid, flush=True)
"""
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


class SupervisorRun:
    """Runs a supervisor in this thread and `script` in another one, which requests the stop at its end."""

    def __init__(
        self, *parts: Part, grace: float = 5.0, watched: Callable[[], list[Path]] | None = None
    ) -> None:
        self.out = io.StringIO()
        self.parts = {part.name: part for part in parts}
        self.supervisor = Supervisor(parts, grace=grace, out=self.out, watched=watched)
        self.failures: list[BaseException] = []

    def run(self, script: Callable[[], None]) -> float:
        """Run until the script has ended; return the duration of the stop in seconds."""
        stopped_at = [0.0]

        def play() -> None:
            try:
                script()
            except BaseException as failure:
                self.failures.append(failure)
            stopped_at[0] = time.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=play)
        thread.start()
        assert self.supervisor.run() == 0
        took = time.monotonic() - stopped_at[0]
        thread.join()
        for failure in self.failures:
            raise failure
        return took

    def pid(self, name: str) -> int:
        """Return the process id of the part as soon as it runs."""
        until(lambda: self.parts[name].running, what=f"a running {name}")
        process = self.parts[name].process
        assert process is not None
        return process.pid

    def wait_for(self, text: str, times: int = 1) -> None:
        until(
            lambda: self.out.getvalue().count(text) >= times,
            what=f"{times} x {text!r} in {self.out.getvalue()!r}",
        )


def test_a_killed_part_is_restarted_soon() -> None:
    runner = SupervisorRun(Part("a", python(FOREVER)))

    def script() -> None:
        runner.wait_for("a   | up")
        first = runner.pid("a")
        os.kill(first, signal.SIGKILL)
        runner.wait_for("a   | up", times=2)
        assert runner.pid("a") != first
        assert "a was killed by SIGKILL; restarting in 0.2 s" in runner.out.getvalue()

    runner.run(script)


def test_the_restart_delay_doubles_up_to_five_seconds() -> None:
    part = Part("a", python("raise SystemExit(3)"))
    runner = SupervisorRun(part)
    pauses: list[float] = []

    def script() -> None:
        runner.wait_for("ended with exit code 3; restarting", times=3)
        pauses.extend(
            float(line.split(" in ")[1].split()[0])
            for line in runner.out.getvalue().splitlines()
            if "restarting" in line
        )

    runner.run(script)
    assert pauses[:3] == [0.2, 0.4, 0.8]
    assert (MIN_RESTART_DELAY_S, MAX_RESTART_DELAY_S) == (0.2, 5.0)


def test_one_signal_stops_every_part_and_leaves_none() -> None:
    runner = SupervisorRun(Part("a", python(FOREVER)), Part("b", python(FOREVER)))
    pids: list[int] = []

    def script() -> None:
        runner.wait_for("| up", times=2)
        pids.extend(runner.pid(name) for name in "ab")

    assert runner.run(script) < 2.0
    assert all(gone(pid) for pid in pids)


def test_a_part_that_ignores_the_signal_is_killed_in_time_with_its_children() -> None:
    child = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {FOREVER!r}])\n{DEAF}"
    runner = SupervisorRun(Part("deaf", python(child)), grace=1.0)
    pids: list[int] = []

    def script() -> None:
        runner.wait_for("| up", times=2)
        pid = runner.pid("deaf")
        pids.extend([pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())])

    assert runner.run(script) < 2.0
    assert len(pids) == 2
    until(lambda: all(gone(pid) for pid in pids), seconds=2, what="the end of the children")


def test_a_part_that_the_others_need_stops_last() -> None:
    react = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: ({}, sys.exit()))\n"
    slow = react.format("time.sleep(0.3), print('a done', flush=True)")
    reaction = react.format("print('b reacted', flush=True)")
    runner = SupervisorRun(
        Part("b", python(reaction + FOREVER), stops_last=True), Part("a", python(slow + FOREVER))
    )
    runner.run(lambda: runner.wait_for("| up", times=2))
    output = runner.out.getvalue()
    assert output.index("a done") < output.index("b reacted")


def test_lines_carry_the_name_of_their_part_and_a_last_half_line_is_not_lost() -> None:
    runner = SupervisorRun(
        Part("talker", python("print('one\\ntwo'); print('three', end='')"), done_is_fine=True)
    )
    runner.run(lambda: runner.wait_for("three"))
    assert [line for line in runner.out.getvalue().splitlines() if line.startswith("talker")] == [
        "talker | one", "talker | two", "talker | three",
    ]  # fmt: skip


def test_a_part_with_nothing_to_do_is_not_restarted() -> None:
    part = Part("idle", python("pass"), done_is_fine=True)
    runner = SupervisorRun(part)
    runner.run(lambda: until(lambda: part.done, what="the end of the part"))
    assert part.restarts == 0


def test_a_changed_source_file_restarts_the_parts_that_reload(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("1")
    runner = SupervisorRun(
        Part("web", python(FOREVER), reloads=True),
        Part("db", python(FOREVER)),
        watched=lambda: [source],
    )

    def script() -> None:
        runner.wait_for("| up", times=2)
        database, web = runner.pid("db"), runner.pid("web")
        until(lambda: runner.supervisor._mtimes, what="the first look at the sources")
        os.utime(source, ns=(1, 1))
        runner.wait_for("source.py changed: reloading")
        runner.wait_for("web | up", times=2)
        assert runner.pid("web") != web
        assert runner.pid("db") == database

    runner.run(script)


def test_parts_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom libraries.supervision import Part, Supervisor\n"
        f"Supervisor([Part('a', [sys.executable, '-c', {FOREVER!r}])]).run()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    assert "up" in supervisor.stdout.readline()
    (child,) = map(
        int, Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
    )
    supervisor.kill()
    supervisor.communicate()
    until(lambda: gone(child), seconds=3, what="the end of the part")


@pytest.mark.parametrize("word", ["\x1b[2Jcleared", "\xff\xfe"])
def test_invalid_utf8_in_a_log_does_not_stop_the_supervisor(word: str) -> None:
    runner = SupervisorRun(
        Part(
            "odd",
            python(
                f"import sys; sys.stdout.buffer.write({word.encode('latin-1')!r} + b'\\nnext\\n')"
            ),
            done_is_fine=True,
        )
    )
    runner.run(lambda: runner.wait_for("next"))


ALIVE = """
import time
from libraries import supervision
supervision.HEARTBEAT_S = 0.05
supervision.send_heartbeats()
print('up', flush=True)
time.sleep(60)
"""


def test_a_frozen_part_is_killed_and_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.supervision.FROZEN_AFTER_S", 0.5)
    runner = SupervisorRun(Part("a", python(ALIVE)))

    def script() -> None:
        runner.wait_for("up")
        until(lambda: runner.parts["a"].heartbeat_at is not None, what="a heartbeat")
        first = runner.pid("a")
        os.kill(first, signal.SIGSTOP)
        runner.wait_for("up", times=2)
        assert gone(first)
        assert runner.pid("a") != first

    runner.run(script)
    assert "has not responded" in runner.out.getvalue()


def test_descendants_of_a_frozen_part_end_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.supervision.FROZEN_AFTER_S", 0.5)
    runner = SupervisorRun(Part("a", python(f"{CHILD}{ALIVE}")))

    def script() -> None:
        runner.wait_for("up")
        until(lambda: runner.parts["a"].heartbeat_at is not None, what="a heartbeat")
        child = int(runner.out.getvalue().split("child ")[1].split()[0])
        for pid in (child, runner.pid("a")):
            os.kill(pid, signal.SIGSTOP)
        runner.wait_for("up", times=2)
        until(lambda: gone(child), what="the end of the child")

    runner.run(script)


def test_a_part_without_heartbeats_is_never_called_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libraries.supervision.FROZEN_AFTER_S", 0.1)
    runner = SupervisorRun(Part("a", python(FOREVER)), Part("b", python(ALIVE)))

    def script() -> None:
        runner.wait_for("up", times=2)
        beat = runner.parts["b"].heartbeat_at
        until(lambda: runner.parts["b"].heartbeat_at not in (None, beat), what="heartbeats of b")

    runner.run(script)
    assert "a has not responded" not in runner.out.getvalue()


def test_an_error_in_the_greeting_does_not_stop_the_parts() -> None:
    runner = SupervisorRun(Part("a", python(FOREVER)))

    def fail() -> None:
        raise TimeoutError("no reply")

    def script() -> None:
        runner.wait_for("TimeoutError: no reply")
        runner.wait_for("up")
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=script)
    thread.start()
    assert runner.supervisor.run(ready=fail) == 0
    thread.join()


def test_a_part_that_rejects_its_settings_at_the_start_stops_all_and_is_named_last() -> None:
    out = io.StringIO()
    rejects = Part("worker", python("print('NAME: wrong'); raise SystemExit(2)"))
    supervisor = Supervisor([Part("web", python(FOREVER)), rejects], out=out)
    assert supervisor.run() == BAD_SETTINGS
    assert out.getvalue().splitlines()[-1] == "dev    | worker cannot start: NAME: wrong"
    assert not any(part.running for part in supervisor.parts)
    assert rejects.restarts == 0


def test_a_part_that_rejects_its_settings_after_a_restart_is_restarted(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    code = f"import pathlib, sys; m = pathlib.Path({str(mark)!r}); n = m.exists(); m.touch(); sys.exit(2 if n else 1)"
    part = Part("worker", python(code))
    run = SupervisorRun(part)

    def script() -> None:
        until(lambda: part.restarts >= 3, what="three restarts")

    run.run(script)
    assert "cannot start" not in run.out.getvalue()


PRELOADED = """
import sys
from pathlib import Path
from libraries.supervision import Part, Supervisor

def preload(is_restart):
    print("restart" if is_restart else "start", flush=True)
    return not is_restart

def wait():
    while not part.done:
        supervisor.tick()
    supervisor.stop_requested = True

part = Part("a", [sys.executable, "-m", "probe"], done_is_fine=True, preload=preload)
supervisor = Supervisor([part])
supervisor.run(ready=wait)
"""
FAILS_ONCE = """
import pathlib, sys
mark = pathlib.Path(__file__).with_name("mark")
print("fork" if "libraries.supervision" in sys.modules else "new interpreter")
if not mark.exists():
    mark.touch()
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork")
def test_a_dead_fork_is_noticed_where_the_parent_ignored_ends_of_children(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("print('up')")
    ignoring = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    done = subprocess.run(
        [sys.executable, "-c", f"{ignoring}\n{PRELOADED}"],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.splitlines(), done.stderr) == (["start", "a   | up"], "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork")
def test_a_part_is_forked_as_long_as_its_preload_permits_it(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(FAILS_ONCE)
    done = subprocess.run(
        [sys.executable, "-c", PRELOADED],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "start", "a   | fork", "dev | a ended with exit code 3; restarting in 0.2 s",
        "restart", "a   | new interpreter",
    ]  # fmt: skip
