"""Tests of the plotting steps and of their registry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from libraries import loading
from libraries.geometry.document import Document
from libraries.geometry.strokes import HOME, Pen
from libraries.loading import load_modules, load_problems
from libraries.plotting import steps
from libraries.plotting.catalogue import STEPS, Deadline

MINIMAL = """
from libraries.fields import Params, mm
from libraries.plotting.catalogue import step

@step
class Shift(Params):
    \"\"\"Move everything to the right.\"\"\"

    by: float = mm("How far", 0, 100, default=5.0)

    def run(self, document, *, progress, deadline):
        store = document.store
        progress(1.0)
        return document.with_strokes(store.coordinates + (self.by, 0), store.offsets, store.layers)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return another folder of step modules, without load errors."""
    monkeypatch.setattr(steps, "__path__", [*steps.__path__, str(tmp_path)])
    monkeypatch.setattr(loading, "_problems", {})
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("libraries.plotting.steps."):
            STEPS.discard(name.rpartition(".")[2])
            del sys.modules[name]


def load() -> None:
    load_modules("libraries.plotting.steps", discard=STEPS.discard)


def drawing() -> Document:
    document = Document(100, 80, title="Two pens", metadata={"seed": 1})
    black, red = document.layer("black"), document.layer("red", Pen("red", "#ff0000", 0.5))
    document.add([[(90, 70), (80, 70)], [(0, 0), (10, 0), (20, 0.001), (30, 0)]], black)
    document.add([[(30, 10), (40, 10)], [(40, 10), (120, 10)], [(5, 5)]], red)
    return document


def run(name: str, document: Document, limit_s: float = 60.0, **params: object) -> Document:
    return (
        STEPS[name]
        .params.load(params)
        .run(document, progress=lambda _: None, deadline=Deadline(limit_s))
    )


def lines_of(document: Document, layer: int) -> list[list[list[float]]]:
    store = document.on_layer(layer)
    return [part.tolist() for part in np.split(store.coordinates, store.offsets[1:-1])]


def test_a_step_in_one_new_file_is_found_with_its_schema_and_runs(folder: Path) -> None:
    (folder / "shift.py").write_text(MINIMAL)
    load()
    assert "shift" in STEPS
    assert STEPS["shift"].summary == "Move everything to the right."
    field = STEPS["shift"].params.schema()().fields["by"]
    assert (field.load_default, field.metadata["x-unit"]) == (5.0, "mm")
    shifted = run("shift", drawing(), by=3)
    assert lines_of(shifted, 1)[-1] == [[8, 5]]


def test_a_step_that_cannot_be_loaded_is_reported_and_the_others_work(folder: Path) -> None:
    (folder / "broken.py").write_text("def run(:\n")
    (folder / "shift.py").write_text(MINIMAL)
    load()
    assert {"shift", "join"} <= set(STEPS)
    assert [one.module for one in load_problems()] == ["libraries.plotting.steps.broken"]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("document, *, progress", "document, progress_of", "Shift.run takes (self, document, "),
        (", default=5.0", "", "Shift.by needs a default"),
        ("default=5.0", "default=500.0", "Shift.by has the default 500.0: Must be"),
        ('"""Move everything to the right."""', "", "needs a docstring"),
        ("(Params)", "", "Shift must be a subclass of libraries.fields.Params"),
    ],
)
def test_a_mistake_in_a_step_is_named(folder: Path, old: str, new: str, mistake: str) -> None:
    (folder / "shift.py").write_text(MINIMAL.replace(old, new))
    load()
    assert "shift" not in STEPS
    assert mistake in str(load_problems()[0])


@pytest.mark.parametrize("name", STEPS)
def test_a_step_keeps_page_layers_and_facts_and_does_not_change_its_input(name: str) -> None:
    document, parts = drawing(), list[float]()
    step = STEPS[name].params.load({})
    made = step.run(document, progress=parts.append, deadline=Deadline(60))
    assert made is not document
    assert (made.width, made.height, made.title) == (100, 80, "Two pens")
    assert made.metadata == {"seed": 1}
    assert made.layers == document.layers
    assert lines_of(document, 1) == lines_of(drawing(), 1)
    assert parts == sorted(parts)
    assert parts[-1] == 1


@pytest.mark.parametrize("name", STEPS)
def test_a_step_after_its_deadline_returns_the_drawing_as_it_is(name: str) -> None:
    made = run(name, drawing(), limit_s=0)
    if name != "order":  # orders strokes by one quick rule at least
        assert [lines_of(made, layer) for layer in (0, 1)] == [
            lines_of(drawing(), layer) for layer in (0, 1)
        ]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_takes_a_drawing_without_strokes_and_without_layers(name: str) -> None:
    empty = Document(100, 80)
    assert len(run(name, empty)) == 0
    empty.layer("black")
    assert len(run(name, empty)) == 0


def test_join_joins_strokes_that_meet_and_keeps_dots() -> None:
    assert lines_of(run("join", drawing()), 1) == [[[30, 10], [40, 10], [120, 10]], [[5, 5]]]


def test_join_draws_across_gaps_narrower_than_the_pen() -> None:
    document = Document(100, 80)
    document.add([[(10, 10), (20, 10)], [(20.2, 10), (30, 10)]], document.layer("p", Pen("p")))
    assert len(run("join", document)) == 2
    assert lines_of(run("join", document, gaps=True), 0) == [
        [[10, 10], [20, 10], [20.2, 10], [30, 10]]
    ]


def test_duplicates_removes_what_is_drawn_again() -> None:
    document = Document(100, 80)
    document.add([[(10, 10), (50, 10)], [(70, 10), (30, 10)]], document.layer("p"))
    assert lines_of(run("duplicates", document), 0) == [[[10, 10], [50, 10]], [[70, 10], [50, 10]]]


def test_marks_removes_repeated_vertices_and_covered_dots() -> None:
    document = Document(100, 80)
    lines = [[(1, 1), (1, 1), (9, 1)], [(9, 1)], [(3, 3), (3, 3)], [(3, 3)]]
    document.add(lines, document.layer("p"))
    assert lines_of(run("marks", document), 0) == [[[1, 1], [9, 1]], [[3, 3]]]


def test_passes_draw_to_and_fro_without_lifting() -> None:
    document = Document(100, 80)
    document.add([[(1, 1), (9, 1)], [(5, 5)]], document.layer("p"))
    thrice = run("passes", document, count=3)
    assert lines_of(thrice, 0) == [[[1, 1], [9, 1], [1, 1], [9, 1]], [[5, 5]]]


def test_order_reverses_strokes_where_that_is_shorter() -> None:
    assert [(line[0], line[-1]) for line in lines_of(run("order", drawing()), 0)] == [
        ([0, 0], [30, 0]),
        ([80, 70], [90, 70]),
    ]


def test_order_keeps_the_given_order_where_that_is_shorter() -> None:
    document = Document(100, 80)
    rows = [[(0, 0), (30, 0)], [(30, 9), (0, 9)], [(0, 5), (1, 5)]]
    document.add(rows, document.layer("black"))
    given = document.strokes().travels(HOME).sum()
    assert run("order", document).strokes().travels(HOME).sum() <= given


def test_simplify_removes_vertices_within_the_tolerance() -> None:
    assert lines_of(run("simplify", drawing()), 0)[1] == [[0, 0], [30, 0]]
    assert len(lines_of(run("simplify", drawing(), tolerance=0.005), 0)[1]) == 2


def test_crop_cuts_at_the_margin() -> None:
    assert lines_of(run("crop", drawing(), margin=35), 1) == [[]]
    assert lines_of(run("crop", drawing()), 1)[1] == [[40, 10], [100, 10]]
    assert len(run("crop", drawing(), margin=40)) == 0
