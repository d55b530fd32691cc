"""Properties of the tokenizer, the cascade, transforms and clipping, for any input of their grammar."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.geometry.clipping import clip_to_rectangle
from libraries.geometry.rectangle import Rectangle
from libraries.svg_syntax.outlines import lines_of_path
from libraries.svg_syntax.path_data import numbers_in, polyline_points
from tests.libraries.svg_reader.test_visible_ink import boxes_of, reading_of

FEW = settings(max_examples=25, deadline=None)
NUMBERS = st.one_of(
    st.integers(-999, 999).map(str),
    st.floats(-99, 99).map(lambda number: f"{number:.3f}".lstrip("0") or "0"),
    st.sampled_from(["1e1", "-.5", "+3", "2.", "1E-2"]),
)
PAIRS = st.lists(
    st.tuples(NUMBERS, st.sampled_from([" ", ",", " , "]), NUMBERS), min_size=2, max_size=8
)
PLACES = st.integers(5, 95)


@FEW
@given(PAIRS, st.sampled_from(["ML", "M ", "ml", "m ", "Ml"]), st.sampled_from(["", "z", " Z"]))
def test_a_path_of_lines_is_read_as_by_its_commands(
    pairs: list[tuple[str, str, str]], letters: str, end: str
) -> None:
    data = letters[0] + letters[1].join("".join(pair) for pair in pairs) + end
    points = polyline_points(data)
    assert points is not None
    (drawn,) = lines_of_path(data, 0.01)
    assert np.allclose(points, drawn)


@FEW
@given(st.lists(NUMBERS, min_size=1, max_size=9))
def test_numbers_are_read_with_any_separators(texts: list[str]) -> None:
    values = [float(text) for text in texts]
    for separator in (" ", ",", "\n", " , "):
        assert numbers_in(separator.join(texts)).tolist() == values


def test_a_text_of_many_numbers_is_read_in_parts() -> None:
    text = " ".join(f"{number}.25" for number in range(120_000))
    assert numbers_in(text, np.inf).tolist() == (np.arange(120_000) + 0.25).tolist()


SELECTORS = {
    "*": 0,
    "path": 1,
    ".a": 10,
    ".b": 10,
    "#i": 100,
    "path.a": 11,
    "g path": 2,
    "g > .b": 11,
}
RULES = st.lists(st.tuples(st.sampled_from(list(SELECTORS)), st.booleans()), min_size=1, max_size=6)


@FEW
@given(RULES)
def test_the_rule_of_most_weight_wins_and_the_last_of_equal_ones(
    rules: list[tuple[str, bool]],
) -> None:
    colours = [f"#{number + 1:06x}" for number in range(len(rules))]
    sheet = "".join(
        f"{selector}{{stroke:{colour}{'!important' * important}}}"
        for (selector, important), colour in zip(rules, colours, strict=True)
    )
    body = f'<style>{sheet}</style><g><path id="i" class="a b" fill="none" d="M1 1H9"/></g>'
    weights = [
        (important, SELECTORS[selector], number)
        for number, (selector, important) in enumerate(rules)
    ]
    (pen,) = reading_of(body).document.pens
    assert pen.colour == colours[max(weights)[2]]


TRANSFORMS = st.lists(
    st.one_of(
        st.tuples(st.just("translate"), PLACES, PLACES),
        st.tuples(st.just("scale"), st.sampled_from([-1, 0.5, 2]), st.sampled_from([1, 3])),
        st.tuples(st.just("rotate"), st.integers(-180, 180)),
        st.tuples(st.just("skewX"), st.integers(-60, 60)),
    ).map(lambda one: f"{one[0]}({' '.join(map(str, one[1:]))})"),
    min_size=1,
    max_size=4,
)


@FEW
@given(TRANSFORMS)
def test_transforms_in_a_list_are_those_of_nested_groups(transforms: list[str]) -> None:
    line = '<path fill="none" stroke="red" d="M1 2L7 5"/>'
    listed = reading_of(f'<g transform="{" ".join(transforms)}">{line}</g>').document
    opened = "".join(f'<g transform="{one}">' for one in transforms)
    nested = reading_of(opened + line + "</g>" * len(transforms)).document
    assert np.allclose(listed.store.coordinates, nested.store.coordinates)


@FEW
@given(
    st.lists(st.tuples(PLACES, PLACES), min_size=2, max_size=6, unique=True),
    PLACES,
    PLACES,
    st.sampled_from(["clip", "mask", "svg"]),
)
def test_clips_masks_and_viewports_leave_what_is_inside(
    points: list[tuple[int, int]], width: int, height: int, how: str
) -> None:
    line = f'<path fill="none" stroke="red" d="M{" ".join(f"{x} {y}" for x, y in points)}"/>'
    box = f'<rect width="{width}" height="{height}" fill="white"/>'
    body = {
        "clip": f'<clipPath id="c">{box}</clipPath><g clip-path="url(#c)">{line}</g>',
        "mask": f'<mask id="c">{box}</mask><g mask="url(#c)">{line}</g>',
        "svg": f'<svg width="{width}" height="{height}">{line}</svg>',
    }[how]
    drawn = reading_of(body)
    right = clip_to_rectangle(
        np.array(points, dtype=float), np.array([0, len(points)]), Rectangle(0, 0, width, height)
    )
    lengths = [
        float(np.hypot(*np.diff(part, axis=0).T).sum())
        for part in np.split(right.coordinates, right.offsets[1:-1])
    ]
    assert abs(drawn.document.strokes().lengths.sum() - sum(lengths)) < 0.02 * len(points)
    for left, top, across, down in boxes_of(drawn):
        assert min(left, top) >= 0
        assert across <= width + 0.1
        assert down <= height + 0.1
