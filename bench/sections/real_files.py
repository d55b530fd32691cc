"""Section real files: the SVG reader on files of other programs, compared with resvg, with `--peers` also with usvg."""

from __future__ import annotations

import json
import statistics
import time
from typing import NamedTuple

from bench.machinery import Bench, BenchError
from bench.realfiles.files import LENGTHS, real_files
from bench.realfiles.raster import compare_with_picture
from bench.realfiles.usvg import DIFFERENT, USVG, agrees, length_read, lengths_in_trees
from bench.report import Table, format_number
from libraries.svg_reader import read_svg

LARGE_BYTES = 10_000


def measure(bench: Bench) -> Table:
    """Read all files, and count those that agree."""
    table = Table(
        "Real files: the SVG reader compared with resvg",
        ["files", "number", "edges agree", "lengths agree", "median ms", "slowest, s per MB"],
    )
    files = real_files()
    if bench.scale.is_quick:
        files = dict(list(files.items())[::80])
    lengths: dict[str, float] = json.loads(LENGTHS.read_text())["lengths"]
    if bench.peers:
        try:
            lengths = lengths_in_trees(files)
        except BenchError as error:
            table.notes.append(f"usvg was not measured: {error}")
    results = {name: _result(data, lengths.get(name)) for name, data in files.items()}
    table.rows.append(_row("all", list(results.values())))
    for group in dict.fromkeys(name.partition("/")[0] for name in files):
        own = [one for name, one in results.items() if name.startswith(f"{group}/")]
        table.rows.append(_row(group, own))
    table.notes += [
        (
            "Edges agree: at 600 pixels, at least 98 % of the visible edges in the picture of resvg have a line within 3 pixels, and 98 % of "
            "the lines are at an edge or inside of their own colour. Strokes are drawn by their outline."
        ),
        (
            f"Lengths agree: with the tree of usvg ({USVG}) within 2 %, for files without dashes; left out are {len(DIFFERENT)} files where "
            "both differ by intention, see bench/realfiles/usvg.py."
        ),
    ]
    return table


class _Result(NamedTuple):
    """The result of a file: CPU seconds, bytes, and what agrees; `length` is None if usvg has none."""

    seconds: float
    size: int
    edges: bool
    length: bool | None


def _result(data: bytes, length: float | None) -> _Result:
    began = time.process_time()
    read_svg(data)
    seconds = time.process_time() - began
    edges = compare_with_picture(data)[1].holds()
    right = None if length is None else agrees(length_read(data), length)
    return _Result(seconds, len(data), edges, right)


def _row(name: str, results: list[_Result]) -> list[str]:
    known = [one.length for one in results if one.length is not None]
    # Files of a few hundred bytes say nothing about the speed of larger ones.
    speeds = [one.seconds / one.size * 1e6 for one in results if one.size > LARGE_BYTES]
    return [
        name,
        str(len(results)),
        _share(sum(one.edges for one in results), len(results)),
        _share(sum(known), len(known)),
        format_number(1000 * statistics.median(one.seconds for one in results)),
        format_number(max(speeds)) if speeds else "all small",
    ]


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({100 * count / of:.1f} %)" if of else "none"
