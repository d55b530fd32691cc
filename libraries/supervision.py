"""Supervision of several child processes: start, log prefixes, restart, reload and joint stop.

A single loop in one thread waits for output, heartbeats, exits, signals and restarts.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TextIO

from libraries.forks import ForkedProcess, fork_module
from libraries.processes import (
    exit_text,
    kill_descendants,
    session_members,
    signal_at_parent_death,
)

MIN_RESTART_DELAY_S = 0.2
MAX_RESTART_DELAY_S = 5.0
# The exit code of a part that no restart would help.
BAD_SETTINGS = 2
HEARTBEAT_S = 1.0
FROZEN_AFTER_S = 13.0
HEARTBEAT_VARIABLE = "SUPERVISOR_HEARTBEAT_FD"


@dataclass
class Part:
    """A process to keep running.

    It `stops_last` if the others need it, and with `done_is_fine` it is not restarted after exit
    code 0. A part that calls `send_heartbeats` is killed and restarted when its heartbeats stop.
    With `preload`, a command `python -m MODULE` runs in a fork of the supervisor. `preload` is called
    before with whether it is a restart, to import what the parts share; if it returns False, a new
    interpreter runs the command.
    """

    name: str
    command: Sequence[str]
    stops_last: bool = False
    done_is_fine: bool = False
    reloads: bool = False
    preload: Callable[[bool], bool] | None = None
    process: subprocess.Popen[bytes] | ForkedProcess | None = None
    started: float = 0.0
    heartbeat_at: float | None = None
    heartbeats: int | None = None
    """The read end of the pipe of its heartbeats."""
    restart_delay: float = MIN_RESTART_DELAY_S
    restart_at: float = 0.0
    done: bool = False
    rest: bytes = b""
    last_line: str = ""
    restarts: int = field(default=0)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs parts in the given order until a signal, then stops them within `grace` seconds.

    With `grace` None the time is not limited; a second signal is forwarded to the parts and gives
    them five seconds. They get `orphan_signal` if the supervisor is killed. `watched` lists the
    source files whose change restarts the parts with `reloads`.
    """

    FORCED_GRACE_S = 5.0

    # After this run time the next restart begins with the shortest delay.
    HEALTHY_AFTER_S = 10.0

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float | None = 5.0,
        orphan_signal: int = signal.SIGTERM,
        prefixed: bool = True,
        out: TextIO | None = None,
        watched: Callable[[], Iterable[Path]] | None = None,
    ) -> None:
        self.parts = list(parts)
        self._environ = dict(os.environ if environ is None else environ) | {"PYTHONUNBUFFERED": "1"}
        self._cwd = cwd
        self._grace = grace
        self._orphan_signal = orphan_signal
        self._prefixed = prefixed
        self._out = out or sys.stdout
        self._watched = watched
        self._mtimes: dict[Path, int] = {}
        self._next_scan = 0.0
        self._last_tick = 0.0
        self._selector = selectors.DefaultSelector()
        self._width = max(len(name) for name in ("dev", *(part.name for part in self.parts)))
        self.stop_requested = False
        self._forced = False
        # Why no restart would help.
        self._reason = ""

    def run(self, ready: Callable[[], None] | None = None) -> int:
        """Start the parts, call `ready`, and supervise until a signal arrives; return 0.

        `ready` should return when `stop_requested` is set. An error in it is logged. If the first
        process of a part ends with BAD_SETTINGS, stop and return that.
        """
        send_heartbeats()
        # Where it was ignored by the parent of this process, the exit codes of the parts would be lost.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._request_stop) for number in signals}
        try:
            for part in self.parts:
                self._start(part)
            if ready is not None:
                self._call(ready)
            while not self.stop_requested:
                self.tick()
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._reason:
            self.log(self._reason)
            return BAD_SETTINGS
        return 0

    def tick(self, seconds: float = 0.1) -> None:
        """Forward output for up to `seconds`, restart dead and frozen parts, reload changed ones."""
        self._pass_on_output(seconds)
        now = time.monotonic()
        for part in self.parts:
            self._kill_if_frozen(part, now)
            self._restart_if_dead(part, now)
        self._last_tick = now
        if self._watched is not None and now >= self._next_scan:
            self._next_scan = now + 0.5
            self._reload_changed()

    def _call(self, ready: Callable[[], None]) -> None:
        try:
            ready()
        except Exception as error:
            self.log(f"{type(error).__name__}: {error}")

    def log(self, text: str, name: str = "dev") -> None:
        self._write(name, text)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._forced = self.stop_requested
        self.stop_requested = True

    def _start(self, part: Part) -> None:
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        environ = self._environ | {HEARTBEAT_VARIABLE: str(writer)}
        if part.preload is not None and part.preload(part.restarts > 0):
            part.process = fork_module(
                part.command[2:],
                environ=environ,
                cwd=self._cwd,
                kept=writer,
                prepare=self._follow,
            )
        else:
            part.process = self._execute(part.command, environ, writer)
        os.close(writer)
        part.started = time.monotonic()
        part.heartbeats, part.heartbeat_at = reader, None
        self._selector.register(reader, selectors.EVENT_READ, partial(self._read_heartbeats, part))
        stdout = part.process.stdout
        if stdout is not None:
            os.set_blocking(stdout.fileno(), False)
            self._selector.register(stdout, selectors.EVENT_READ, partial(self._read, part))

    def _execute(
        self, command: Sequence[str], environ: Mapping[str, str], kept: int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the commands are the product's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environ,
            pass_fds=[kept],
            cwd=self._cwd,
            # Ctrl-C must reach only the supervisor.
            start_new_session=True,
            preexec_fn=self._follow if sys.platform == "linux" else None,  # noqa: PLW1509
        )

    def _follow(self) -> None:
        """Have this process end with the supervisor."""
        signal_at_parent_death(self._orphan_signal)

    def _kill_if_frozen(self, part: Part, now: float) -> None:
        if part.heartbeat_at is None or not part.running or part.process is None:
            return
        if now - self._last_tick > HEARTBEAT_S:
            # This process did not run itself, so the part may not have run either.
            part.heartbeat_at = now
        if now - part.heartbeat_at > FROZEN_AFTER_S:
            self.log(f"{part.name} has not responded for {FROZEN_AFTER_S:.0f} s; killing it")
            # Before the part ends, because its descendants in other sessions are found through it.
            _kill_session(part.process.pid)
            part.heartbeat_at = None

    def _restart_if_dead(self, part: Part, now: float) -> None:
        if part.running or part.done or self.stop_requested:
            return
        if part.process is not None:
            code = part.process.wait()
            # Child processes of the part must not occupy its port or its job.
            _kill_session(part.process.pid)
            self._drain(part)
            part.process = None
            if code == 0 and part.done_is_fine:
                part.done = True
                return
            if code == BAD_SETTINGS and not part.restarts:
                self._give_up(f"{part.name} cannot start: {part.last_line}")
                return
            if now - part.started > self.HEALTHY_AFTER_S:
                part.restart_delay = MIN_RESTART_DELAY_S
            part.restart_at = now + part.restart_delay
            self.log(f"{part.name} {exit_text(code)}; restarting in {part.restart_delay:.1f} s")
            part.restart_delay = min(2 * part.restart_delay, MAX_RESTART_DELAY_S)
        elif now >= part.restart_at:
            part.restarts += 1
            self._start(part)

    def _give_up(self, reason: str) -> None:
        self.log("Stopping")
        self._reason = reason
        self.stop_requested = True

    def _reload_changed(self) -> None:
        assert self._watched is not None  # noqa: S101 - the caller looked
        mtimes = {}
        for path in self._watched():
            with contextlib.suppress(FileNotFoundError):
                mtimes[path] = path.stat().st_mtime_ns
        if self._mtimes and mtimes != self._mtimes:
            changed = {path.name for path, mtime in mtimes.items() ^ self._mtimes.items() if mtime}
            self.log(f"{', '.join(sorted(changed)[:3])} changed: reloading")
            for part in self.parts:
                if part.reloads and part.process is not None:
                    part.restart_delay, part.started = MIN_RESTART_DELAY_S, 0.0
                    part.process.terminate()
        self._mtimes = mtimes

    def _stop_all(self) -> None:
        first = [part for part in self.parts if not part.stops_last]
        last = [part for part in self.parts if part.stops_last]
        grace = self.FORCED_GRACE_S if self._grace is None else self._grace
        deadline = time.monotonic() + grace
        # A tenth of the time is reserved for the last parts.
        self._stop(
            first, None if self._grace is None else deadline - 0.1 * grace if last else deadline
        )
        self._stop(last, deadline)
        self._selector.close()

    def _stop(self, parts: list[Part], deadline: float | None) -> None:
        self._terminate(parts)
        while any(part.running for part in parts) and (
            deadline is None or time.monotonic() < deadline
        ):
            self._pass_on_output(0.02)
            if deadline is None and self._forced:
                self.log("Stopping immediately")
                self._terminate(parts)
                deadline = time.monotonic() + self.FORCED_GRACE_S
        for part in parts:
            if part.running and part.process is not None:
                self.log(f"{part.name} did not stop in time; killing it")
                _kill_session(part.process.pid)
                part.process.wait()
            if part.process is not None:
                _kill_session(part.process.pid)
            self._drain(part)

    def _terminate(self, parts: list[Part]) -> None:
        for part in parts:
            if part.running and part.process is not None:
                part.process.terminate()

    def _pass_on_output(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def _read_heartbeats(self, part: Part) -> None:
        if part.heartbeats is None:
            return
        with contextlib.suppress(BlockingIOError):
            if os.read(part.heartbeats, 65536):
                part.heartbeat_at = time.monotonic()
            else:
                self._close_heartbeats(part)

    def _close_heartbeats(self, part: Part) -> None:
        if part.heartbeats is not None:
            self._selector.unregister(part.heartbeats)
            os.close(part.heartbeats)
            part.heartbeats = None

    def _read(self, part: Part) -> bool:
        stream = part.process.stdout if part.process else None
        if stream is None or stream.closed:
            return False
        try:
            block = os.read(stream.fileno(), 65536)
        except BlockingIOError:
            return False
        if not block:
            self._selector.unregister(stream)
            stream.close()
            return False
        *lines, part.rest = (part.rest + block).split(b"\n")
        for line in lines:
            part.last_line = line.decode(errors="replace").rstrip()
            self._write(part.name, part.last_line)
        return True

    def _drain(self, part: Part) -> None:
        while self._read(part):
            pass
        stream = part.process.stdout if part.process else None
        if stream is not None and not stream.closed:
            # A grandchild may hold the pipe open; its output is discarded.
            self._selector.unregister(stream)
            stream.close()
        if part.rest:
            self._write(part.name, part.rest.decode(errors="replace"))
            part.rest = b""
        self._close_heartbeats(part)

    def _write(self, name: str, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            prefix = f"{name:<{self._width}} | " if self._prefixed else ""
            self._out.write(f"{prefix}{text.rstrip()}\n")
            self._out.flush()


def send_heartbeats() -> None:
    """Report once a second to the supervisor of this process, if there is one, that it runs."""
    beat = heartbeat()
    if beat is not None:
        threading.Thread(target=_beat, args=(beat,), daemon=True).start()


def heartbeat() -> Callable[[], bool] | None:
    """Return a function that reports to the supervisor, None without one.

    It must be called about once a second, and returns False when the supervisor has ended.
    """
    descriptor = os.environ.pop(HEARTBEAT_VARIABLE, None)
    return None if descriptor is None else partial(_report, int(descriptor))


def _beat(beat: Callable[[], bool]) -> None:
    while beat():
        time.sleep(HEARTBEAT_S)


def _report(descriptor: int) -> bool:
    try:
        os.write(descriptor, b".")
    except BlockingIOError:
        pass
    except BrokenPipeError:
        return False
    return True


def _kill_session(leader: int) -> None:
    """Kill the session of a part, each of which has a separate one, and all its descendants."""
    # Suspended, a work-horse remains the parent of its orphaned descendants until they have ended.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in session_members(leader):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if number == signal.SIGKILL:
                    kill_descendants(pid)
                os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
