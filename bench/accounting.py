"""Processor time and memory of processes, from /proc."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """A process: its parent, its session, and the CPU seconds of it and its reaped children."""

    pid: int
    parent: int
    session: int
    cpu: float


def processes() -> Iterator[Process]:
    """Yield every process of the machine, including zombies."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                # The process name is in parentheses and may contain spaces and parentheses.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                cpu = sum(map(int, fields[11:15])) / TICKS
                yield Process(int(entry.name), int(fields[1]), int(fields[3]), cpu)


def proportional_bytes(pid: int, field: str = "Pss_Anon") -> int:
    """Return the memory of a process, with each shared page divided by the number of its users.

    Without another `field`, file pages such as libraries are excluded: their share depends on other processes of the
    machine. See smaps_rollup in https://docs.kernel.org/filesystems/proc.html.
    """
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return 1024 * int(line.split()[1])
    return 0
