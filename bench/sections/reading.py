"""Section reading: the SVG reader on ten files, with `--peers` also vpype; and on very large files."""

from __future__ import annotations

import statistics
from contextlib import ExitStack

from bench.machinery import Bench, BenchError
from bench.plotbench.tools import Vpype
from bench.reading import (
    VpypeReader,
    path_of,
    peak_mb,
    seconds_of,
    separate_lines,
    ten_files,
    vpype_reader,
)
from bench.report import Table, format_number, ratios, spread
from libraries.svg_reader import read_svg


def measure(bench: Bench) -> Table:
    """Read the files in turns."""
    quick = bench.scale.is_quick
    files = ten_files(quick=quick)
    vertices, lines = (2_000, 1_000) if quick else (1_000_000, 199_000)
    largest = 2_000 if quick else 1_300_000
    large = {
        f"{vertices:,} vertices, implicit commands": path_of(vertices, explicit=False),
        f"{vertices:,} vertices, explicit commands": path_of(vertices, explicit=True),
        f"{lines:,} line elements": separate_lines(lines),
        f"{largest:,} vertices, a file near the limit": path_of(largest, explicit=True),
    }
    columns = ["file", "kB", "vertices", "CPU ms", "peak MB"]
    table = Table("Reading SVG", columns)
    ours: dict[str, list[float]] = {name: [] for name in (*files, *large)}
    theirs: dict[str, list[float]] = {name: [] for name in files}
    with ExitStack() as stack:
        peer = _peer(bench, stack, table)
        for number in range(bench.scale.rounds):
            for name in list(ours) if number % 2 == 0 else reversed(list(ours)):
                ours[name].append(seconds_of((files | large)[name]))
                if peer is not None and name in files:
                    found = peer.seconds_of(files[name])
                    theirs[name] += [] if found is None else [found]
    if peer is not None:
        table.columns = [*columns, "vpype / Vector API"]
    for name, data in (files | large).items():
        row = [
            name,
            format_number(len(data) / 1000),
            f"{read_svg(data).document.store.vertices:,}",
            spread([1000 * one for one in ours[name]]),
            format_number(peak_mb(data)),
        ]
        if peer is not None:
            row.append(_ratio(theirs.get(name), ours[name]))
        table.rows.append(row)
    implicit, explicit = (statistics.median(ours[name]) for name in list(large)[:2])
    table.notes.append(
        f"Explicit commands take {explicit / implicit:.2f} times the time of implicit ones."
    )
    if peer is not None:
        factors = [
            statistics.median(theirs[name]) / statistics.median(ours[name])
            for name in files
            if theirs[name]
        ]
        table.notes.append(
            f"vpype {Vpype.REQUIREMENTS[0].partition('==')[2]}: `read_svg` at 0.1 mm, its default; curves become more vertices there. "
            "It neither clips nor hides what is below fills; the reader does both in its time. "
            f"Median of the ratios {statistics.median(factors):.1f}, lowest {min(factors):.1f}."
        )
    table.notes.append(
        "Peak MB: of a process that imports the reader and reads the file, the interpreter included."
    )
    return table


def _ratio(theirs: list[float] | None, ours: list[float]) -> str:
    if theirs is None:
        return "not measured"
    return ratios(theirs, ours) if theirs else "vpype fails"


def _peer(bench: Bench, stack: ExitStack, table: Table) -> VpypeReader | None:
    if not bench.peers:
        return None
    try:
        return stack.enter_context(vpype_reader())
    except BenchError as error:
        table.notes.append(f"vpype was not measured: {error}")
        return None
