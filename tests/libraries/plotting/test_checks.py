"""Tests of the check list before plotting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.plotting import PLOTTERS
from libraries.plotting.checks import Check, PlotChecks

Line = list[tuple[float, float]]


def checked(
    *lines: Line, plotter: str = "saxi", width: float = 0.3, page: tuple[float, float] = (200, 100)
) -> dict[str, dict[str, Any]]:
    document = Document(*page)
    document.add(lines, document.layer("ink", Pen("ink", width=width)))
    return records(document, plotter)


def records(document: Document, plotter: str = "saxi") -> dict[str, dict[str, Any]]:
    return {one.name: one.as_record() for one in PlotChecks(document, PLOTTERS[plotter]).all()}


def hatching(spacing: float, count: int = 40) -> Iterable[Line]:
    return [[(20, 20 + spacing * row), (80, 20 + spacing * row)] for row in range(count)]


def levels(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: one["level"] for name, one in found.items() if one["level"] != "ok"}


def test_a_plain_drawing_has_nothing_to_correct() -> None:
    found = checked([(10, 10), (190, 90)])
    assert levels(found) == {}
    assert found["ink"]["metres"] == 0.197


def test_ink_off_the_page_is_found_with_its_length_and_places() -> None:
    found = checked([(190, 50), (220, 50)], [(10, 10), (50, 10)])["off-page"]
    assert (found["level"], found["strokes"], found["mm"]) == ("warning", 1, 19.999)
    assert found["places"] == [[220, 50]]


@pytest.mark.parametrize(("width", "level"), [(0.3, "ok"), (0.8, "warning")])
def test_more_ink_than_a_full_coat_is_too_dense(width: float, level: str) -> None:
    found = checked(*hatching(0.5), width=width)["too-dense"]
    assert (found["level"], found["mm2_per_cm2"], found["limit"]) == (level, 200 * width, 100)
    assert bool(found["places"]) is (level == "warning")


def test_lines_closer_together_than_the_pen_is_wide_are_found() -> None:
    found = checked(*hatching(0.2))["close-lines"]
    # All but the outer lines.
    assert found["level"] == "warning"
    assert found["share"] == pytest.approx(38 / 40, abs=0.01)
    assert found["layer"] == "ink"
    places = np.array(found["places"])
    assert ((places >= 20) & (places <= 80)).all()


def test_a_zigzag_that_turns_back_within_the_pens_width_is_found() -> None:
    zigzag: Line = []
    for row in range(40):
        ends = [(20.0, 20 + 0.2 * row), (80.0, 20 + 0.2 * row)]
        zigzag += ends if row % 2 else ends[::-1]
    assert checked(zigzag)["close-lines"]["share"] > 0.9


@pytest.mark.parametrize(
    "lines",
    [
        list(hatching(0.4)),
        # Bold: a line and its double.
        list(hatching(0.2, count=2)),
        # Drawn again in its place.
        [[(20, 20), (80, 20)]] * 3,
        # Crossings.
        [[(x, 10.0), (x, 90.0)] for x in range(20, 80)]
        + [[(10.0, y), (90.0, y)] for y in range(20, 80)],
    ],
    ids=["spaced", "bold", "repeated", "crossed"],
)
def test_lines_that_do_not_merge_are_not_close(lines: list[Line]) -> None:
    assert checked(*lines)["close-lines"]["level"] == "ok"


def test_open_strokes_too_short_to_be_meant_are_specks() -> None:
    dot: Line = [(10, 10)]
    ring: Line = [(30, 30), (30.5, 30), (30.5, 30.5), (30, 30)]
    found = checked(dot, ring, [(50, 50), (50.8, 50)], [(60, 60), (62, 60)])["specks"]
    assert (found["level"], found["count"], found["places"]) == ("note", 1, [[50, 50]])


@pytest.mark.parametrize(
    ("page", "end", "level"),
    # The reach is 300 x 218 mm, upright or turned.
    [((218, 300), 190, "ok"), ((297, 420), 190, "note"), ((297, 420), 410, "warning")],
)
def test_the_page_and_the_drawing_must_be_in_reach(
    page: tuple[float, float], end: float, level: str
) -> None:
    assert checked([(10, 10), (10, end)], page=page)["reach"]["level"] == level


@pytest.mark.parametrize(("plotter", "by_hand"), [("saxi", 1), ("hp7475a", 0)])
def test_a_person_changes_the_pens_of_a_machine_with_one_holder(plotter: str, by_hand: int) -> None:
    document = Document(200, 100)
    for number, colour in enumerate(("#000000", "#c43d1e")):
        pen = document.layer(colour, Pen(colour, colour))
        document.add([[(10, 10 + number), (50, 10 + number)]], pen)
    found = records(document, plotter)["pen-changes"]
    assert (found["count"], found["by_hand"]) == (1, by_hand)
    assert found["level"] == ("note" if by_hand else "ok")


def test_many_places_are_cut_and_near_ones_are_one() -> None:
    specks: list[Line] = [[(x, y), (x + 0.5, y)] for x in range(5, 195, 2) for y in range(5, 95, 2)]
    found = checked(*specks)["specks"]
    assert found["count"] == len(specks)
    assert len(found["places"]) == Check.MAX_PLACES
