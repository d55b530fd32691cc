"""Cost of 1, 10 and 100 times the work, where it should grow with the work and not faster."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.machinery import NO_OP, Bench, our_worker, wait_until
from bench.previews import random_walks, strokes_of
from bench.report import Table, format_number
from libraries.geometry.routing import moves_for, shortest_route
from libraries.geometry.strokes import Pen
from libraries.geometry.tours import closed_tour
from libraries.job_manager import get_job_status, submit
from libraries.job_manager.submission import JobOptions
from libraries.previews import png
from libraries.svg_reader import read_svg

PAGE = (210.0, 297.0)
DRAWING = "workers.svg_tasks.generate_complex_svg"
FACTORS = (1, 10, 100)
# A quick run does a small part of the work, once.
QUICK_DIVISOR = 20


class Work(NamedTuple):
    """Work to be measured: what is counted, the unit of the cost, and the number at the start.

    `cost` does that much work and returns its cost.
    """

    name: str
    unit: str
    first: int
    cost: Callable[[Bench, int], float]


def measure(bench: Bench) -> Table:
    """Measure all kinds of work; the last column is 1 if the cost is proportional to the work."""
    table = Table(
        "Growth: cost of 1, 10 and 100 times the work",
        ["work", "1 time is", "unit of cost", *(f"{one} times" for one in FACTORS), "growth"],
        notes=[
            "Processor time of one run each; the median of three for the smallest.",
            "Growth: cost per unit of the largest work, divided by that of the smallest. Below 1, a fixed cost dominates.",
            "Lists of jobs and searches in the gallery have their own sections.",
        ],
    )
    for work in WORKS:
        bench.progress(f"growth: {work.name}")
        if bench.scale.is_quick:
            first = max(work.first // QUICK_DIVISOR, 1)
            costs = [work.cost(bench, first)] * len(FACTORS)
        else:
            first = work.first
            costs = [_repeated(bench, work, factor) for factor in FACTORS]
        growth = costs[-1] / costs[0] / FACTORS[-1]
        cells = [*map(format_number, costs), format_number(growth)]
        table.rows.append([work.name, f"{first:,}", work.unit, *cells])
    return table


def _repeated(bench: Bench, work: Work, factor: int) -> float:
    times = 3 if factor == 1 else 1
    return statistics.median(work.cost(bench, work.first * factor) for _ in range(times))


def _ms(call: Callable[[], object]) -> float:
    started_at = time.process_time()
    call()
    # The clock of the kernel, so that a quick run divides by more than 0.
    return max((time.process_time() - started_at) * 1000, 0.001)


def _preview(_: Bench, vertices: int) -> float:
    strokes = strokes_of(random_walks(max(vertices, 100)))
    return _ms(lambda: png(strokes, [Pen("pen")], PAGE, width_px=1000))


def _reading(letter: str) -> Callable[[Bench, int], float]:
    def cost(_: Bench, vertices: int) -> float:
        lines = random_walks(max(vertices, 100))
        paths = "".join(f'<path d="M{letter.join(map(_pair, line))}"/>' for line in lines)
        head = '<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" viewBox="0 0 210 297">'
        svg = f"{head}{paths}</svg>"
        return _ms(lambda: read_svg(svg))

    return cost


def _pair(point: Sequence[float]) -> str:
    return f"{point[0]:.3f} {point[1]:.3f}"


def _tour(_: Bench, points: int) -> float:
    scattered = np.random.default_rng(7).uniform(0, 200, (max(points, 10), 2))
    return _ms(lambda: closed_tour(scattered))


def _order(_: Bench, strokes: int) -> float:
    rng = np.random.default_rng(7)
    lines = rng.uniform(0, 200, (strokes, 1, 2)) + rng.uniform(-5, 5, (strokes, 2, 2))
    flat, offsets = lines.reshape(-1, 2), np.arange(strokes + 1) * 2
    search = partial(
        shortest_route,
        closed=np.zeros(strokes, dtype=bool),
        start=None,
        end=None,
        moves=moves_for("quick", strokes),
        is_over=lambda: False,
    )
    return _ms(lambda: search(flat, offsets))


def _enqueue(bench: Bench, jobs: int) -> float:
    bench.flush()
    return _ms(lambda: [submit(NO_OP) for _ in range(jobs)])


def _dependencies(bench: Bench, parents: int) -> float:
    """Return the broker commands, also those in scripts, until a child of `parents` has finished."""
    bench.flush()
    ids = tuple(submit(NO_OP).id for _ in range(parents))
    child = submit(NO_OP, options=JobOptions(depends_on=ids)).id
    before = _commands(bench)
    _work_off(bench, child)
    return _commands(bench) - before


def _drawings(bench: Bench, drawings: int) -> float:
    """Return the memory of the broker for finished drawings, in kB."""
    bench.flush()
    before = bench.counts().memory
    for seed in range(drawings):
        wanted = {"output_filename": f"{seed}.svg", "width": 100, "height": 100}
        last = submit(DRAWING, (), {**wanted, "pattern_type": "grid", "seed": seed})
    _work_off(bench, last.id)
    return (bench.counts().memory - before) / 1000


def _work_off(bench: Bench, last: str) -> None:
    with bench.process_group() as group:
        group.start(our_worker())
        wait_until(
            lambda: get_job_status(last)["status"] == "finished",
            group,
            "the end of the last job",
            seconds=120,
        )


def _commands(bench: Bench) -> float:
    commands = bench.client.info("commandstats").values()
    return float(sum(one["calls"] for one in commands))


WORKS = (
    Work("jobs queued by one client", "ms", 100, _enqueue),
    Work("jobs that one job depends on", "broker commands", 10, _dependencies),
    Work("finished drawings", "kB of the broker", 3, _drawings),
    Work("vertices of a preview", "ms", 10_000, _preview),
    Work("vertices of an SVG, implicit lines", "ms", 10_000, _reading(" ")),
    Work("vertices of an SVG, explicit lines", "ms", 10_000, _reading(" L")),
    Work("points of a closed tour", "ms", 400, _tour),
    Work("strokes ordered for a plotter", "ms", 100, _order),
)
