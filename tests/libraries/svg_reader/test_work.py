"""The work of the reader is bounded by counted steps, which do not depend on the machine."""

from __future__ import annotations

import random

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import total_length
from libraries.sheets.framed import FramedSheet
from libraries.svg_reader import ReadingOptions, read_svg
from libraries.svg_reader.visibility.covering import Cover, visible_lines
from libraries.work import Work
from tests.errors import raises_code
from tests.libraries.svg_reader.test_visible_ink import HEAD, reading_of

GENERATOR = random.Random(4)  # noqa: S311 - reproducible


def corners(count: int) -> str:
    return " ".join(f"{GENERATOR.uniform(0, 99):.1f}" for _ in range(2 * count))


def circles(count: int, radius: float) -> str:
    return "".join(
        f'<circle cx="{GENERATOR.uniform(0, 100):.1f}" cy="{GENERATOR.uniform(0, 100):.1f}" r="{radius}" '
        f'fill="#{number % 2}00"/>'
        for number in range(count)
    )


RECTANGLE = '<rect width="3" height="3"/>'
BOMBS = {
    "style rules on many elements": "<style>"
    + "".join(f"g > rect[x='{number}']{{fill:red}}" for number in range(3000))
    + "</style><g>"
    + '<rect x="1" width="3" height="3"/>' * 2000
    + "</g>",
    "siblings": "<style>"
    + "".join(f"[x='{number}'] ~ rect{{fill:red}}" for number in range(500))
    + "</style>"
    + RECTANGLE * 3000,
    "overlapping fills": circles(5000, 20),
    "a tangled fill in a loop": f'<path id="a" d="M{corners(250)}z"/>' + '<use href="#a"/>' * 200,
    "empty groups": "<g/>" * 100_000,
    "repetitions": f'<defs><g id="a">{RECTANGLE * 100}</g></defs>' + '<use href="#a"/>' * 1500,
    "texts": "<text>Hello world</text>" * 6000,
    "short commands": '<path d="M0 0' + "h1v1" * 60_000 + '"/>',
    "dashes": f'<path stroke="red" stroke-dasharray=".01" d="M{corners(5000)}"/>',
    "clips": f'<clipPath id="c"><path d="M{corners(100)}z"/></clipPath>'
    + '<g clip-path="url(#c)"><path stroke="red" d="M0 0 99 99"/></g>' * 3000,
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_an_svg_that_takes_long_is_rejected_in_a_request(body: str) -> None:
    with raises_code("too-much-work"):
        read_svg(f"{HEAD}{body}</svg>", work=Work(Work.IN_REQUESTS))


def test_usual_files_are_read_in_a_request() -> None:
    lines = "".join(f'<path d="M{n} 0 {n} 9" stroke="red"/>' for n in range(3000))
    for body in (
        lines,
        circles(300, 5),
        f'<path d="M{corners(20_000)}" stroke="red" fill="none"/>',
    ):
        assert len(read_svg(f"{HEAD}{body}</svg>", work=Work(Work.IN_REQUESTS)).document)


def test_a_framed_sheet_says_where_a_large_svg_can_be_drawn() -> None:
    sheet = FramedSheet.load({"render_style": "basic"})
    with raises_code("too-much-work") as caught:
        sheet.draw(f"{HEAD}{BOMBS['texts']}</svg>".encode())
    assert caught.value.hint == "draw it as an element of POST /artboard/create"


def test_hatching_counts_its_lines() -> None:
    body = '<rect width="99" height="99" fill="red" fill-opacity=".5"/>' * 100
    options = ReadingOptions(fills="hatch", hatch_spacing=0.1)
    with raises_code("too-much-work"):
        read_svg(f"{HEAD}{body}</svg>", options=options, work=Work(Work.IN_REQUESTS))


def test_work_that_is_spent_stays_spent() -> None:
    work = Work(5)
    work.spend(5)
    for _ in range(2):
        with raises_code("too-much-work"):
            work.spend(1)


def test_a_fill_that_crosses_itself_too_often_is_drawn_by_its_edge() -> None:
    reading = reading_of(
        f'<path stroke="blue" d="M0 1H9"/><path fill="red" d="M{corners(1500)}z"/>'
    )
    assert len(reading.document) == 2
    assert ("tangled-fill", "approximated") in {
        (one["kind"], one["action"]) for one in reading.problems
    }


def test_a_clip_that_crosses_itself_too_often_does_not_cut() -> None:
    reading = reading_of(
        f'<clipPath id="c"><path d="M{corners(1500)}z"/></clipPath>'
        '<path clip-path="url(#c)" stroke="red" d="M0 50H100"/>'
    )
    assert reading.document.strokes().lengths.tolist() == pytest.approx([100])
    assert [(one["kind"], one["count"]) for one in reading.problems] == [("clip-path", 1)]


def test_most_of_many_overlapping_fills_are_hidden_at_once() -> None:
    work = Work(1_500_000)
    drawn = read_svg(f"{HEAD}{circles(1500, 20)}</svg>", work=work)
    assert 0 < len(drawn.document) < 400
    assert "covers" not in {one["kind"] for one in drawn.problems}


def test_lines_below_a_union_of_covers_are_hidden_as_below_each_one() -> None:
    generator = np.random.default_rng(2)
    count = 150
    starts = generator.uniform(0, 100, (count, 2))
    lines = [np.array([start, start + generator.uniform(-9, 9, 2)]) for start in starts]
    covers = [
        Cover(level, shapely.Point(point).buffer(generator.uniform(5, 20), quad_segs=3))
        for level, point in enumerate(generator.uniform(0, 100, (count, 2)))
    ]
    visible, complete = visible_lines(lines, np.arange(count), covers, Work())
    assert complete
    total = 0.0
    above: BaseGeometry = shapely.Polygon()
    for line, cover in zip(reversed(lines), reversed(covers), strict=True):
        total += shapely.LineString(line).difference(above).length
        above = above.union(cover.region)
    found = sum(total_length(visible.get(place, [line])) for place, line in enumerate(lines))
    assert found == pytest.approx(total, rel=0.02)
