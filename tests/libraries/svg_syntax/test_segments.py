"""Tests of many paths at once, compared with their commands one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.geometry.arrays import Floats
from libraries.svg_syntax.outlines import lines_of_path
from libraries.svg_syntax.segments import flattened_texts
from libraries.svg_syntax.tokens import tokenized, with_flags

FEW = settings(max_examples=60, deadline=None)
TOLERANCE = 0.05
SIZES = {"L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "M": 2, "Z": 0}
NUMBERS = st.one_of(
    st.integers(-99, 99).map(str),
    st.floats(-99, 99).map(lambda number: f"{number:.3f}"),
    st.sampled_from(["-.5", ".25", "+3", "2.", "-0", "007"]),
)
SEPARATORS = st.sampled_from([" ", ",", " , ", "\n"])


@st.composite
def commands(draw: st.DrawFn) -> str:
    letter = draw(st.sampled_from("LHVCSQTMZA"))
    text = draw(st.sampled_from([letter, letter.lower()]))
    for turn in range(draw(st.integers(1, 2)) if letter != "Z" else 0):
        between = draw(SEPARATORS)
        if letter == "A":
            radii = between.join(str(draw(st.integers(1, 50))) for _ in range(2))
            flags = draw(st.sampled_from(["01", "0 1", "1,0", "11", "0 0"]))
            ends = between.join(draw(NUMBERS) for _ in range(2))
            tilt = draw(st.integers(0, 90))
            text += (between if turn else "") + f"{radii} {tilt} {flags}{between}{ends}"
        else:
            numbers = [draw(NUMBERS) for _ in range(SIZES[letter])]
            text += (between if turn else "") + between.join(numbers)
    return text


PATHS = st.builds(
    lambda start, rest: start + "".join(rest),
    st.sampled_from(["M1 2", "m-3,4", "M1 2 3 4", "m5 5 6 6"]),
    st.lists(commands(), max_size=6),
)


def strokes_of(*texts: str) -> list[list[Floats]]:
    data = [with_flags(text) for text in texts]
    found, left_out = flattened_texts(
        [text for text in data if text is not None], np.full(len(data), TOLERANCE)
    )
    assert left_out == []
    lines = np.split(found.points, np.cumsum(found.counts)[:-1]) if len(found.counts) else []
    return [
        [line for line, path in zip(lines, found.paths, strict=True) if path == number]
        for number in range(len(texts))
    ]


def without_steps_of_rounding(line: Floats) -> Floats:
    kept = np.append(True, np.abs(np.diff(line, axis=0)).max(axis=1, initial=0.0) > 1e-7)
    left: Floats = line[kept]
    return left


@FEW
@given(st.lists(PATHS, min_size=1, max_size=4))
def test_paths_are_flattened_together_as_one_by_one(texts: list[str]) -> None:
    for text, strokes in zip(texts, strokes_of(*texts), strict=True):
        expected = lines_of_path(text, TOLERANCE)
        assert len(strokes) == len(expected)
        for one, other in zip(strokes, expected, strict=True):
            # Sums of relative coordinates are rounded in another order there.
            assert np.allclose(one[[0, -1]], other[[0, -1]], atol=1e-6)
            assert len(one) == pytest.approx(len(other), abs=2)
            near, far = without_steps_of_rounding(one), without_steps_of_rounding(other)
            if len(near) == len(far):
                assert np.allclose(near, far, atol=1e-5)


@FEW
@given(st.lists(NUMBERS, min_size=2, max_size=2), SEPARATORS)
def test_numbers_are_those_of_python(texts: list[str], separator: str) -> None:
    tokens, left_out = tokenized([f"M{separator.join(texts)}"])
    assert left_out == []
    assert tokens.numbers.tolist() == [float(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "M1", "M1 2 3", "M1 2L", "M1 2Z3", "M,1 2", "M1,,2", "M1 2,", "M1 2L,3 4", "M1 2 L3 4,z", "M- 2 3", "M1 -", "M1 2 .",
        "M1e2 3", "M1 2#", "M1 2Lé3 4", "M1 123456789", "M1.123456789 2", "M1 +-2",
    ],
)  # fmt: skip
def test_malformed_and_unusual_paths_are_left_out(text: str) -> None:
    _, left_out = tokenized(["M0 0L1 1", text, "M2 2h3"])
    assert left_out == [1]


def test_flags_of_arcs_need_no_separators() -> None:
    many = "a1 1 0 01.5.5" + " 1 1 0 11.5.5" * 5
    for text in ("M0 0a4 4 0 015 5", "M0 0A4 4 0 1 0-5-5z", f"M0 0{many}"):
        ((found,),) = strokes_of(text)
        (expected,) = lines_of_path(text, TOLERANCE)
        assert np.allclose(found, expected, atol=1e-6)
    assert with_flags("M0 0a4 4 0 2 1 5 5") is None
    assert with_flags("M0 0a4 4 0 1") is None


def test_subpaths_without_segments_are_no_strokes() -> None:
    strokes = strokes_of("m1 2", "M1 2M3 4h1", "M1 2z", "M0 0h1zl2 2", "M0 0h1v1h-1v-1z")
    assert [[len(line) for line in lines] for lines in strokes] == [[], [2], [2], [3, 2], [5]]
