"""Formatting of results: medians with their range, Markdown tables, and a description of the machine."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.machinery import BenchError

NOT_APPLICABLE = "-"
PACKAGES = ("rq", "redis", "hiredis", "flask", "gunicorn", "sqlalchemy", "numpy")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def format_number(value: float) -> str:
    """Format a number with three significant digits, but never round its integer part."""
    if abs(value) >= 100:  # noqa: PLR2004 - number of digits
        return f"{value:,.0f}"
    if abs(value) >= 10:  # noqa: PLR2004
        return f"{value:.1f}"
    return f"{value:.2f}"


def spread(values: Sequence[float]) -> str:
    """Format the median of the rounds, with minimum and maximum in parentheses."""
    if not values:
        return NOT_APPLICABLE
    if len(values) == 1:
        return format_number(values[0])
    return f"{format_number(statistics.median(values))} ({format_number(min(values))}-{format_number(max(values))})"


def ratios(values: Sequence[float], baseline: Sequence[float]) -> str:
    """Format the ratios to the baseline, computed round by round."""
    return spread([value / base for value, base in zip(values, baseline, strict=True) if base])


@dataclass
class Table:
    """The result of a section: columns, rows of text and notes; `files` are stored next to the results, by name."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def as_text(self) -> str:
        """Return the table as Markdown with aligned columns."""
        rows = (self.columns, *self.rows)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        head, *body = (_line(row, widths) for row in rows)
        first, *others = ("-" * (width + 1) for width in widths)
        rule = f"|{first}-|{''.join(f'{dashes}:|' for dashes in others)}"
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"## {self.title}", "", head, rule, *body, "", *notes]).rstrip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[0] = cells[0].ljust(widths[0])
    return f"| {' | '.join(padded)} |"


@contextlib.contextmanager
def skip_on_error(name: str, candidates: dict[str, Any], table: Table) -> Iterator[None]:
    """Drop a candidate whose measurement fails and note the reason; re-raise for standard candidates."""
    try:
        yield
    except BenchError as error:
        if candidates[name].standard:
            raise
        del candidates[name]
        table.notes.append(f"{name} was not measured: {' '.join(str(error).split())[:300]}")


def describe_run(
    broker: Mapping[str, object], source: str, rounds: int, options: Sequence[str]
) -> str:
    """Return command, source, date and machine as a Markdown list; `broker` is the reply of INFO."""
    server = (
        f"Valkey {broker['valkey_version']}"
        if "valkey_version" in broker
        else f"Redis {broker['redis_version']}"
    )
    load = os.getloadavg()[0]
    lines = [
        f"Command: python -m bench {' '.join(options)}".rstrip(),
        f"Source: {source}",
        f"Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB; {platform.system()} {platform.release()}",
        f"Load average at the start: {load:.1f} (other load affects all figures, ratios least)",
        f"Python {platform.python_version()}; {', '.join(f'{name} {version(name)}' for name in PACKAGES)}",
        f"Broker: embedded {server}, unix socket, append-only file synced every second",
        f"Figures: median of {rounds} round(s) with the lowest and highest; all candidates take turns in every round",
    ]
    return "\n".join(f"- {line}" for line in lines)


def revision() -> str:
    """Return the commit, and whether there are uncommitted changes."""
    folder = Path(__file__).resolve().parent
    try:
        command = ["git", "describe", "--always", "--dirty= with uncommitted changes"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return f"commit {done.stdout.strip()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
