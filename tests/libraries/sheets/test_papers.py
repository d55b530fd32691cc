"""Paper sizes and rejected papers."""

from __future__ import annotations

import math

import pytest

from libraries.errors import UnknownName
from libraries.sheets.papers import PAPERS, Paper, page_size
from tests.errors import raises_code


@pytest.mark.parametrize("family", ["a", "b"])
@pytest.mark.parametrize("number", range(1, 8))
def test_an_iso_paper_is_half_of_the_next_larger_one(family: str, number: int) -> None:
    larger, paper = PAPERS[f"{family}{number - 1}"], PAPERS[f"{family}{number}"]
    assert paper.height == larger.width
    assert paper.width == larger.height // 2


@pytest.mark.parametrize("number", range(8))
def test_an_iso_b_paper_is_the_geometric_mean_of_its_neighbours_in_a(number: int) -> None:
    if number == 0:
        assert (PAPERS["b0"].width, PAPERS["b0"].height) == (1000, 1414)
    else:
        for side in ("width", "height"):
            mean = math.sqrt(
                getattr(PAPERS[f"a{number}"], side) * getattr(PAPERS[f"a{number - 1}"], side)
            )
            assert getattr(PAPERS[f"b{number}"], side) == pytest.approx(mean, abs=1)


@pytest.mark.parametrize(
    ("name", "inches"),
    [
        ("letter", (8.5, 11)), ("ansi_a", (8.5, 11)), ("ansi_b", (11, 17)), ("ansi_c", (17, 22)), ("ansi_d", (22, 34)),
        ("ansi_e", (34, 44)), ("legal", (8.5, 14)), ("tabloid", (11, 17)), ("executive", (7.25, 10.5)), ("arch_a", (9, 12)),
        ("arch_b", (12, 18)), ("arch_c", (18, 24)), ("arch_d", (24, 36)), ("arch_e", (36, 48)), ("postcard_4x6", (4, 6)),
        ("postcard_us", (4.25, 6)),
    ],
)  # fmt: skip
def test_a_paper_measured_in_inches_has_its_true_size(
    name: str, inches: tuple[float, float]
) -> None:
    assert page_size(name) == pytest.approx([side * 25.4 for side in inches], abs=1e-9)


def test_a_paper_can_be_landscape() -> None:
    assert page_size("a4") == (210, 297)
    assert page_size("A4", "landscape") == (297, 210)


def test_an_unknown_paper_or_orientation_is_rejected_with_the_choices() -> None:
    with pytest.raises(UnknownName, match="letter"):
        page_size("a44")
    with pytest.raises(UnknownName, match="landscape"):
        page_size("a4", "sideways")  # type: ignore[arg-type]


@pytest.mark.parametrize("sides", [(2, 1), (0, 1), (1, 2001), (math.nan, 1), (1, math.inf)])
def test_a_landscape_paper_and_one_without_a_size_are_rejected(sides: tuple[float, float]) -> None:
    with raises_code("bad-page"):
        Paper("x", "X", "custom", *sides)
