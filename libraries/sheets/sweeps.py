"""Sweeps: one artboard many times, with many seeds or with steps of one or two parameters."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from marshmallow import Schema, fields

from libraries.errors import InvalidInput, did_you_mean
from libraries.fields import InvalidFields
from libraries.patterns import PATTERNS, TooComplex, cost_of_pattern
from libraries.sheets.artboard import LARGEST_SEED, area_of

FEWEST_CELLS, MOST_CELLS = 2, 100
MOST_VARIED = 2
# What all cells may have together: points by estimate, and characters of their parameters, which are kept with each job.
MOST_POINTS, MOST_TEXT = 30_000_000, 8_000_000
SEED = "seed"
LONGEST_VALUE = 200
STEPS = frozenset({"from", "to", "steps"})
# Significant digits of a step; 0.30000000000000004 is no caption.
DIGITS = 6


class SweepTooLarge(InvalidInput):
    """Raised when the drawings of a sweep would be too much together; `estimate` says how many points that were."""

    code = "sweep-too-large"

    def __init__(self, detail: str, *, field: str, estimate: float | None = None) -> None:
        """Keep the `estimate` of points beside the text, if it is what is too large."""
        super().__init__(detail, field=field, hint="ask for fewer drawings, or simpler ones")
        self.estimate = estimate


@dataclass(frozen=True)
class SweepCell:
    """One drawing of a sweep: an artboard as `ArtboardSchema` loads it, and what tells it from the others, in words."""

    artboard: dict[str, Any]
    caption: str


@dataclass(frozen=True)
class Sweep:
    """The drawings of a sweep, row by row, and how many of them make a row; None where that does not matter."""

    cells: list[SweepCell]
    columns: int | None = None


def seed_sweep(artboard: Mapping[str, Any], seeds: Sequence[int]) -> Sweep:
    """Return an artboard with each of `seeds`.

    Raises:
        TooComplex, SweepTooLarge: see `check_cells`.
    """
    return Sweep(
        check_cells([SweepCell({**artboard, SEED: seed}, f"seed {seed}") for seed in seeds])
    )


def counted_seeds(first: int, count: int) -> list[int]:
    """Return `count` seeds from `first` on.

    Raises:
        InvalidFields: the last one would be too large.
    """
    if first + count - 1 > LARGEST_SEED:
        raise InvalidFields(
            {SEED: [f"Must leave room for {count} seeds: at most {LARGEST_SEED - count + 1}."]}
        )
    return list(range(first, first + count))


def varied_sweep(artboard: Mapping[str, Any], vary: Mapping[str, Any]) -> Sweep:
    """Return an artboard with every combination of the values of one or two parameters; those of the first make the rows.

    Args:
        artboard: as `ArtboardSchema` loads it.
        vary: by the name of a parameter, or `seed`, a list of values or `{"from": ..., "to": ..., "steps": ...}`.

    Raises:
        InvalidFields: a name is unknown, a value is wrong, or there are too few or too many combinations; all are named, as
            `vary.<name>` or `vary.<name>.<place>`.
        TooComplex, SweepTooLarge: see `check_cells`.
    """
    schema = PATTERNS[artboard["pattern"]].schema()
    if not 1 <= len(vary) <= MOST_VARIED:
        raise InvalidFields({"vary": ["Must name one or two parameters."]})
    mistakes = {
        key: texts
        for name in vary
        for key, texts in _mistakes_of(name, vary[name], artboard, schema)
    }
    if mistakes:
        raise InvalidFields(mistakes)
    steps = {
        name: values_of(wanted, whole=_is_whole(name, schema)) for name, wanted in vary.items()
    }
    count = math.prod(map(len, steps.values()))
    if not FEWEST_CELLS <= count <= MOST_CELLS:
        raise InvalidFields(
            {"vary": [f"Must make {FEWEST_CELLS} to {MOST_CELLS} drawings; this makes {count}."]}
        )
    combined = [
        dict(zip(steps, values, strict=True)) for values in itertools.product(*steps.values())
    ]
    cells = check_cells(
        [SweepCell(_with(artboard, values), _caption(values)) for values in combined]
    )
    return Sweep(cells, len(list(steps.values())[1]) if len(steps) == MOST_VARIED else None)


def check_cells(cells: list[SweepCell]) -> list[SweepCell]:
    """Return `cells` if all of them can be drawn, and all of them together.

    Raises:
        InvalidFields: parameters do not go together.
        TooComplex: a drawing would have too many points.
        SweepTooLarge: all of them together would, or their parameters are too long.
    """
    text = [json.dumps(cell.artboard["params"]) for cell in cells]
    if sum(map(len, text)) > MOST_TEXT:
        raise SweepTooLarge(
            f"the parameters of all drawings may have {MOST_TEXT:,} characters together",
            field="params",
        )
    # Seeds cost nothing: drawings with the same parameters are as long as each other.
    costs = {words: _cost(cell) for words, cell in dict(zip(text, cells, strict=True)).items()}
    total = sum(costs[words] for words in text)
    if not total <= MOST_POINTS:
        raise SweepTooLarge(
            f"the drawings would have about {total:,.0f} points together; at most {MOST_POINTS:,} are drawn",
            field="params",
            estimate=total,
        )
    return cells


def values_of(wanted: Sequence[Any] | Mapping[str, Any], *, whole: bool) -> list[Any]:
    """Return the values that a sweep goes through: those of a list, or the steps of a range, rounded and each once."""
    if not isinstance(wanted, Mapping):
        return list(wanted)
    numbers = np.linspace(float(wanted["from"]), float(wanted["to"]), int(wanted["steps"])).tolist()
    return list(
        dict.fromkeys(
            round(number) if whole else float(f"{number:.{DIGITS}g}") for number in numbers
        )
    )


def _cost(cell: SweepCell) -> float:
    try:
        return cost_of_pattern(
            cell.artboard["pattern"], area_of(cell.artboard), cell.artboard["params"]
        )
    except InvalidFields as error:
        said = "; ".join(text for texts in error.errors.values() for text in texts)
        raise InvalidFields({"vary": [f"{cell.caption}: {said}"]}) from None
    except TooComplex as error:
        raise SweepTooLarge(
            f"{cell.caption}: {error}", field="params", estimate=error.estimate
        ) from None


def _mistakes_of(
    name: str, wanted: Any, artboard: Mapping[str, Any], schema: Schema
) -> Iterator[tuple[str, list[str]]]:
    """Yield what is wrong with one varied parameter: texts by the place that they are about."""
    here = f"vary.{name[:LONGEST_VALUE]}"
    if name not in schema.fields and name != SEED:
        hint = did_you_mean(name[:LONGEST_VALUE], [*schema.fields, SEED])
        yield (
            here,
            [
                f"Unknown parameter; known: {', '.join(sorted([*schema.fields, SEED]))}.",
                *([hint] if hint else []),
            ],
        )
        return
    problem = _problem_of_form(wanted)
    if problem:
        yield here, [problem]
        return
    for place, value in enumerate(values_of(wanted, whole=_is_whole(name, schema))):
        texts = (
            _problem_of_seed(value)
            if name == SEED
            else schema.validate({**artboard["params"], name: value}).get(name)
        )
        if texts:
            yield here if isinstance(wanted, Mapping) else f"{here}.{place}", _as_texts(texts)


def _problem_of_form(wanted: Any) -> str | None:
    """Say what is wrong with the form of the values of a parameter, None if nothing is."""
    if isinstance(wanted, Mapping):
        numbers = [wanted.get("from"), wanted.get("to")]
        if (
            set(wanted) != STEPS
            or not all(_is_number(number) for number in numbers)
            or not _is_count(wanted["steps"])
        ):
            return f"Must have the numbers `from` and `to`, and `steps` from {FEWEST_CELLS} to {MOST_CELLS}."
        return None
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_CELLS:
        return f"Must be a list of 1 to {MOST_CELLS} values, or an object with `from`, `to` and `steps`."
    if not all(_is_value(value) for value in wanted):
        return f"Must be numbers, texts of at most {LONGEST_VALUE} characters, true or false."
    return "Must not name a value twice." if len(set(map(repr, wanted))) < len(wanted) else None


def _problem_of_seed(value: Any) -> list[str] | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED
    return None if good else [f"Must be a whole number from 0 to {LARGEST_SEED}."]


def _as_texts(messages: Any) -> list[str]:
    return [str(text) for text in messages] if isinstance(messages, list) else [str(messages)]


def _is_whole(name: str, schema: Schema) -> bool:
    return name == SEED or isinstance(schema.fields.get(name), fields.Integer)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12  # noqa: PLR2004 - finite, too


def _is_count(value: Any) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and FEWEST_CELLS <= value <= MOST_CELLS
    )


def _is_value(value: Any) -> bool:
    return (
        _is_number(value)
        or isinstance(value, bool)
        or (isinstance(value, str) and len(value) <= LONGEST_VALUE)
    )


def _with(artboard: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an artboard with other values of some parameters, and of its seed if that is among them."""
    params = {name: value for name, value in values.items() if name != SEED}
    seed = values.get(SEED, artboard[SEED] or 0)
    return {**artboard, "params": {**artboard["params"], **params}, SEED: seed}


def _caption(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)[:40]
