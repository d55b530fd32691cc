"""Memory of the whole service while it waits: launcher, broker, worker and web processes."""

from __future__ import annotations

import re
import sys
import time
from collections import defaultdict
from pathlib import Path

from bench.accounting import processes, proportional_bytes
from bench.machinery import Bench, start_server
from bench.report import Table

# Until the work-horse that has drawn is replaced.
SETTLE_S = 40.0
NAMES = {
    "start_dev.py": "launcher",
    "libraries.broker.embedded": "keeper of the broker",
    "workers": "worker and its work-horse",
    "/bin/sh": "guard",
    "gunicorn": "gunicorn and its web processes",
    "": "broker",
}


def measure(bench: Bench) -> Table:
    """Start the service as `make run` does, and measure it some seconds after its first drawing."""
    folder = bench.folder / "idle"
    own = {
        "DATA_DIR": str(folder / "data"),
        "OUTPUT_DIR": str(folder / "output"),
        "WEB_PROCESSES": "2",
        # A quick run starts the web process only.
        "IMMEDIATE": "1" if bench.scale.is_quick else "0",
    }
    found: defaultdict[str, list[int]] = defaultdict(list)
    with bench.process_group() as group:
        bench.progress("idle: starting the service")
        start_server(
            group,
            lambda free: ["env", f"PORT={free}", sys.executable, "start_dev.py"],
            "the service",
            **own,
        )
        group.wait_for_output("Stop with Ctrl-C")
        time.sleep(0.5 if bench.scale.is_quick else SETTLE_S)
        for pid in _family(group.leaders()):
            found[_name(pid)].append(proportional_bytes(pid, "Pss"))
    rows = [
        [name, str(len(found[name])), f"{sum(found[name]) / 1e6:.1f}"]
        for name in NAMES.values()
        if name in found
    ]
    whole = [one for sizes in found.values() for one in sizes]
    rows.append(["all", str(len(whole)), f"{sum(whole) / 1e6:.1f}"])
    return Table(
        "Idle: memory of `make run`",
        ["part", "processes", "MB"],
        list(rows),
        [
            f"Pss of smaps_rollup, {SETTLE_S:.0f} s after the first drawing: a page of several processes counts once.",
            "Two web processes and one worker, the defaults.",
        ],
    )


def _family(leaders: list[int]) -> list[int]:
    """Return the processes and their descendants."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for process in processes():
        children[process.parent].append(process.pid)
    found = list(leaders)
    for pid in found:
        found += children[pid]
    return found


def _name(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    found = re.search(r"-m (\S+)|(start_dev\.py|^/bin/sh)", command)
    return NAMES[(found[1] or found[2]) if found else ""]
