"""Keeping a few processes running as one: start, prefix their logs, restart what dies, stop all together.

One thread, one loop: it waits for output, for the end of a process, for a signal, and for the moment of the next restart.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TextIO

FIRST_PAUSE = 0.2
MAX_PAUSE_S = 5.0
# A part that has run this long is healthy: its next restart begins with the first pause again.
HEALTHY_AFTER = 10.0
HURRIED_GRACE = 5.0


@dataclass
class Part:
    """One process to keep running.

    `stops_last` is for what the other parts need until their end (the broker). `done_is_fine` is for a part that may end with
    exit code 0 because there is nothing for it to do. A part with `reloads` is started anew when a source file changes.
    """

    name: str
    command: Sequence[str]
    stops_last: bool = False
    done_is_fine: bool = False
    reloads: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0
    over: bool = False
    half_line: bytes = b""
    restarts: int = field(default=0)

    @property
    def running(self) -> bool:
        """Tell whether the process is there."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs parts until SIGINT or SIGTERM; then stops them within `grace` seconds and leaves none behind.

    With `grace` None a part may take as long as it needs to stop; a second signal is passed on to it, and from then on it has
    five seconds. `orphan_signal` is what the parts get when the supervisor itself is killed.
    """

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
        """Prepare to run `parts` in this order; `watched` lists the source files whose change reloads some of them."""
        self.parts = list(parts)
        self._environ = dict(os.environ if environ is None else environ) | {"PYTHONUNBUFFERED": "1"}
        self._cwd = cwd
        self._grace = grace
        self._orphan_signal = orphan_signal
        self._prefixed = prefixed
        self._out = out or sys.stdout
        self._watched = watched
        self._stamps: dict[Path, int] = {}
        self._next_look = 0.0
        self._selector = selectors.DefaultSelector()
        self._width = max(len(name) for name in ("dev", *(part.name for part in self.parts)))
        self.stop_requested = False
        self._hurry = False

    def run(self, ready: Callable[[], None] | None = None) -> int:
        """Start everything, call `ready` once from the loop's first rounds on, and keep on until a signal; return 0.

        Signals that arrive while `ready` runs end it: it should look at `stop_requested`.
        """
        before = {
            number: signal.signal(number, self._request_stop)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            for part in self.parts:
                self._start(part)
            if ready is not None:
                ready()
            while not self.stop_requested:
                self.turn()
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def turn(self, seconds: float = 0.1) -> None:
        """Do one round of the loop: pass on output for up to `seconds`, restart what died, reload what changed."""
        self._pass_on_output(seconds)
        now = time.monotonic()
        for part in self.parts:
            self._look_after(part, now)
        if self._watched is not None and now >= self._next_look:
            self._next_look = now + 0.5
            self._reload_changed()

    def say(self, text: str, name: str = "dev") -> None:
        """Write a line of our own beside those of the parts."""
        self._write(name, text)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._hurry = self.stop_requested
        self.stop_requested = True

    def _start(self, part: Part) -> None:
        part.process = subprocess.Popen(  # noqa: S603 - the commands are the product's own
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environ,
            cwd=self._cwd,
            # Ctrl-C reaches the whole group of the terminal; only the supervisor is to react to it.
            start_new_session=True,
            preexec_fn=partial(_end_with_parent, self._orphan_signal)  # noqa: PLW1509
            if sys.platform == "linux"
            else None,
        )
        part.started = time.monotonic()
        stdout = part.process.stdout
        if stdout is not None:
            os.set_blocking(stdout.fileno(), False)
            self._selector.register(stdout, selectors.EVENT_READ, part)

    def _look_after(self, part: Part, now: float) -> None:
        if part.running or part.over or self.stop_requested:
            return
        if part.process is not None:
            code = part.process.returncode
            # What the part started must not hold its port or its job while the next one begins.
            _kill_session(part.process.pid)
            self._drain(part)
            part.process = None
            if code == 0 and part.done_is_fine:
                part.over = True
                return
            part.pause = FIRST_PAUSE if now - part.started > HEALTHY_AFTER else part.pause
            part.due = now + part.pause
            self.say(f"{part.name} {_ending(code)}; starting it again in {part.pause:.1f} s")
            part.pause = min(2 * part.pause, MAX_PAUSE_S)
        elif now >= part.due:
            part.restarts += 1
            self._start(part)

    def _reload_changed(self) -> None:
        assert self._watched is not None  # noqa: S101 - the caller looked
        stamps = {}
        for path in self._watched():
            with contextlib.suppress(FileNotFoundError):
                stamps[path] = path.stat().st_mtime_ns
        if self._stamps and stamps != self._stamps:
            changed = {path.name for path, stamp in stamps.items() ^ self._stamps.items() if stamp}
            self.say(f"{', '.join(sorted(changed)[:3])} changed: reloading")
            for part in self.parts:
                if part.reloads and part.process is not None:
                    part.pause, part.started = FIRST_PAUSE, 0.0
                    part.process.terminate()
        self._stamps = stamps

    def _stop_all(self) -> None:
        first = [part for part in self.parts if not part.stops_last]
        last = [part for part in self.parts if part.stops_last]
        grace = HURRIED_GRACE if self._grace is None else self._grace
        deadline = time.monotonic() + grace
        # What the others need keeps a tenth of the time for itself.
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
            if deadline is None and self._hurry:
                self.say("Stopping now")
                self._terminate(parts)
                deadline = time.monotonic() + HURRIED_GRACE
        for part in parts:
            if part.running and part.process is not None:
                self.say(f"{part.name} did not stop in time; killing it")
                part.process.kill()
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
            self._read(key.data)

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
        *lines, part.half_line = (part.half_line + block).split(b"\n")
        for line in lines:
            self._write(part.name, line.decode(errors="replace"))
        return True

    def _drain(self, part: Part) -> None:
        while self._read(part):
            pass
        stream = part.process.stdout if part.process else None
        if stream is not None and not stream.closed:
            # A grandchild may hold the pipe open; what it says from now on is nobody's.
            self._selector.unregister(stream)
            stream.close()
        if part.half_line:
            self._write(part.name, part.half_line.decode(errors="replace"))
            part.half_line = b""

    def _write(self, name: str, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            prefix = f"{name:<{self._width}} | " if self._prefixed else ""
            self._out.write(f"{prefix}{text.rstrip()}\n")
            self._out.flush()


def _ending(code: int) -> str:
    return (
        f"was killed by {signal.Signals(-code).name}"
        if code < 0
        else f"ended with exit code {code}"
    )


def _kill_session(leader: int) -> None:
    """Kill every process of the session that `leader` began: each part has one of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    # A child that made a process group of its own is still in the session; only Linux shows that cheaply.
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(entry.name)) == leader:
                os.kill(int(entry.name), signal.SIGKILL)


def _end_with_parent(number: int) -> None:
    """Have the kernel send a signal to a part when its supervisor is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, number)
