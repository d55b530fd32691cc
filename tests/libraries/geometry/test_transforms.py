"""Tests of affine transforms and of fitting drawings into boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from libraries.errors import UnknownName
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import (
    ACROSS,
    DOWN,
    FITS,
    Fit,
    Matrix,
    applied,
    combined,
    determinant,
    fitting,
    identity,
    inverse,
    magnification,
    matrix,
    rotation,
    scaling,
    skewing,
    translation,
)
from tests.errors import raises_code

NUMBERS = st.floats(-20, 20, allow_nan=False)
MATRICES = st.builds(matrix, *[NUMBERS] * 6)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6).map(np.array)
SIDES = st.floats(1, 500)
BOXES = st.builds(
    lambda left, top, width, height: Rectangle(left, top, left + width, top + height),
    NUMBERS,
    NUMBERS,
    SIDES,
    SIDES,
)


@given(MATRICES, MATRICES, POINTS)
def test_combined_transforms_are_applied_last_first(
    outer: Matrix, inner: Matrix, points: Matrix
) -> None:
    assert np.allclose(
        applied(combined(outer, inner), points), applied(outer, applied(inner, points)), atol=1e-6
    )


@given(MATRICES, POINTS)
def test_the_inverse_undoes_a_transform(made: Matrix, points: Matrix) -> None:
    assume(abs(determinant(made)) > 1e-2)
    assert np.allclose(applied(inverse(made), applied(made, points)), points, atol=1e-6)


@given(MATRICES, POINTS)
def test_no_length_grows_by_more_than_the_magnification(made: Matrix, points: Matrix) -> None:
    before, after = np.diff(points, axis=0), np.diff(applied(made, points), axis=0)
    assert (np.hypot(*after.T) <= magnification(made) * np.hypot(*before.T) + 1e-6).all()


@given(st.floats(-720, 720), POINTS)
def test_a_rotation_keeps_lengths_and_its_centre(degrees: float, points: Matrix) -> None:
    turned = applied(rotation(degrees, (3, 4)), points)
    assert np.allclose(np.hypot(*(turned - (3, 4)).T), np.hypot(*(points - (3, 4)).T))


def test_each_transform_does_what_its_name_says() -> None:
    point = np.array([[2.0, 1.0]])
    assert applied(identity(), point).tolist() == [[2, 1]]
    assert applied(translation(5, -1), point).tolist() == [[7, 0]]
    assert applied(scaling(2), point).tolist() == [[4, 2]]
    assert applied(scaling(2, 3, (1, 1)), point).tolist() == [[3, 1]]
    assert np.allclose(applied(rotation(90), point), [[-1, 2]]), "clockwise, as y points down"
    assert np.allclose(applied(skewing(45), point), [[3, 1]])
    assert np.allclose(applied(skewing(0, 45), point), [[2, 3]])
    assert applied(matrix(1, 2, 3, 4, 5, 6), point).tolist() == [[10, 14]]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e7])
def test_numbers_that_are_not_finite_or_too_large_are_rejected(number: float) -> None:
    for make in (translation, scaling, lambda x, y: matrix(1, 0, x, 1, 0, y)):
        with raises_code("bad-transform"):
            make(number, 1)
    if not math.isfinite(number):
        with raises_code("bad-transform"):
            rotation(number)


def test_singular_transforms_have_no_inverse() -> None:
    with raises_code("bad-transform"):
        inverse(scaling(0, 1))


@given(
    BOXES, BOXES, st.sampled_from(FITS), st.sampled_from(list(ACROSS)), st.sampled_from(list(DOWN))
)
def test_fitting_respects_the_fit_and_the_alignment(
    source: Rectangle, box: Rectangle, fit: Fit, align: str, vertical: str
) -> None:
    made = fitting(source, box, fit, align=align, vertical=vertical)  # type: ignore[arg-type]
    (left, top), (right, bottom) = applied(
        made, np.array([(source.left, source.top), (source.right, source.bottom)])
    ).tolist()
    across, down = (right - left) / box.width, (bottom - top) / box.height
    near = pytest.approx
    if fit == "contain":
        assert max(across, down) == near(1)
    if fit == "cover":
        assert min(across, down) == near(1)
    if fit == "fill":
        assert (across, down) == (near(1), near(1))
    if fit == "none":
        assert (right - left, bottom - top) == (near(source.width), near(source.height))
    if fit in ("contain", "cover"):
        assert (right - left) / source.width == near((bottom - top) / source.height)
    gaps = {
        "left": left - box.left,
        "right": right - box.right,
        "center": left + right - box.left - box.right,
    }
    assert gaps[align] == near(0, abs=1e-6)
    gaps = {
        "top": top - box.top,
        "bottom": bottom - box.bottom,
        "middle": top + bottom - box.top - box.bottom,
    }
    assert gaps[vertical] == near(0, abs=1e-6)


def test_a_line_without_height_is_fitted_by_its_width() -> None:
    made = fitting(Rectangle(0, 5, 10, 5), Rectangle(0, 0, 20, 20))
    assert applied(made, np.array([(0.0, 5.0), (10.0, 5.0)])).tolist() == [[0, 10], [20, 10]]


def test_sources_without_a_size_and_unknown_words_are_rejected() -> None:
    page = Rectangle(0, 0, 10, 10)
    for source, box in ((Rectangle(1, 1, 1, 1), page), (page, Rectangle(0, 0, 0, 5))):
        with raises_code("bad-transform"):
            fitting(source, box)
    for words in ({"fit": "squeeze"}, {"align": "middle"}, {"vertical": "center"}):
        with pytest.raises(UnknownName):
            fitting(page, page, **words)  # type: ignore[arg-type]
