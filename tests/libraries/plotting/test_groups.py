"""Groups of an SVG that are plotted one after another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pytest

from libraries.geometry.document import Document
from libraries.plotting import optimise
from libraries.sheets.plots import Placement
from libraries.svg_reader import read_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="80mm" viewBox="0 0 100 80">'


def line(x: float, y: float) -> str:
    return f'<path d="M{x} {y}h4" fill="none" stroke="#000"/>'


def read(*elements: str) -> Document:
    return read_svg(SVG + "".join(elements) + "</svg>").document


def group_names(document: Document) -> list[int]:
    """Return the groups in drawing order, numbered by their first appearance; -1 is none."""
    known = {-1: -1}
    groups = document.store.groups.tolist()
    return [known.setdefault(group, len(known) - 1) for group in groups]


def runs(numbers: Sequence[int]) -> list[int]:
    return [number for number, _ in groupby(numbers)]


def test_strokes_have_the_innermost_group_that_is_no_layer() -> None:
    layer = 'xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:groupmode="layer"'
    drawing = read(
        line(1, 1),
        "<g>", line(2, 2), "<g>", line(3, 3), line(4, 4), "</g>", line(5, 5), "</g>",
        f'<g {layer} i:label="ink">', line(6, 6), "<g>", line(7, 7), "</g></g>",
    )  # fmt: skip
    assert group_names(drawing) == [-1, 0, 1, 1, 0, -1, 2]


def test_groups_survive_covers_dashes_turns_and_the_crop_at_the_page() -> None:
    dashed = '<path d="M10 30h20" fill="none" stroke="#000" stroke-dasharray="4"/>'
    cover = '<rect x="12" y="26" width="3" height="8"/>'
    drawing = read(
        "<g>", dashed, "</g><g>", cover, "</g>", line(98, 50), "<g>", line(98, 60), "</g>"
    )
    assert runs(group_names(drawing)) == [0, 1, -1, 2]
    plot = Placement(rotate=90, crop="page").placed(drawing)
    assert runs(group_names(plot)) == [0, 1, -1, 2]


@pytest.mark.parametrize("effort", ["quick", "normal"])
def test_strokes_of_a_group_are_plotted_one_after_another_only_with_the_option(
    effort: str,
) -> None:
    # Groups of lines far from each other, with lines of other groups and of none between them.
    groups = [
        ["<g>", *(line(5 + 4 * n + 30 * k, 10 + 20 * k) for k in range(3)), "</g>"]
        for n in range(3)
    ]
    free = [line(7 + 30 * k, 15 + 20 * k) for k in range(3)]
    drawing = read(*(text for group in groups for text in group), *free)
    names = [
        group_names(optimise(drawing, effort=effort, keep_groups=keep).document)
        for keep in (False, True)
    ]
    assert set(names[0]) == {-1}
    assert sorted(one for one in runs(names[1]) if one >= 0) == [0, 1, 2]
    assert sorted(names[1]) == [-1] * 3 + [0] * 3 + [1] * 3 + [2] * 3


def test_groups_inside_each_other_are_plotted_as_one_if_inner_strokes_come_first() -> None:
    def square(side: int) -> str:
        return f'<rect x="{40 - side}" y="{40 - side}" width="{2 * side}" height="{2 * side}" fill="none" stroke="#000"/>'

    # Of each group, one square is around one of the other group.
    rings = ["<g>", square(30), square(10), "</g>", "<g>", square(20), square(5), "</g>"]
    plan = optimise(
        read(*rings, "<g>", line(85, 70), line(85, 10), "</g>"), inner_first=True, keep_groups=True
    )
    strokes = plan.document.strokes()
    sides = [round(length / 8) for length in strokes.lengths.tolist() if length > 4]
    assert sides == [5, 10, 20, 30]
    assert len(runs([int(length > 4) for length in strokes.lengths.tolist()])) == 2


def test_strokes_of_different_groups_are_not_joined_and_the_certificate_names_the_constraint() -> (
    None
):
    touching = [
        "<g>",
        line(10, 10),
        line(14, 10),
        "</g>",
        "<g>",
        line(18, 10),
        line(22, 10),
        "</g>",
    ]
    drawing = read(*touching)
    free, kept = (optimise(drawing, keep_groups=keep) for keep in (False, True))
    assert (len(free.document), len(kept.document)) == (1, 2)
    certificates = [plan.certificate.as_record() for plan in (free, kept)]
    assert [one["constraints"] for one in certificates] == [[], ["keep_groups"]]
    assert certificates[1]["lifts"] == {"before": 4, "after": 2, "minimum": 1}
    # The drawing before is in the order of the file.
    assert certificates[0]["input_sha256"] == certificates[1]["input_sha256"]
