"""PlotBench: lifts, travel, plot time and CPU time of the product's optimiser, vpype and saxi on the same drawings."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bench.machinery import BenchError
from bench.peers.npm import SAXI
from bench.plotbench.drawings import DrawingSet, drawing_sets
from bench.plotbench.tools import AsGiven, Ours, Tool, Vpype, tools
from bench.report import NOT_APPLICABLE, Table, format_number, spread
from libraries.charts import Measure, draw_chart
from libraries.geometry.area import Area
from libraries.geometry.document import Document
from libraries.plotting import PROFILES, optimise, plan
from libraries.plotting.certificate import travel_mm
from libraries.plotting.routes import bounds_of
from libraries.svg_builder import write_svg

PROFILE = "saxi"
# Shorter measurements are repeated in further rounds.
REPEATED_S = 0.1
# Steps of the search for a bound, and the largest layer for it; above, the bound is the least spanning tree.
BOUND = 30, 3_000
CHART = "plotbench.svg"


@dataclass(frozen=True)
class Figures:
    """What a tool makes of a drawing or, added up, of a set; lengths in mm, times in seconds."""

    lifts: int
    travel: float
    ink: float
    bound: float
    plot: float
    cpu: tuple[float, ...] = field(default=())

    def plus(self, other: Figures) -> Figures:
        """Return the sums, the CPU times round by round."""
        rounds = min(len(self.cpu), len(other.cpu))
        return Figures(
            self.lifts + other.lifts,
            self.travel + other.travel,
            self.ink + other.ink,
            self.bound + other.bound,
            self.plot + other.plot,
            tuple(a + b for a, b in zip(self.cpu[:rounds], other.cpu[:rounds], strict=True)),
        )


# Figures by set and tool.
Results = Mapping[str, Mapping[str, Figures]]


def measure(
    *, rounds: int = 3, quick: bool = False, peers: bool = True, progress: Callable[[str], None]
) -> Table:
    """Return the table, with the chart of the travels."""
    sets = drawing_sets(quick=quick, foreign=peers)
    results: dict[str, dict[str, Figures]] = {}
    sources: list[str] = []
    with tools(quick=quick, peers=peers) as (found, problems):
        # The first run loads modules and compiles expressions.
        for tool in found:
            tool.run(optimise(drawing_sets(quick=True, foreign=False)[0].make()[0]).document)
        for one in sets:
            progress(f"plotbench: {one.name}")
            used = [
                tool
                for tool in found
                if not (one.is_large and tool.is_slow) and not (one.is_many and tool.is_timed)
            ]
            try:
                results[one.name] = _measured(one, used, rounds)
                sources.append(one.source)
            except BenchError as error:
                problems.append(f"{one.name}: skipped: {error}")
    return _table(results, found, [*dict.fromkeys(sources)], problems)


def _measured(one: DrawingSet, used: Sequence[Tool], rounds: int) -> dict[str, Figures]:
    """Return the sums over the drawings of a set by tool; all tools take turns."""
    sums: dict[str, Figures] = {}
    for drawing in one.make():
        bounds: dict[tuple[str, int, float], float] = {}
        made = {tool.name: _run(tool, drawing, bounds) for tool in used}
        for number in range(1, rounds):
            for tool in used if number % 2 == 0 else reversed(used):
                before = made[tool.name]
                if before.cpu[0] < REPEATED_S:
                    again = (*before.cpu, tool.run(drawing)[1])
                    made[tool.name] = replace(before, cpu=again)
        for name, figures in made.items():
            sums[name] = sums[name].plus(figures) if name in sums else figures
    return sums


def _run(tool: Tool, drawing: Document, bounds: dict[tuple[str, int, float], float]) -> Figures:
    """Return the figures of one run; `bounds` has those of the strokes that were bounded before."""
    made, seconds = tool.run(drawing)
    strokes = made.strokes()
    ink = float(strokes.lengths.sum())
    # Reversed strokes have another sum in the last digits.
    same = (tool.joining, len(made), round(ink, 3))
    if same not in bounds:
        bounds[same] = sum(bound.mm for bound in bounds_of(made, *BOUND))
    return Figures(
        lifts=len(made),
        travel=travel_mm(made),
        ink=ink,
        bound=bounds[same],
        plot=plan(strokes, made.pens, PROFILES[PROFILE]).seconds,
        cpu=(seconds,),
    )


def _table(
    results: Results, found: Sequence[Tool], sources: Sequence[str], problems: Sequence[str]
) -> Table:
    base = next((tool.name for tool in found if isinstance(tool, Vpype)), AsGiven.name)
    table = Table(
        "PlotBench: lifts, travel and plot time",
        [
            "drawings",
            "tool",
            "lifts",
            "travel mm",
            f"/ {base}",
            "bound mm",
            "gap %",
            "ink mm",
            "plot minutes",
            "CPU s",
        ],
    )
    for name, by_tool in results.items():
        for tool, figures in by_tool.items():
            table.rows.append([name, *_row(tool, figures, by_tool[base])])
    table.notes = [
        *sources,
        (
            "Travel: with the pen up, from the origin and back. CPU s: of ordering strokes in memory, summed over the drawings; "
            f"tools take turns, and those under {REPEATED_S} s for a drawing run in each round."
        ),
        (
            "Bound: no order of the strokes that the tool joined has a shorter travel; of Held and Karp up to "
            f"{BOUND[1]:,} strokes per layer, above that the least spanning tree, which is far below. Each tool has its own."
        ),
        f"Plot minutes: by the product's planner with the profile `{PROFILE}` for all tools.",
        (
            "Vector API also removes what is drawn twice, which shortens the ink, and its CPU time includes its bounds; "
            f"`best` stops after {Ours.BEST_S:g} s for each drawing."
        ),
        *(_peer_notes() if base != AsGiven.name else ()),
        *problems,
        f"Chart of the travels: [{CHART}]({CHART}).",
    ]
    table.files[CHART] = _chart(results, base)
    return table


def _peer_notes() -> tuple[str, ...]:
    return (
        (
            f"vpype {Vpype.REQUIREMENTS[0].partition('==')[2]}: joins ends within 0.05 mm, as Vector API does. "
            "Two-opt is left out for 100,000 strokes."
        ),
        f"{SAXI} with its defaults: sorts with optimize-paths, then draws across gaps of up to 0.5 mm between successive strokes.",
    )


def _row(tool: str, figures: Figures, base: Figures) -> list[str]:
    gap = 100 * (figures.travel / figures.bound - 1) if figures.bound else None
    return [
        tool,
        f"{figures.lifts:,}",
        f"{figures.travel:,.0f}",
        format_number(figures.travel / base.travel) if base.travel else NOT_APPLICABLE,
        f"{figures.bound:,.0f}",
        "no bound" if gap is None else f"{gap:.1f}",
        f"{figures.ink:,.0f}",
        format_number(figures.plot / 60),
        spread(figures.cpu) if statistics.fmean(figures.cpu) else "0",
    ]


def _chart(results: Results, base: str) -> bytes:
    """Return a chart of the travels, relative to those of the tool `base`, as SVG."""
    names = list(results)
    shown = dict.fromkeys(tool for by_tool in results.values() for tool in by_tool)
    shown.pop(AsGiven.name)
    series = [
        Measure(
            tool,
            np.array(
                [
                    by_tool[tool].travel / by_tool[base].travel if tool in by_tool else np.nan
                    for by_tool in results.values()
                ]
            ),
        )
        for tool in shown
    ]
    sets = Measure("drawings", np.arange(len(names), dtype=np.float64), "text", tuple(names))
    title = f"Travel with the pen up, relative to {base}"
    chart = draw_chart("bars", sets, series, Area(297, 210, 12), title=title)
    blocks: list[bytes] = []
    write_svg(chart, blocks.append)
    return b"".join(blocks)
