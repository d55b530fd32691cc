"""Tests of certificates, and of the example that checks them from two files."""

from __future__ import annotations

import copy
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libraries.plotting import Plan, optimise
from libraries.plotting.certificate import strokes_sha256
from libraries.plotting.comparison import Comparison
from libraries.plotting.routes import estimated_gap
from libraries.svg_builder import write_svg
from tests.conftest import REPOSITORY
from tests.libraries.plotting.plans import document_of, lines_of, one_pen

# The example has no annotations.
check_certificate: Any = importlib.import_module("examples.check_certificate")
Layers = list[list[list[tuple[float, float]]]]
Record = dict[str, Any]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return a plan with duplicates, joins, a closed stroke, a dot, two pens and a bound."""
    rng = np.random.default_rng(4)
    starts = rng.uniform(5, 70, (25, 2))
    short = np.stack((starts, starts + rng.uniform(1, 5, (25, 2))), axis=1).tolist()
    drawn = [(0, line) for line in short] + [(0, short[3][::-1]), (0, [(7.0, 7.0)])]
    drawn += [(1, [(80, 10), (90, 10), (90, 20), (80, 10)]), (1, [(80, 30), (85, 30)])]
    drawn += [(1, [(85.03, 30), (90, 40)]), (1, [(60, 70), (65, 70), (66, 70.01), (70, 70)])]
    return optimise(document_of(drawn), effort="normal", simplify=0.02)


@pytest.fixture(scope="module")
def files(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("plan")
    for name, document in (("before", plan.certificate.before), ("after", plan.document)):
        with (folder / f"{name}.svg").open("wb") as file:
            write_svg(document, file.write)
    return folder / "before.svg", folder / "after.svg"


@pytest.fixture
def checked(plan: Plan, files: tuple[Path, Path]) -> tuple[Layers, Layers, Record]:
    """Return both drawings as the example reads them, and the certificate."""
    before, after = map(check_certificate.read, files)
    return before, after, plan.certificate.as_record()


def test_the_example_confirms_a_certificate_from_the_two_files(
    plan: Plan, files: tuple[Path, Path]
) -> None:
    script = REPOSITORY / "examples" / "check_certificate.py"
    record = json.dumps(plan.certificate.as_record())
    done = subprocess.run(
        [sys.executable, script, *files], input=record, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "the certificate holds\n"), done.stderr


def test_the_example_is_short() -> None:
    script = REPOSITORY / "examples" / "check_certificate.py"
    assert len(script.read_text().splitlines()) < 120


def honest(before: Layers, after: Layers, record: Record) -> Record:
    """Return the certificate with the figures that a forger can make right."""
    record = copy.deepcopy(record)
    for name, hashed, layers in (("before", "input", before), ("after", "output", after)):
        document = document_of([(i, line) for i, layer in enumerate(layers) for line in layer])
        strokes = document.strokes()
        record[f"{hashed}_sha256"] = strokes_sha256(document)
        record["lifts"][name] = len(document)
        record["pen_up_mm"][name] = round(float(strokes.travels((0, 0)).sum()), 3)
        record["ink_mm"][name] = round(float(strokes.lengths.sum()), 3)
    bound = record["pen_up_mm"]["bound"]
    record["gap"] = record["pen_up_mm"]["after"] / bound - 1
    record["lifts"]["minimum"] = sum(map(check_certificate.least_lifts, after))
    return record


def wrong(before: Layers, after: Layers, record: Record) -> set[str]:
    return set(check_certificate.wrong_members(before, after, record))


def test_a_deleted_stroke_is_found(checked: tuple[Layers, Layers, Record]) -> None:
    before, after, record = checked
    del after[0][4]
    assert {"output_sha256", "lifts.after", "ink_mm.after"} <= wrong(before, after, record)
    forged = honest(before, after, record)
    forged["pen_up_mm"]["penalties"] = [None] * len(after)
    forged["pen_up_mm"]["bound"], forged["gap"] = 0, None
    assert wrong(before, after, forged) == {"ink_mm", "deviation_mm"}


def test_a_stroke_that_is_moved_is_found(checked: tuple[Layers, Layers, Record]) -> None:
    before, after, record = checked
    after[0][4] = [(round(x + 0.2, 3), y) for x, y in after[0][4]]
    assert wrong(before, after, honest(before, after, record)) >= {"deviation_mm"}


def test_a_changed_penalty_is_found(checked: tuple[Layers, Layers, Record]) -> None:
    before, after, record = checked
    assert not wrong(before, after, record)
    record["pen_up_mm"]["penalties"][0][2] += 1.0
    assert wrong(before, after, record) == {"pen_up_mm.bound"}


@pytest.mark.parametrize("member", ["before", "after", "minimum"])
def test_a_claim_of_one_lift_less_is_found(
    checked: tuple[Layers, Layers, Record], member: str
) -> None:
    before, after, record = checked
    record["lifts"][member] -= 1
    assert wrong(before, after, record) == {f"lifts.{member}"}


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("pen_up_mm.after", -1.0),
        ("pen_up_mm.bound", 1.0),
        ("gap", -0.01),
        ("ink_mm.before", 1.0),
        ("ink_mm.joins", 1.0),
        ("deviation_mm", 5.0),
    ],
)
def test_a_wrong_figure_is_found(
    checked: tuple[Layers, Layers, Record], path: str, change: float
) -> None:
    before, after, record = checked
    *parents, name = path.split(".")
    holder = record[parents[0]] if parents else record
    holder[name] += change
    assert wrong(before, after, record)


def test_a_stroke_of_another_pen_is_found(checked: tuple[Layers, Layers, Record]) -> None:
    before, after, record = checked
    after[1].append(after[0].pop())
    assert "deviation_mm" in wrong(before, after, honest(before, after, record))


def test_drawings_are_compared_by_distance_and_by_pixels() -> None:
    before = one_pen([(10, 10), (60, 10)], [(10, 30), (60, 30)])
    assert (
        Comparison(before, before).deviation_mm(),
        Comparison(before, before).changed_ink(),
    ) == (0, 0)
    moved = one_pen([(60, 10), (10, 10)], [(10, 30.2), (60, 30.2)])
    assert Comparison(before, moved).deviation_mm() == pytest.approx(0.2)
    assert 0 < Comparison(before, moved).changed_ink() < 0.3
    shorter = one_pen([(10, 10), (60, 10)])
    assert Comparison(before, shorter).deviation_mm() == pytest.approx(20)
    assert Comparison(before, shorter).changed_ink() == pytest.approx(0.5, abs=0.05)


def test_the_hash_does_not_depend_on_the_layers_without_strokes() -> None:
    assert lines_of(one_pen([(1, 1), (2, 2)]), 0) == [[(1, 1), (2, 2)]]
    line = [(1.0, 1.0), (2.0, 2.0)]
    hashes = {strokes_sha256(document_of([(layer, line)])) for layer in (0, 1)}
    assert len(hashes) == 1


def test_the_gap_of_a_large_drawing_is_estimated_from_parts_of_it() -> None:
    places = np.stack(np.meshgrid(np.arange(15.0), np.arange(10.0)), axis=-1).reshape(-1, 2) * 5
    document = one_pen(*([tuple(at), (at[0] + 2, at[1])] for at in places.tolist()))
    estimated = estimated_gap(document, max_strokes=100, blocks=2, block=60, steps=20)
    assert estimated is not None
    assert estimated >= 0
    assert estimated_gap(document) is None
