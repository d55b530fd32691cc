"""Tests of documents and stroke arrays."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.errors import UnknownName
from libraries.geometry.document import Document, StrokeArray
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.geometry.transforms import translation
from tests.errors import raises_code
from tests.libraries.geometry.shapes import LINES, Point, flat

RED = Pen("red", "#cc0000", 0.5)


def page(*lines: list[Point]) -> Document:
    document = Document(100, 50)
    document.add(lines, document.layer("ink"))
    return document


@given(st.lists(LINES, max_size=4))
def test_strokes_added_in_pieces_keep_their_order(pieces: list[list[list[Point]]]) -> None:
    store, every = StrokeArray(), []
    for number, lines in enumerate(pieces):
        store.add(lines, number)
        every += [(line, number) for line in lines]
        assert len(store) == len(store.layers) == len(every)
    assert np.array_equal(store.coordinates, flat([line for line, _ in every])[0])
    assert np.array_equal(store.offsets, flat([line for line, _ in every])[1])
    assert store.layers.tolist() == [number for _, number in every]
    assert store.vertices == len(store.coordinates)


def test_empty_strokes_are_dropped() -> None:
    store = StrokeArray()
    store.extend([(1, 1), (2, 2)], [0, 0, 2, 2])
    store.add([])
    assert (len(store), store.offsets.tolist()) == (1, [0, 2])


@pytest.mark.parametrize(
    "bad",
    [
        [[(0, math.nan)]],
        [[(0, math.inf)]],
        [[(0, 1e7)]],
        [[("a", "b")]],
        [[(1, 2, 3)]],
        [[1]],
        [5, "x"],
        [[(0, 10**400)]],
    ],
)
def test_invalid_coordinates_are_rejected_without_changing_the_drawing(
    bad: list[list[Point]],
) -> None:
    document = page([(0, 0), (1, 1)])
    with raises_code("bad-strokes"):
        document.add(bad, 0)
    assert len(document) == 1


@pytest.mark.parametrize("size", [(0, 1), (1, -1), (math.nan, 1), (1, math.inf)])
def test_a_page_without_a_valid_size_is_rejected(size: tuple[float, float]) -> None:
    with raises_code("bad-strokes"):
        Document(*size)


def test_a_million_vertices_need_no_python_objects() -> None:
    points = np.random.default_rng(1).random((1_000_000, 2))
    tracemalloc.start()
    document = Document(1, 1)
    document.extend(points, np.arange(0, 1_000_001, 100), document.layer("ink"))
    strokes = document.strokes()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    assert strokes.coordinates is points


def test_layers_are_found_by_name_and_keep_their_pens() -> None:
    document = Document(10, 10)
    assert [
        document.layer("a", RED),
        document.layer("b"),
        document.layer("a"),
        document.layer("a", RED),
    ] == [0, 1, 0, 0]
    assert document.pens == (RED, Pen("b"))
    with raises_code("layer-taken"):
        document.layer("a", Pen("blue"))


@pytest.mark.parametrize("name", ["", "x" * 101, None, 5])
def test_a_layer_needs_a_name(name: str) -> None:
    with raises_code("bad-layer"):
        Document(1, 1).layer(name)


def test_the_number_of_layers_is_limited() -> None:
    document = Document(1, 1)
    for number in range(256):
        document.layer(str(number))
    with raises_code("bad-layer"):
        document.layer("one more")


def test_strokes_on_unknown_layers_are_rejected() -> None:
    with pytest.raises(UnknownName):
        Document(1, 1).add([[(0, 0)]], 0)
    with pytest.raises(UnknownName):
        page().extend([(0, 0)], [0, 1], [1])


def test_a_document_has_a_bounding_box_and_strokes() -> None:
    document = page([(1, 2), (5, 2)], [(3, 9)])
    assert document.bounding_box() == Rectangle(1, 2, 5, 9)
    assert document.strokes().lengths.tolist() == [4, 0]
    assert page().bounding_box() is None


def test_transforming_returns_a_new_document() -> None:
    document = page([(1, 2), (5, 2)])
    moved = document.transformed(translation(1, 1))
    assert moved.store.coordinates.tolist() == [[2, 3], [6, 3]]
    assert document.store.coordinates.tolist() == [[1, 2], [5, 2]]
    assert moved.layers == document.layers
    with raises_code("bad-strokes"):
        moved.transformed(translation(999_999, 0))


def test_a_page_is_fitted_into_a_box() -> None:
    placed = page([(0, 0), (100, 50)]).fitted(Rectangle(10, 10, 30, 30))
    assert placed.bounding_box() == Rectangle(10, 15, 30, 25)
    ink = page([(40, 20), (60, 20)])
    assert ink.fitted(
        Rectangle(0, 0, 10, 10), source=ink.bounding_box()
    ).bounding_box() == Rectangle(0, 5, 10, 5)


def test_a_clipped_drawing_keeps_the_layers_of_its_strokes() -> None:
    document = Document(100, 50)
    document.layer("a"), document.layer("b", RED)
    document.add([[(-5, 5), (5, 5)]], 0)
    document.add([[(-9, 9), (-8, 9)], [(5, 5), (5, 99)]], 1)
    for cut in (
        document.clipped(document.page),
        document.clipped([[(0, 0), (100, 0), (100, 50), (0, 50)]]),
    ):
        assert cut.store.layers.tolist() == [0, 1]
        assert np.allclose(cut.store.coordinates, [(0, 5), (5, 5), (5, 5), (5, 50)])
        assert cut.pens == document.pens
    assert document.on_layer(1).coordinates.tolist() == [[-9, 9], [-8, 9], [5, 5], [5, 99]]
