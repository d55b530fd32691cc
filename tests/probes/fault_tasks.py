"""Tasks that the fault tests queue: they leave a trail of what ran, or do the worst that a task can do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from libraries.job_manager import attach, report_progress
from libraries.storage import output_folder


def _note(ledger: str, *words: object) -> None:
    """Append one line; the kernel keeps lines of several processes whole."""
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, f"{' '.join(map(str, words))}\n".encode())
    finally:
        os.close(descriptor)


def leave_a_trail(ledger: str, key: str, seconds: float, text: str = "") -> str:
    """Note the beginning, work for a while, publish a file if there is a text for it, note the end."""
    _note(ledger, "begin", key, os.getpid(), time.monotonic())
    time.sleep(seconds)
    if text:
        attach(output_folder().publish(f"trail/{key}.txt", text))
    _note(ledger, "end", key, os.getpid(), time.monotonic())
    return key


def sign_a_file(ledger: str, key: str, gate: str) -> str:
    """Publish a file with the id of this process; the first run waits for the gate first."""
    first = not Path(ledger).exists()
    _note(ledger, "begin", key, os.getpid(), time.monotonic())
    while first and not Path(gate).exists():
        time.sleep(0.01)
    report_progress(1, 1, f"written by {os.getpid()}")
    path = attach(output_folder().publish(f"{key}.txt", str(os.getpid())))
    _note(ledger, "end", key, os.getpid(), time.monotonic())
    return path


def fail(ledger: str, key: str) -> None:
    """Fail at once."""
    _note(ledger, "begin", key, os.getpid(), time.monotonic())
    raise ValueError("this task always fails")


def kill_the_worker(ledger: str, key: str) -> None:
    """Take the worker down, and so this process with it."""
    _note(ledger, "begin", key, os.getpid(), time.monotonic())
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def kill_itself(ledger: str, key: str) -> None:
    """Die as the kernel lets a process die that took all the memory."""
    _note(ledger, "begin", key, os.getpid(), time.monotonic())
    os.kill(os.getpid(), signal.SIGKILL)


def eat(size: int) -> int:
    """Take that many bytes of memory."""
    return len(bytes(size))


def burn(seconds: float) -> None:
    """Use the processor for so long, whatever exception comes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def start_a_child(pid_file: str, seconds: float) -> None:
    """Start a process that would outlive the job, and stay with it."""
    child = subprocess.Popen(["sleep", "600"])
    Path(f"{pid_file}.new").write_text(str(child.pid))
    Path(f"{pid_file}.new").rename(pid_file)
    time.sleep(seconds)


def fill(name: str, size: int) -> str:
    """Publish a file of that many bytes."""
    return attach(output_folder().publish(name, (b"x" * 4096 for _ in range(size // 4096))))
