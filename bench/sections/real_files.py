"""Section real files: the SVG reader on files of other programs, compared with resvg, with `--peers` also with usvg."""

from __future__ import annotations

import json
import statistics
import time

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
        files = dict(list(files.items())[::40])
    lengths: dict[str, float] = json.loads(LENGTHS.read_text())["lengths"]
    if bench.peers:
        try:
            lengths = lengths_in_trees(files)
        except BenchError as error:
            table.notes.append(f"usvg was not measured: {error}")
    groups: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        groups.setdefault(name.partition("/")[0], {})[name] = data
    for group in ("all", *groups):
        table.rows.append(_row(group, files if group == "all" else groups[group], lengths))
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


def _row(group: str, files: dict[str, bytes], lengths: dict[str, float]) -> list[str]:
    seconds: dict[str, float] = {}
    for name, data in files.items():
        began = time.process_time()
        read_svg(data)
        seconds[name] = time.process_time() - began
    edges = sum(compare_with_picture(data)[1].holds() for data in files.values())
    known = [name for name in files if name in lengths]
    right = sum(agrees(length_read(files[name]), lengths[name]) for name in known)
    # Files of a few hundred bytes say nothing about the speed of larger ones.
    large = [name for name, data in files.items() if len(data) > LARGE_BYTES] or list(files)
    slowest = max(seconds[name] / len(files[name]) * 1e6 for name in large)
    return [
        group,
        str(len(files)),
        _share(edges, len(files)),
        _share(right, len(known)),
        format_number(1000 * statistics.median(seconds.values())),
        format_number(slowest),
    ]


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({100 * count / of:.1f} %)" if of else "none"
