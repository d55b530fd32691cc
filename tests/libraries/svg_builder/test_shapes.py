"""Tests of the SVG builder: curves, hatching, layers, clips and placed drawings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from defusedxml import ElementTree
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.plotting import plan, statistics
from libraries.svg_builder import Hatching, SVGBuilder, hatch_lines
from libraries.svg_reader import read_svg
from tests.errors import raises_code

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
SQUARE = [(10, 10), (30, 10), (30, 30), (10, 30)]
RED = Pen("red", "#cc0000", 0.5)


def card() -> SVGBuilder:
    return SVGBuilder(210, 148)


def lines(svg: SVGBuilder, tolerance: float = 0.02) -> list[NDArray[np.float64]]:
    strokes = svg.strokes(tolerance=tolerance)
    return np.split(strokes.coordinates, strokes.offsets[1:-1])


def drawn_mm(svg: SVGBuilder) -> float:
    return float(svg.strokes().lengths.sum())


def written_and_read(svg: SVGBuilder) -> Document:
    return read_svg(svg.to_string(), tolerance=0.002).document


def test_every_shape_has_strokes_of_its_length() -> None:
    for svg, mm in (
        (card().line(0, 0, 3, 4), 5),
        (card().rect(10, 10, 20, 10), 60),
        (card().rect(10, 10, 20, 10, radius=5), 20 + 2 * math.pi * 5),
        (card().circle(50, 50, 10), 2 * math.pi * 10),
        (card().ellipse(50, 50, 20, 10), 96.884),
        (card().arc(50, 50, 10, -30, 60), math.pi * 5),
        (card().polyline([(0, 0), (3, 4), (3, 5)]), 6),
        (card().polygon([(0, 0), (3, 0), (3, 4)]), 12),
        (card().path("M0 0h10v10zm20 0l0 5"), 20 + math.sqrt(200) + 5),
        (card().cubic_bezier([(0, 0), (0, 1), (0, 2), (0, 3)]), 3),
        (card().quadratic_bezier([(0, 0), (5, 10), (10, 0)]), 14.789),
        (card().polylines([[(0, 0), (1, 0)], [(5, 5), (5, 7)]]), 3),
    ):
        assert drawn_mm(svg) == pytest.approx(mm, rel=2e-3)


def test_the_svg_and_the_strokes_are_the_same_drawing() -> None:
    svg = card().begin_group(transform="translate(30 20) rotate(20) scale(2 .5)")
    svg.arc(20, 20, 10, 10, 350).arc(20, 20, 5, 0, -200).rect(
        1, 2, 30, 10, radius=3, transform="skewX(10)"
    ).circle(5, 5, 4)
    svg.cubic_bezier([(0, 0), (10, 30), (20, -30), (30, 0), (40, 20), (50, 0), (60, 10)]).polygon(
        SQUARE
    )
    svg.quadratic_bezier([(0, 40), (10, 60), (20, 40)]).hershey_text(
        10, 50, "Strokes", 0.5
    ).end_group()
    svg.path(
        "M100 50 a20 10 30 1 0 15 5 s10 10 20 0 t10 10 q5 5 10 0 t10 0",
        transform="rotate(10 100 50)",
    )
    mine, theirs = svg.document(tolerance=0.002), written_and_read(svg)
    assert len(mine) == len(theirs)
    box, again = mine.bounding_box(), theirs.bounding_box()
    assert box is not None
    assert again is not None
    for side in ("left", "top", "right", "bottom"):
        assert getattr(box, side) == pytest.approx(getattr(again, side), abs=0.02)
    assert mine.strokes().lengths == pytest.approx(theirs.strokes().lengths, rel=1e-3, abs=0.05)


def test_flattened_curves_are_within_the_tolerance_with_few_vertices() -> None:
    for tolerance in (0.2, 0.02, 0.002):
        (ring,) = lines(card().circle(100, 70, 50), tolerance)
        middles = (ring[1:] + ring[:-1]) / 2
        assert (50 - np.hypot(*(middles - (100, 70)).T)).max() <= tolerance * 1.0001
        assert len(ring) < 3 * math.pi / math.acos(1 - tolerance / 50)
        assert (ring[0] == ring[-1]).all()
    (scaled,) = lines(card().begin_group(transform="scale(10)").circle(10, 7, 5).end_group(), 0.02)
    (plain,) = lines(card().circle(100, 70, 50), 0.02)
    assert len(scaled) == len(plain), "the tolerance holds on paper"


def test_an_arc_has_at_most_one_turn_in_either_direction() -> None:
    (clockwise,) = lines(card().arc(50, 50, 10, 0, 90))
    assert np.allclose(clockwise[[0, -1]], [(60, 50), (50, 60)])
    (against,) = lines(card().arc(50, 50, 10, 0, -90))
    assert np.allclose(against[[0, -1]], [(60, 50), (50, 40)])
    assert drawn_mm(card().arc(50, 50, 10, 0, 9999)) == pytest.approx(20 * math.pi, rel=1e-3)
    whole = card().arc(100, 70, 60, 0, 359.99)
    assert written_and_read(whole).strokes().lengths.sum() == pytest.approx(120 * math.pi, rel=1e-3)


@pytest.mark.parametrize("number", [math.nan, math.inf, "5", None, 1e9, 10**400, [1]])
def test_invalid_numbers_of_curves_are_rejected(number: Any) -> None:
    svg = card()
    calls: list[Callable[[], object]] = [
        lambda: svg.arc(0, 0, 1, number, 5),
        lambda: svg.arc(0, 0, number, 0, 5),
        lambda: svg.cubic_bezier([(0, 0), (1, 1), (number, 1), (2, 2)]),
        lambda: svg.quadratic_bezier([(0, 0), (1, number), (1, 1)]),
        lambda: svg.begin_clip([(0, 0), (1, number), (1, 1)]),
    ]
    for draw in calls:
        with pytest.raises(InvalidInput):
            draw()
    assert svg.to_string() == card().to_string()


@pytest.mark.parametrize("count", [2, 3, 5, 6])
def test_an_incomplete_bezier_curve_is_rejected(count: int) -> None:
    with raises_code("bad-number"):
        card().cubic_bezier([(0, 0)] * count)


def test_hatching_fills_a_square_evenly_with_an_inset() -> None:
    rows = np.array(hatch_lines([SQUARE], Hatching(spacing=2, angle=0, inset=0.5)))
    assert sorted(set(rows[:, :, 1].ravel().tolist())) == pytest.approx(
        [12, 14, 16, 18, 20, 22, 24, 26, 28]
    )
    assert rows[:, :, 0].min() == pytest.approx(10.5)
    assert rows[:, :, 0].max() == pytest.approx(29.5)
    starts = rows[:, 0, 0].tolist()
    assert all(here != after for here, after in itertools.pairwise(starts)), "there and back"


def test_hatching_at_any_angle_covers_the_area_by_its_spacing() -> None:
    for angle in (-360, -33, 0, 12.5, 45, 90, 271):
        rows = np.array(hatch_lines([SQUARE], Hatching(spacing=0.1, angle=angle)))
        mm = np.hypot(*(rows[:, 1] - rows[:, 0]).T).sum()
        assert mm * 0.1 == pytest.approx(400, rel=0.02)
        assert rows.min() > 10 - 1e-9
        assert rows.max() < 30 + 1e-9
    crossed = hatch_lines([SQUARE], Hatching(spacing=1, cross=True))
    assert len(crossed) == pytest.approx(2 * len(hatch_lines([SQUARE], Hatching(spacing=1))), abs=2)


def test_hatching_leaves_holes_empty_and_a_star_its_middle() -> None:
    rows = np.array(
        hatch_lines(
            [SQUARE, [(15, 15), (25, 15), (25, 25), (15, 25)]], Hatching(spacing=1, angle=0)
        )
    )
    middle = rows.mean(axis=1)
    assert not ((np.abs(middle - 20) < 4.9).all(axis=1)).any()


@pytest.mark.parametrize(
    "numbers",
    [
        {"spacing": 0},
        {"spacing": math.nan},
        {"spacing": 1e9},
        {"angle": math.inf},
        {"inset": -1},
        {"inset": math.nan},
    ],
)
def test_hatching_with_invalid_numbers_is_rejected(numbers: dict[str, float]) -> None:
    with raises_code("bad-hatching"):
        Hatching(**numbers)  # type: ignore[arg-type]


def test_too_dense_hatching_is_rejected_and_a_large_inset_leaves_nothing() -> None:
    with pytest.raises(InvalidInput, match="vertices"):
        hatch_lines([[(0, 0), (1e6, 0), (1e6, 1e6), (0, 1e6)]], Hatching(spacing=0.05))
    assert hatch_lines([SQUARE], Hatching(inset=50)) == []
    with raises_code("bad-polygon"):
        card().polygon([(0, 0), (1, 1)], hatching=Hatching())


def test_a_hatched_polygon_is_a_group_with_the_outline_first() -> None:
    svg = card().polygon(SQUARE, hatching=Hatching(5, 0), stroke="red", id="a")
    (group,) = ElementTree.fromstring(svg.to_string())
    assert (group.get("stroke"), group.get("id"), group[0].tag) == ("red", "a", f"{SVG}polygon")
    assert len(group) == 1 + len(hatch_lines([SQUARE], Hatching(5, 0)))


def test_layers_are_groups_with_the_colour_and_width_of_their_pens() -> None:
    svg = (
        card()
        .line(0, 0, 1, 1)
        .begin_layer("one", RED)
        .line(0, 0, 2, 2)
        .end_layer()
        .begin_layer("two")
        .line(0, 0, 3, 3)
    )
    svg.end_layer().begin_layer("one").line(0, 0, 4, 4).text(1, 1, "words").end_layer()
    _, one, two = ElementTree.fromstring(svg.to_string())
    assert (one.get(LABEL), one.get("stroke"), one.get("stroke-width"), len(one)) == (
        "one",
        "#cc0000",
        "0.5",
        3,
    )
    assert (two.get(LABEL), two.get("stroke"), two.get("stroke-width")) == ("two", "black", "0.3")
    assert one[2].get("fill") == "#cc0000"
    assert svg.strokes().layers.tolist() == [0, 1, 2, 1]
    assert svg.pens[1] == RED
    assert [ink.strokes for ink in statistics(svg.strokes(), svg.pens).ink] == [1, 2, 1]
    assert plan(svg.strokes(), svg.pens).seconds > 0


def test_a_document_without_layers_has_no_inkscape_namespace() -> None:
    assert "inkscape" not in card().line(0, 0, 1, 1).to_string()


def test_groups_layers_and_clips_must_be_ended_in_order() -> None:
    grouped = card().begin_layer("a").begin_group()
    clipped = card().begin_group().begin_clip(Rectangle(0, 0, 1, 1))
    for end in (
        grouped.end_layer,
        grouped.end_clip,
        clipped.end_group,
        clipped.end_layer,
        card().end_clip,
        card().end_layer,
    ):
        with raises_code("unbalanced-groups", match="no open"):
            end()
    for svg in (grouped, clipped):
        with raises_code("unbalanced-groups", match="still open: 2"):
            svg.to_string()
        with raises_code("unbalanced-groups", match="cannot begin"):
            svg.begin_layer("b")


def test_an_invalid_layer_is_rejected_without_changing_the_document() -> None:
    svg = card().begin_layer("a", RED).end_layer()
    before = svg.to_string()
    for name, pen, code in (
        ("", None, "bad-layer"),
        (5, None, "bad-layer"),
        ("x" * 101, None, "bad-layer"),
        ("a\x00", None, "bad-text"),
        ("a", Pen("blue"), "layer-taken"),
        ("b", Pen("b", "url(#x)"), "bad-colour"),
    ):
        with raises_code(code):
            svg.begin_layer(name, pen)  # type: ignore[arg-type]
    assert svg.to_string() == before


def test_a_clip_keeps_the_parts_inside_a_rectangle() -> None:
    svg = (
        card()
        .begin_clip(Rectangle(10, 10, 30, 30))
        .line(0, 20, 99, 20, stroke="red")
        .circle(30, 30, 10)
        .rect(50, 50, 9, 9)
    )
    svg.end_clip().line(0, 0, 1, 0)
    assert lines(svg)[0].tolist() == [[10, 20], [30, 20]]
    assert drawn_mm(svg) == pytest.approx(20 + 5 * math.pi + 1, rel=1e-3)
    assert (svg.strokes().coordinates[:-2] >= 10).all()
    group, arc, line = ElementTree.fromstring(svg.to_string())
    assert (group.get("stroke"), group[0].get("d"), line.tag) == (
        "red",
        "M10,20 30,20",
        f"{SVG}line",
    )
    assert arc.tag == f"{SVG}path"


def test_clips_are_transformed_by_groups_and_intersected() -> None:
    svg = (
        card()
        .begin_group(transform="translate(50 50) rotate(90)")
        .begin_clip(Rectangle(0, 0, 20, 10))
    )
    svg.begin_group(transform="scale(2)").line(-50, 1, 50, 1).end_group()
    svg.begin_clip([(0, 0), (10, 0), (10, 10), (0, 10)]).line(
        -50, 5, 50, 5
    ).end_clip().end_clip().end_group()
    first, second = lines(svg)
    assert np.allclose(first, [(48, 50), (48, 70)])
    assert np.allclose(second, [(45, 50), (45, 60)])


def test_a_clip_inside_a_singular_transform_is_rejected() -> None:
    with raises_code("bad-transform"):
        card().begin_group(transform="scale(0)").begin_clip(Rectangle(0, 0, 1, 1))
    with raises_code("bad-transform"):
        card().begin_clip(Rectangle(0, 0, 9, 9)).line(0, 0, 1, 1, transform="scale(0 1)")


def test_a_placed_drawing_is_clipped_at_its_box() -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><path fill="none" stroke="black" d="M0 0H100V50H0zM-50 25H150"/><image/></svg>'
    box = Rectangle(10, 10, 30, 30)
    contained = card().place(drawing, box)
    assert drawn_mm(contained) == pytest.approx(60 + 20)
    assert contained.document().bounding_box() == Rectangle(10, 15, 30, 25)
    assert contained.dropped == {"image": 1}
    assert card().place(
        drawing.encode(), box, vertical="top"
    ).document().bounding_box() == Rectangle(10, 10, 30, 20)
    covered = card().place(drawing, box, fit="cover").document().bounding_box()
    assert covered == Rectangle(10, 10, 30, 30)
    filled = card().place(drawing, box, fit="fill")
    assert drawn_mm(filled) == pytest.approx(80 + 20)


def test_the_layers_of_a_placed_drawing_can_be_kept() -> None:
    other = Document(20, 20)
    other.add([[(0, 0), (20, 20)]], other.layer("red", RED))
    other.add([[(0, 20), (20, 0)]], other.layer("blue", Pen("blue", "#0000cc")))
    box = Rectangle(0, 0, 40, 40)
    assert card().place(other, box).strokes().layers.tolist() == [0, 0]
    kept = card().place(other, box, keep_layers=True)
    assert [pen.name for pen in kept.pens] == ["drawing", "red", "blue"]
    assert lines(kept)[0].tolist() == [[0, 0], [40, 40]]


def test_an_invalid_placement_is_rejected_without_changing_the_document() -> None:
    svg = card()
    box = Rectangle(0, 0, 10, 10)
    with raises_code("bad-svg"):
        svg.place("<svg", box)
    with pytest.raises(UnknownName):
        svg.place(Document(5, 5), box, fit="squeeze")  # type: ignore[arg-type]
    with raises_code("bad-transform"):
        svg.place(Document(5, 5), Rectangle(0, 0, 0, 10))
    assert svg.to_string() == card().to_string()


def test_text_elements_are_not_plottable_and_have_no_strokes() -> None:
    svg = card().text(10, 10, "Outlines").hershey_text(50, 50, "I", 1)
    assert svg.not_plottable == ["Outlines"]
    assert len(svg.strokes()) == 1
