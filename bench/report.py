"""Figures as text: medians with their range, tables, and what machine they come from."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

NOT_APPLICABLE = "-"
PACKAGES = ("rq", "redis", "hiredis", "flask", "gunicorn", "numpy")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of `values` that at least `percent` % of them do not exceed (the nearest-rank percentile)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def shown(value: float) -> str:
    """Return a figure with three significant digits, or all of its whole part."""
    if abs(value) >= 100:  # noqa: PLR2004 - the number of digits is the point
        return f"{value:,.0f}"
    if abs(value) >= 10:  # noqa: PLR2004
        return f"{value:.1f}"
    return f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """Return the median of one figure a round, and the lowest and highest in brackets."""
    if not values:
        return NOT_APPLICABLE
    if len(values) == 1:
        return shown(values[0])
    return f"{shown(statistics.median(values))} ({shown(min(values))}-{shown(max(values))})"


def ratios(values: Sequence[float], baseline: Sequence[float]) -> str:
    """Return how many times the baseline's figure each round's is, compared round by round."""
    return spread([value / base for value, base in zip(values, baseline, strict=True) if base])


@dataclass
class Table:
    """The outcome of a section: rows of text under named columns, and notes on how they came about."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """Return the table in Markdown, aligned so that it reads well in a terminal too."""
        widths = [
            max(len(row[place]) for row in (self.columns, *self.rows))
            for place in range(len(self.columns))
        ]
        head, *body = (_line(row, widths) for row in (self.columns, *self.rows))
        rule = "|".join(
            [
                "",
                *(
                    "-" * (width + 1) + (":" if place else "-")
                    for place, width in enumerate(widths)
                ),
                "",
            ]
        )
        return "\n".join(
            [f"## {self.title}", "", head, rule, *body, "", *(f"- {note}" for note in self.notes)]
        ).rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"


def setting(broker: Mapping[str, object], rounds: int, options: Sequence[str]) -> str:
    """Return the list that says what was run, where and when; `broker` is the broker's own account of itself."""
    server = (
        f"Valkey {broker['valkey_version']}"
        if "valkey_version" in broker
        else f"Redis {broker['redis_version']}"
    )
    load = os.getloadavg()[0]
    lines = [
        f"Command: python -m bench {' '.join(options)}".rstrip(),
        f"Source: {_revision()}",
        f"Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB; {platform.system()} {platform.release()}",
        f"Load average at the start: {load:.1f} (other work on the machine makes every figure worse; the ratios suffer least)",
        f"Python {platform.python_version()}; {', '.join(f'{name} {version(name)}' for name in PACKAGES)}",
        f"Broker: embedded {server}, unix socket, append-only file synced every second",
        f"Figures: median of {rounds} round(s) with the lowest and highest; the peers take turns in every round",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _revision() -> str:
    """Return the commit that is measured, and whether the files differ from it."""
    folder = Path(__file__).resolve().parent
    try:
        asked = ["git", "describe", "--always", "--dirty= with uncommitted changes"]
        said = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return f"commit {said.stdout.strip()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
