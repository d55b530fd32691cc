"""Tests of the short ways for simple files, which give the same drawing as the general ones."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from libraries.geometry.filling import boundary_of, fill_region
from tests.libraries.svg_reader.test_reader import lines


def test_items_without_strokes_change_no_box_of_a_clip() -> None:
    clip = '<clipPath id="c" clipPathUnits="objectBoundingBox"><path d="M0 0h.5v1H0z"/></clipPath>'
    shown = '<g clip-path="url(#c)"><path d="M10 10h40"/><path d="M10 20h40"/></g>'
    empty = '<path/><g><path d="M3 3"/></g>'
    with_empty = (
        f'{empty}<g clip-path="url(#c)"><path d="M10 10h40"/><path d=""/><path d="M10 20h40"/></g>'
    )
    assert lines(clip + with_empty) == lines(clip + shown)
    assert len(lines(clip + shown)) == 2


def test_rectangles_clip_what_is_across_their_edge_alone() -> None:
    clip = '<clipPath id="c"><rect x="10" y="10" width="30" height="30"/></clipPath>'
    inside, across = '<path d="M12 12h10v10z"/>', '<path d="M30 30h30"/>'
    drawn = lines(f'{clip}<g clip-path="url(#c)">{inside}{across}</g>')
    assert drawn[0] == lines(inside)[0]
    assert max(x for x, _ in drawn[1]) == pytest.approx(40, abs=0.01)


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_letters_have_the_area_of_the_general_way(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings = [
        np.array(points, dtype=np.float64)
        for points in (
            [(0, 0), (20, 0), (20, 20), (0, 20)],
            [(2, 2), (2, 9), (9, 9), (9, 2)],
            [(4, 4), (6, 4), (6, 6), (4, 6)],
            [(30, 0), (40, 0), (40, 10), (30, 10)],
            [(11, 11), (15, 11), (15, 15), (11, 15)],
        )
    ]
    some = rings if rule == "evenodd" else rings[:4]
    area = fill_region(some, evenodd=rule == "evenodd")
    monkeypatch.setattr("libraries.geometry.filling._nested", lambda *_, **__: None)
    general = fill_region(some, evenodd=rule == "evenodd")
    assert shapely.symmetric_difference(area, general).area == 0
    assert len(boundary_of(area)) == len(boundary_of(general)) == len(some)
