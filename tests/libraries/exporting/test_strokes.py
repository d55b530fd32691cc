"""Tests of the format with strokes and their times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from libraries.exporting import FORMATS
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.plotting import PLOTTERS, plan


def drawing() -> Document:
    """Two pens; the layer that is added first is drawn last."""
    document = Document(100, 50, title="Two pens", metadata={"recipe": {"seed": 7}})
    blue, red = (
        document.layer("blue", Pen("blue", "#1a5fb4", 0.5)),
        document.layer("red", Pen("red", "#c43d1e")),
    )
    document.add([[(10, 10), (90, 10), (90, 40)]], red)
    document.add([[(10, 20), (50, 20)], [(20, 30)]], blue)
    return document


def exported(**params: object) -> dict[str, Any]:
    data = b"".join(FORMATS["strokes"].params.load(params).write(drawing()))
    record: dict[str, Any] = json.loads(data)
    return record


def test_strokes_are_listed_pen_by_pen_in_plotting_order() -> None:
    record = exported()
    assert [
        (one["layer"], one["colour"], one["width_mm"], one["strokes"], one["mm"])
        for one in record["layers"]
    ] == [
        ("blue", "#1a5fb4", 0.5, 2, 40),
        ("red", "#c43d1e", 0.3, 1, 110),
    ]
    assert (record["pens"], record["counts"]) == ([0, 0, 1], [2, 1, 3])
    assert record["coordinates"] == [10, 20, 50, 20, 20, 30, 10, 10, 90, 10, 90, 40]
    assert (record["title"], record["metadata"]) == ("Two pens", {"recipe": {"seed": 7}})


@pytest.mark.parametrize("name", ["saxi", "axidraw", "grbl"])
def test_the_seconds_of_all_strokes_and_moves_add_up_to_the_time_of_the_machine(name: str) -> None:
    record, document = exported(profile=name), drawing()
    profile = PLOTTERS[name].profile
    expected = plan(document.strokes(), document.pens, profile).as_record()
    assert record["times"][name] == expected
    assert set(record["times"]) == set(PLOTTERS)
    motion = record["motion"]
    total = (
        sum(record["drawing_seconds"])
        + sum(record["travel_seconds"])
        + len(record["counts"]) * (motion["drop_time"] + motion["lift_time"])
        + motion["pen_change_time"]
    )
    assert total == pytest.approx(expected["seconds"], abs=0.001)
    of_pens = sum(one["seconds"] for one in record["layers"])
    way_home = record["travel_seconds"][-1]
    assert of_pens + way_home + motion["pen_change_time"] == pytest.approx(total, abs=0.003)


def test_another_machine_can_be_asked_for_without_the_strokes() -> None:
    whole, short = exported(profile="grbl"), exported(profile="grbl", coordinates=False)
    assert set(whole) - set(short) == {"pens", "counts", "coordinates"}
    assert {name: whole[name] for name in short} == short


def test_the_ink_map_has_the_ink_of_overlapping_squares_of_one_square_centimetre() -> None:
    ink = exported()["ink_map"]
    assert (ink["square_mm"], ink["step_mm"], ink["rows"], ink["columns"]) == (10, 5, 10, 20)
    # Its centre is at x = 30, y = 20 mm: 10 mm of the blue line.
    assert ink["mm2"][3 * 20 + 5] == 5


def test_an_empty_drawing_has_no_strokes_and_no_ink_map() -> None:
    record = json.loads(b"".join(FORMATS["strokes"].params.load({}).write(Document(100, 50))))
    assert (record["coordinates"], record["ink_map"], record["layers"]) == ([], None, [])
    assert {one["level"] for one in record["checks"]} <= {"ok", "unknown"}
