"""The mathematics of L-systems."""

from __future__ import annotations

from itertools import chain, pairwise

import numpy as np
import pytest

from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.patterns import TooComplex, check_pattern, draw_pattern
from libraries.patterns.lsystem import PRESETS
from tests.conftest import own_seconds

A4 = Area(210, 297, 10)


def rule(*words: str) -> list[dict[str, object]]:
    return [{"to": word} for word in words]


def segments(**params: object) -> list[tuple[float, ...]]:
    lines = draw_pattern("lsystem", A4, params)
    ends = [np.round((start, end), 4).tolist() for line in lines for start, end in pairwise(line)]
    return [tuple(chain.from_iterable(sorted(each))) for each in ends]


@pytest.mark.parametrize(("iterations", "sides"), [(0, 3), (1, 12), (2, 48), (4, 768)])
def test_a_snowflake_has_four_times_the_sides_at_each_iteration(
    iterations: int, sides: int
) -> None:
    assert len(segments(preset="koch", iterations=iterations)) == sides


@pytest.mark.parametrize("preset", ["koch", "koch-island", "arrowhead"])
def test_a_curve_without_branches_is_one_stroke(preset: str) -> None:
    assert len(draw_pattern("lsystem", A4, {"preset": preset})) == 1


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_no_step_is_drawn_twice(preset: str) -> None:
    drawn = segments(preset=preset)
    assert len(set(drawn)) == len(drawn)


def test_the_tiling_of_penrose_has_rhombs_of_one_side_length() -> None:
    lengths = np.array(
        [np.hypot(each[2] - each[0], each[3] - each[1]) for each in segments(preset="penrose")]
    )
    assert len(lengths) > 500
    assert np.allclose(lengths, lengths[0], atol=0.001)


@pytest.mark.parametrize(
    "params",
    [
        {"axiom": "F", "rules": {"F": rule("F" * 200)}, "iterations": 30},
        {"axiom": "F", "rules": {"F": rule("FF")}, "iterations": 30},
        {"axiom": "A", "rules": {"A": rule("AA"), "B": rule("")}, "iterations": 25},
        {
            "axiom": "F",
            "rules": {"F": [*rule("F"), {"to": "FFF", "weight": 0.001}]},
            "iterations": 20,
        },
        {"preset": "plant", "iterations": 30, "plants": 40},
    ],
)
def test_a_word_that_grows_too_long_is_refused_before_rewriting(
    params: dict[str, object],
) -> None:
    started = own_seconds()
    with pytest.raises(TooComplex) as caught:
        check_pattern("lsystem", A4, params)
    assert own_seconds() - started < 0.1
    assert caught.value.estimate > 2_000_000


def test_a_word_that_grows_and_then_vanishes_counts_as_long_as_it_was() -> None:
    # A chain of thirty letters that grows, and a last one that is removed.
    with pytest.raises(TooComplex):
        check_pattern(
            "lsystem", A4, {"axiom": "A", "rules": {"A": rule("A" * 200)}, "iterations": 5}
        )


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"axiom": "F[+F"}, "params.axiom"),
        ({"axiom": "F]F["}, "params.axiom"),
        ({"axiom": "F;G"}, "params.axiom"),
        ({"axiom": ""}, "params.axiom"),
        ({"rules": {"F": rule("F[")}}, "params.rules"),
        ({"rules": {"+": rule("F")}}, "params.rules"),
        ({"rules": {"F": []}}, "params.rules"),
        ({"rules": {}}, "params.rules"),
        ({"rules": {"F": "F;"}}, "params.rules"),
        ({"rules": {"F": [{"to": "F", "weight": 0}]}}, "params.rules"),
        ({"iterations": 2.5}, "params.iterations"),
    ],
)
def test_invalid_words_and_rules_are_refused(params: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        check_pattern("lsystem", A4, params)
    assert all(name.startswith(field) for name in caught.value.errors)


def test_a_choice_with_more_weight_is_taken_more_often() -> None:
    choices = [{"to": "F+F", "weight": 9}, {"to": "F", "weight": 1}]
    often, rarely = (
        len(segments(axiom="F", rules={"F": some}, iterations=8, angle=7))
        for some in (choices, [{**choices[0], "weight": 1}, {**choices[1], "weight": 9}])
    )
    assert often > 4 * rarely


def test_a_word_without_a_step_is_still_a_drawing() -> None:
    assert (
        len(
            draw_pattern("lsystem", A4, {"axiom": "X", "rules": {"X": rule("XX")}, "iterations": 3})
        )
        == 1
    )


def test_each_seed_grows_another_plant() -> None:
    one, two = (draw_pattern("lsystem", A4, seed=seed) for seed in (1, 2))
    assert sum(map(len, one)) != sum(map(len, two))


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ({"F": "F!"}, "F"),
        ({"F": [{"to": "F!"}]}, "F.0.to"),
        ({"F": [{}]}, "F.0.to"),
        ({"FF": rule("F")}, "FF"),
        ([1], ""),
    ],
    ids=str,
)
def test_an_invalid_rule_is_reported_by_its_path_in_the_request(rules: object, path: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        check_pattern("lsystem", A4, {"axiom": "F", "rules": rules})
    assert list(caught.value.errors) == [f"params.rules.{path}".rstrip(".")]


def test_a_rule_may_be_a_plain_word() -> None:
    koch = {"axiom": "F--F--F", "angle": 60, "iterations": 3}
    assert segments(**koch, rules={"F": "F+F--F+F"}) == segments(
        **koch, rules={"F": rule("F+F--F+F")}
    )
    assert check_pattern("lsystem", A4, {"rules": {"X": ""}}).values()["rules"] == {
        "X": [{"to": "", "weight": 1.0}]
    }


@pytest.mark.parametrize("word", ["F[", "F;", "F" * 201])
def test_a_plain_word_is_checked_as_one_in_a_list(word: str) -> None:
    with pytest.raises(InvalidFields):
        check_pattern("lsystem", A4, {"axiom": "F", "rules": {"F": word}})
