"""The optimiser: fewer pen lifts, less travel and less ink for the same drawing, with a proof."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from libraries.fields import flag, mm, whole
from libraries.geometry.document import Document
from libraries.geometry.joining import join_consecutive, without_repeats
from libraries.geometry.routing import Bound
from libraries.plotting.catalogue import Deadline, StepParams
from libraries.plotting.certificate import Certificate, Search, travel_mm
from libraries.plotting.joins import joined
from libraries.plotting.layers import map_layers, without_groups
from libraries.plotting.plotters import PLOTTERS
from libraries.plotting.profiles import PlotterProfile
from libraries.plotting.routes import (
    OrderOptions,
    bounds_of,
    estimated_gap,
    reordered,
    routed,
)
from libraries.plotting.steps import STEPS

# Receives the travel in mm, its lower bound in mm, and how much longer the travel may be than
# needed (0.1 is 10 %; None without a bound). The search ends if it returns True.
Watch = Callable[[float, float, float | None], object]


class PlotOptions(OrderOptions):
    """Options of `optimise`."""

    margin: float | None = mm("Crop to the page without this margin", 0, 500, default=None)
    duplicates: bool = flag("Remove what a pen draws again.", default=True)
    tolerance: float = mm("Largest distance of ends that are joined", 0, 1, default=0.05)
    gaps: bool = flag("Draw across gaps narrower than the pen.", default=False)
    simplify: float = mm("Maximum deviation of simplified strokes; 0 keeps all", 0, 1, default=0.0)
    passes: int = whole("Number of times that a stroke is drawn.", 1, 10, default=1)

    @property
    def bound_steps(self) -> tuple[int, int]:
        """Return the steps of a search for a high bound, and the largest layer it is made for."""
        steps = {"quick": (0, 0), "normal": (140, 3_000), "best": (300, 20_000)}
        return steps[self.effort]


@dataclass(frozen=True)
class Plan:
    """A document that is ready for plotting, and its certificate."""

    document: Document
    certificate: Certificate


@dataclass
class _State:
    """The limits of a search and what it has found so far."""

    # The part of the time until the deadline that may be used for bounds.
    BOUND_SHARE: ClassVar[float] = 0.3

    deadline: Deadline
    watch: Watch | None
    bounds: list[Bound] = field(default_factory=list)
    is_stopped: bool = False
    moves: int = 0

    def is_over(self) -> bool:
        return self.is_stopped or self.deadline.is_over

    def report(self, mm: float) -> None:
        bound = math.fsum(one.mm for one in self.bounds)
        gap = mm / bound - 1 if bound > 0 else None
        if self.watch and self.watch(mm, bound, gap) is True:
            self.is_stopped = True

    @property
    def stopped(self) -> str | None:
        if self.is_stopped:
            return "client"
        return "deadline" if self.deadline.is_over else None


@dataclass
class _Prepared:
    """A document before ordering, and how each step has changed the length of its strokes in mm."""

    document: Document
    deadline: Deadline
    ink_mm: dict[str, float] = field(default_factory=dict)
    widest_mm: float = 0.0
    is_reordered: bool = True

    def change(self, figure: str, made: Document) -> None:
        change = _ink_mm(made) - _ink_mm(self.document)
        self.ink_mm[figure] = self.ink_mm.get(figure, 0.0) + change
        self.document = made

    def run(self, figure: str, name: str, **params: Any) -> None:
        self.change(figure, _run(name, self.document, self.deadline, **params))

    def join(self, tolerance: float, *, gaps: bool = False) -> None:
        made, widest_mm = joined(
            self.document,
            tolerance=tolerance,
            gaps=gaps,
            progress=_ignore,
            deadline=self.deadline,
        )
        self.widest_mm = max(self.widest_mm, widest_mm)
        self.change("joins", made)


def optimise(
    document: Document,
    *,
    deadline_s: float = math.inf,
    watch: Watch | None = None,
    profiles: Iterable[PlotterProfile] | None = None,
    **options: Any,
) -> Plan:
    """Return the same drawing with fewer strokes in a better order, and its certificate.

    `options` are those of `PlotOptions`. The strokes of each layer are cropped, lose what they draw
    again, are joined, simplified, repeated and ordered; the layers stay in order. A plan never has
    more lifts or a longer travel than the given strokes, unless `inner_first` or `keep_groups` needs
    them. Equal arguments give an equal plan, unless the deadline or `watch` ends the search. `profiles` are the plotters whose times are in the
    certificate, by default those of the statistics.

    Raises:
        InvalidFields: an option is unknown or out of range.
    """
    chosen = PlotOptions.load(options)
    state = _State(Deadline(deadline_s), watch)
    given = _given(document, chosen)
    drawn = _run("passes", given, Deadline(), count=chosen.passes)
    for prepared in _preparations(given, chosen, state.deadline):
        planned = _ordered(prepared, chosen, state)
        is_no_worse = len(planned) <= len(drawn) and travel_mm(planned) <= travel_mm(drawn)
        # An order with constraints may need a longer travel than the given one.
        if is_no_worse or chosen.constraints:
            break
    search = Search(
        effort=chosen.effort,
        tolerance_mm=chosen.tolerance,
        simplify_mm=chosen.simplify,
        moves=state.moves,
        stopped=state.stopped,
        ink_mm=prepared.ink_mm,
        widest_join_mm=prepared.widest_mm,
        bounds=state.bounds,
        constraints=chosen.constraints,
        # The estimate takes seconds, whatever the size.
        estimated_gap=None if chosen.effort == "quick" else estimated_gap(planned),
    )
    usual = [plotter.profile for _, plotter in PLOTTERS.items() if plotter.in_statistics]
    used = usual if profiles is None else profiles
    return Plan(planned, Certificate(given, planned, search, tuple(used)))


def _given(document: Document, options: PlotOptions) -> Document:
    """Return the document as the certificate compares it: cropped, and rounded as in files."""
    if options.margin is not None:
        document = _run("crop", document, Deadline(), margin=options.margin)
    given = map_layers(
        without_groups(document),
        lambda pieces, _: without_repeats(pieces),
        progress=_ignore,
        deadline=Deadline(),
    )
    if not options.keep_groups:
        return given
    groups = document.store.groups[np.argsort(document.store.layers, kind="stable")]
    return given.with_strokes(
        given.store.coordinates, given.store.offsets, given.store.layers, groups
    )


def _preparations(given: Document, options: PlotOptions, deadline: Deadline) -> Iterator[_Prepared]:
    """Yield documents to be ordered, until one of them makes no figure worse.

    Joins and the removal of duplicates may need longer travels, and so may an order of one layer
    that ends far from the next layer. The last document, which keeps its order, is never worse.
    """
    for removing in (True, False) if options.duplicates else (False,):
        yield _reduced(given, options, deadline, removing=removing)
    drawn = _Prepared(given, deadline)
    drawn.run("duplicates", "marks")
    drawn.run("passes", "passes", count=options.passes)
    drawn.change(
        "joins",
        map_layers(
            drawn.document,
            lambda pieces, _: join_consecutive(pieces),
            progress=_ignore,
            deadline=Deadline(),
        ),
    )
    yield drawn
    drawn.is_reordered = False
    yield drawn


def _reduced(
    given: Document, options: PlotOptions, deadline: Deadline, *, removing: bool
) -> _Prepared:
    prepared = _Prepared(given, deadline)
    prepared.run("duplicates", "marks")
    if removing:
        prepared.run("duplicates", "duplicates")
    prepared.join(options.tolerance, gaps=options.gaps)
    if options.simplify:
        prepared.run("simplified", "simplify", tolerance=options.simplify)
        prepared.run("simplified", "marks")
    if options.passes > 1:
        prepared.run("passes", "passes", count=options.passes)
        prepared.join(0.0)
    return prepared


def _ordered(prepared: _Prepared, options: PlotOptions, state: _State) -> Document:
    """Return the document in the best order found; note the moves and the bounds in `state`."""
    document = prepared.document
    # Without time for any bound, none is better than a late one.
    time_for_bounds = state.deadline.share(state.BOUND_SHARE)
    state.bounds = (
        []
        if state.is_over()
        else bounds_of(document, *options.bound_steps, deadline=time_for_bounds)
    )
    if not prepared.is_reordered:
        return document
    ordered, routes = routed(
        document,
        options,
        bounds=state.bounds,
        is_over=state.is_over,
        report=state.report,
    )
    state.moves += sum(route.moves for route in routes)
    if state.bounds:
        state.bounds = reordered(document, state.bounds, routes)
    return ordered


def _run(name: str, document: Document, deadline: Deadline, **params: Any) -> Document:
    step: StepParams = STEPS[name].params.load(params)
    return step.run(document, progress=_ignore, deadline=deadline)


def _ink_mm(document: Document) -> float:
    return math.fsum(document.strokes().lengths)


def _ignore(part: float) -> None:
    """Ignore the progress of a step."""
