"""Contact sheets: positions of the cells, their drawings, and reasons for missing ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.fields import InvalidFields
from libraries.geometry.document import Document
from libraries.sheets.contact_sheets import ContactSheet, JobSheet, decimated
from libraries.sheets.sheet_layout import SheetLayout
from libraries.sheets.sweeps import values_of
from libraries.svg_builder import SVGBuilder

PAGE = {"width": 210, "height": 297, "cell_width": 210, "cell_height": 297}


def sheet(count: int, **more: Any) -> ContactSheet:
    names = [f"cell {number}" for number in range(count)]
    return ContactSheet.load({**PAGE, "captions": names, **more})


def square() -> bytes:
    """A page with a line along its edges."""
    return SVGBuilder(210, 297).rect(0, 0, 210, 297).to_string().encode()


def missing() -> bytes:
    raise NotFound("the file of this drawing was deleted by its owner")


def on(drawn: Document, name: str) -> Any:
    return drawn.on_layer(
        next(number for number, layer in enumerate(drawn.layers) if layer.name == name)
    )


def frames_of(layout: SheetLayout, count: int) -> list[tuple[float, float, float, float]]:
    return [(box.left, box.top, box.right, box.bottom) for box in map(layout.frame, range(count))]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 12, 25, 99, 100])
@pytest.mark.parametrize("lettering", [True, False])
def test_cells_keep_their_shape_stay_inside_the_margin_and_never_overlap(
    count: int, lettering: bool
) -> None:
    contact_sheet = sheet(count, title="All of them", margin=10, lettering=lettering)
    layout = contact_sheet.layout()
    frames = frames_of(layout, count)
    assert layout.width / layout.height == pytest.approx(210 / 297)
    assert min(left for left, *_ in frames) >= 10 - 1e-9
    assert max(right for _, _, right, _ in frames) <= 200 + 1e-9
    assert min(top for _, top, _, _ in frames) - layout.head >= 10 - 1e-9
    assert max(bottom for *_, bottom in frames) + layout.strip <= 287 + 1e-9
    for index, (left, top, _, _) in enumerate(frames[1:], 1):
        before = frames[index - 1]
        assert left >= before[2] or top >= before[3] + layout.strip


def test_columns_are_chosen_so_that_cells_are_large_unless_they_are_given() -> None:
    chosen = sheet(12).layout()
    assert chosen.width == max(
        sheet(12, columns=columns).layout().width for columns in range(1, 13)
    )
    assert sheet(12, columns=2).layout().rows == 6


def test_a_drawing_fits_its_frame_and_a_missing_one_is_crossed_out() -> None:
    reported: list[int] = []
    drawn = sheet(2, title="Two").draw([square, missing], reported.append)
    frame = sheet(2, title="Two").layout().frame(0)
    points = on(drawn, "drawings").coordinates
    assert points.min(axis=0) == pytest.approx((frame.left, frame.top))
    assert points.max(axis=0) == pytest.approx((frame.right, frame.bottom))
    # Two frames, and a cross of four arms.
    assert len(on(drawn, "frames")) == 6
    assert reported == [1, 2]
    assert len(on(drawn, "lettering")) > 20


def test_a_temporary_error_is_raised_and_not_drawn() -> None:
    def unavailable() -> bytes:
        raise Unavailable("the storage is unavailable")

    with pytest.raises(Unavailable):
        sheet(1).draw([unavailable])


def test_captions_are_optional_and_unprintable_characters_are_skipped() -> None:
    odd = sheet(1, captions=["\x00\ud800 \u202e" + "x" * 150], title="\x07")
    assert len(on(odd.draw([square]), "lettering")) > 100
    bare = sheet(1, lettering=False).draw([square])
    assert len(on(bare, "lettering")) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"columns": 0},
        {"captions": ["one"]},
        {"job_ids": []},
        {"title": "x" * 201},
        {"cell_width": float("nan")},
    ],
)
def test_an_invalid_sheet_is_rejected(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFields, match=next(iter(wrong))):
        JobSheet.load({"job_ids": ["a", "b"], "captions": ["a", "b"], **PAGE, **wrong})


def test_a_sheet_without_room_is_rejected() -> None:
    with pytest.raises(InvalidInput) as caught:
        sheet(100, width=30, height=30).layout()
    assert caught.value.code == "no-room-for-cells"


def test_decimated_strokes_keep_their_ends_and_shape() -> None:
    angles = np.linspace(0, 20, 5000)
    spiral = np.column_stack([angles * np.cos(angles), angles * np.sin(angles)])
    coordinates, offsets = np.concatenate([spiral, spiral[:3] + 50]), np.array([0, 5000, 5003])
    fewer, bounds = decimated(coordinates, offsets, 0.5)
    assert len(fewer) < 1000
    assert bounds[-1] == len(fewer)
    for start, stop, first, last in zip(offsets, offsets[1:], bounds, bounds[1:], strict=False):
        assert fewer[first].tolist() == coordinates[start].tolist()
        assert fewer[last - 1].tolist() == coordinates[stop - 1].tolist()
    assert np.hypot(*np.diff(fewer[: bounds[1]], axis=0).T).max() <= 1.0


@pytest.mark.parametrize(
    ("wanted", "whole", "values"),
    [
        ({"from": 0.1, "to": 0.3, "steps": 3}, False, [0.1, 0.2, 0.3]),
        ({"from": 8, "to": 2, "steps": 3}, False, [8, 5, 2]),
        ({"from": 1, "to": 3, "steps": 9}, True, [1, 2, 3]),
        (["a", True], False, ["a", True]),
    ],
)
def test_the_values_of_a_sweep_have_no_duplicates(
    wanted: Any, whole: bool, values: list[Any]
) -> None:
    assert values_of(wanted, whole=whole) == values
