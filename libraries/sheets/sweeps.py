"""Sweeps: one artboard many times, with many seeds or with steps of one or two parameters."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from libraries.errors import InvalidInput, did_you_mean
from libraries.fields import InvalidFields, WholeNumber, declare, flag, optional, whole
from libraries.patterns import PATTERNS, TooComplex
from libraries.sheets.artboard import Artboard
from libraries.sheets.contact_sheets import MAX_CELLS, ContactSheet
from libraries.sheets.page import MAX_SEED, Page

MIN_CELLS = 2
MAX_VARIED = 2
# Limits for all cells together: estimated points, and characters of their parameters, which are
# stored with each job.
MAX_POINTS, MAX_PARAMS_CHARS = 30_000_000, 8_000_000
SEED = "seed"
MAX_VALUE_CHARS = 200


class SweepTooLarge(InvalidInput):
    """Raised when the drawings of a sweep are too much; `estimate` may have their points."""

    code = "sweep-too-large"

    def __init__(self, detail: str, *, field: str, estimate: float | None = None) -> None:
        super().__init__(detail, field=field, hint="ask for fewer drawings, or simpler ones")
        self.estimate = estimate


class SheetPage(Page):
    """The page of a contact sheet."""


@dataclass(frozen=True)
class SweepCell:
    """One drawing of a sweep, and its difference from the others in words."""

    artboard: Artboard
    caption: str


@dataclass(frozen=True)
class SweepCells:
    """The drawings of a sweep, row by row, and the number of columns if it is fixed."""

    cells: list[SweepCell]
    columns: int | None = None


class ArtboardSweep(Artboard):
    """An artboard, and how its drawings differ: by `seeds`, by a `count` of seeds, or by `vary`."""

    seeds: list[int] | None = optional(
        fields.List(
            WholeNumber(validate=Range(0, MAX_SEED)),
            validate=Length(MIN_CELLS, MAX_CELLS),
            metadata={"description": "A drawing of each of these seeds.", "example": [3, 7, 12]},
        )
    )
    count: int | None = optional(
        WholeNumber(
            validate=Range(MIN_CELLS, MAX_CELLS),
            metadata={
                "description": "A drawing of so many seeds, from `seed` on, or from 0.",
                "example": 12,
            },
        )
    )
    vary: dict[str, Any] | None = optional(
        fields.Dict(
            keys=fields.String(),
            validate=Length(1, MAX_VARIED),
            metadata={
                "description": "A drawing of each value of one parameter, or of each combination "
                "of two: those of the first make the rows, those of the second the columns. Each "
                'has a list of values, or `{"from": 2, "to": 8, "steps": 4}`. `seed` is a '
                "parameter here, too.",
                "example": {
                    "separation": [1.5, 3, 6],
                    "scale": {"from": 40, "to": 160, "steps": 4},
                },
            },
        )
    )
    columns: int | None = whole(
        "Drawings in a row; as it makes them largest, if not given. Not with two parameters.",
        1,
        MAX_CELLS,
        default=None,
    )
    sheet: SheetPage | None = declare(
        fields.Nested(
            SheetPage.schema(),
            metadata={"description": "The page of the sheet; that of the drawings if not given."},
        ),
        default=None,
    )
    captions: bool = flag(
        "Whether seed or values are written under each drawing, and a title above all.",
        default=True,
    )
    title: str | None = declare(
        fields.String(
            validate=Length(max=100),
            metadata={"description": "What is written above all; `` for nothing."},
        ),
        default=None,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Refuse none or several of the ways in which drawings can differ."""
        yield from super().mistakes(parsed, given)
        ways = ("seeds", "count", "vary")
        seeds = parsed.get("seeds", [])
        if sum(way in given for way in ways) != 1:
            yield {"_schema": [f"Must have one of {', '.join(ways)}."]}
        elif len(set(seeds)) < len(seeds):
            yield {"seeds": ["Must not name a seed twice."]}
        elif parsed.get("seed") is not None and "seeds" in parsed:
            yield {"seed": ["Cannot be combined with `seeds`."]}
        elif parsed.get("columns") is not None and len(parsed.get("vary", ())) > 1:
            text = "Cannot be combined with two parameters: the second one makes the columns."
            yield {"columns": [text]}

    def cells(self) -> SweepCells:
        """Return the drawings.

        Raises:
            InvalidFields: values of `vary` are wrong, or there are too few or too many
                combinations; all are named, as `vary.<name>` or `vary.<name>.<position>`.
            TooComplex, SweepTooLarge: see `check_cells`.
        """
        artboard = Artboard.part_of(self)
        if self.vary is not None:
            return varied_cells(artboard, self.vary)
        seeds = self.seeds or consecutive_seeds(self.seed or 0, self.count or MIN_CELLS)
        return seed_cells(artboard, seeds)

    def contact_sheet(self, drawn: SweepCells) -> ContactSheet:
        """Return the sheet of these drawings."""
        size = {"width": self.width, "height": self.height, "margin": None}
        page = size if self.sheet is None else self.sheet.values()
        return ContactSheet(
            **page,
            cell_width=self.width,
            cell_height=self.height,
            columns=drawn.columns or self.columns,
            title=self._default_title(len(drawn.cells)) if self.title is None else self.title,
            pen_width=self.pen_width,
            lettering=self.captions,
            captions=[cell.caption for cell in drawn.cells],
        )

    def _default_title(self, count: int) -> str:
        what = self.drawing_title
        if self.vary is None:
            return f"{what}, {count} seeds"
        seed = "" if SEED in self.vary else f", seed {self.seed or 0}"
        return f"{what}{seed}: {' by '.join(self.vary)}"


def seed_cells(artboard: Artboard, seeds: Sequence[int]) -> SweepCells:
    """Return an artboard with each of `seeds`.

    Raises:
        TooComplex, SweepTooLarge: see `check_cells`.
    """
    cells = [SweepCell(replace(artboard, seed=seed), f"seed {seed}") for seed in seeds]
    return SweepCells(check_cells(cells))


def consecutive_seeds(first: int, count: int) -> list[int]:
    """Return `count` seeds from `first` on.

    Raises:
        InvalidFields: the last one is too large.
    """
    if first + count - 1 > MAX_SEED:
        text = f"Must leave room for {count} seeds: at most {MAX_SEED - count + 1}."
        raise InvalidFields({SEED: [text]})
    return list(range(first, first + count))


def varied_cells(artboard: Artboard, vary: Mapping[str, Any]) -> SweepCells:
    """Return an artboard with every combination of the values of one or two parameters.

    Args:
        artboard: the artboard.
        vary: by the name of a parameter, or `seed`, a list of values or `{"from": ..., "to": ...,
            "steps": ...}`.

    Raises:
        InvalidFields: see `ArtboardSweep.cells`.
        TooComplex, SweepTooLarge: see `check_cells`.
    """
    schema = PATTERNS[artboard.pattern].schema()
    if not 1 <= len(vary) <= MAX_VARIED:
        raise InvalidFields({"vary": ["Must name one or two parameters."]})
    mistakes = {
        key: texts
        for name in vary
        for key, texts in _mistakes_of(name, vary[name], artboard, schema)
    }
    if mistakes:
        raise InvalidFields(mistakes)
    steps = {name: values_of(given, whole=_is_whole(name, schema)) for name, given in vary.items()}
    count = math.prod(map(len, steps.values()))
    if not MIN_CELLS <= count <= MAX_CELLS:
        text = f"Must make {MIN_CELLS} to {MAX_CELLS} drawings; this makes {count}."
        raise InvalidFields({"vary": [text]})
    combined = [
        dict(zip(steps, values, strict=True)) for values in itertools.product(*steps.values())
    ]
    cells = [SweepCell(_with(artboard, values), _caption(values)) for values in combined]
    columns = len(list(steps.values())[1]) if len(steps) == MAX_VARIED else None
    return SweepCells(check_cells(cells), columns)


def check_cells(cells: list[SweepCell]) -> list[SweepCell]:
    """Return `cells` if each of them and all of them together can be drawn.

    Raises:
        InvalidFields: parameters contradict each other.
        TooComplex: a drawing would have too many points.
        SweepTooLarge: all of them together would, or their parameters are too long.
    """
    texts = [json.dumps(cell.artboard.params) for cell in cells]
    if sum(map(len, texts)) > MAX_PARAMS_CHARS:
        raise SweepTooLarge(
            f"the parameters of all drawings may have {MAX_PARAMS_CHARS:,} characters together",
            field="params",
        )
    # Drawings with the same parameters cost the same, whatever their seed.
    costs = {text: _cost(cell) for text, cell in dict(zip(texts, cells, strict=True)).items()}
    total = sum(costs[text] for text in texts)
    if not total <= MAX_POINTS:
        raise SweepTooLarge(
            f"the drawings would have about {total:,.0f} points together; "
            f"at most {MAX_POINTS:,} are drawn",
            field="params",
            estimate=total,
        )
    return cells


def values_of(given: Sequence[Any] | Mapping[str, Any], *, whole: bool) -> list[Any]:
    """Return the values of a list, or the steps of a range, rounded and without duplicates."""
    if not isinstance(given, Mapping):
        return list(given)
    numbers = np.linspace(float(given["from"]), float(given["to"]), int(given["steps"])).tolist()
    # Six significant digits: 0.30000000000000004 is not a caption.
    return list(
        dict.fromkeys(round(number) if whole else float(f"{number:.6g}") for number in numbers)
    )


def _cost(cell: SweepCell) -> float:
    try:
        return cell.artboard.cost()
    except InvalidFields as error:
        said = "; ".join(text for texts in error.errors.values() for text in texts)
        raise InvalidFields({"vary": [f"{cell.caption}: {said}"]}) from None
    except TooComplex as error:
        raise SweepTooLarge(
            f"{cell.caption}: {error}", field="params", estimate=error.estimate
        ) from None


def _mistakes_of(
    name: str, given: Any, artboard: Artboard, schema: Schema
) -> Iterator[tuple[str, list[str]]]:
    """Yield the mistakes of one varied parameter: `vary.<name>[.<position>]` and texts."""
    here = f"vary.{name[:MAX_VALUE_CHARS]}"
    if name not in schema.fields and name != SEED:
        known = [*schema.fields, SEED]
        hint = did_you_mean(name[:MAX_VALUE_CHARS], known)
        text = f"Unknown parameter; known: {', '.join(sorted(known))}."
        yield here, [text, *([hint] if hint else [])]
        return
    problem = _problem_of_form(given)
    if problem:
        yield here, [problem]
        return
    for position, value in enumerate(values_of(given, whole=_is_whole(name, schema))):
        texts = (
            _problem_of_seed(value)
            if name == SEED
            else schema.validate({**artboard.params, name: value}).get(name)
        )
        if texts:
            yield here if isinstance(given, Mapping) else f"{here}.{position}", _as_texts(texts)


def _problem_of_form(given: Any) -> str | None:
    """Return what is wrong with the form of the values of a parameter, None if nothing is."""
    if isinstance(given, Mapping):
        ends = [given.get("from"), given.get("to")]
        if (
            set(given) != {"from", "to", "steps"}
            or not all(_is_number(end) for end in ends)
            or not _is_count(given["steps"])
        ):
            steps = f"`steps` from {MIN_CELLS} to {MAX_CELLS}"
            return f"Must have the numbers `from` and `to`, and {steps}."
        return None
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_CELLS:
        values = f"a list of 1 to {MAX_CELLS} values"
        return f"Must be {values}, or an object with `from`, `to` and `steps`."
    if not all(_is_value(value) for value in given):
        return f"Must be numbers, texts of at most {MAX_VALUE_CHARS} characters, true or false."
    return "Must not name a value twice." if len(set(map(repr, given))) < len(given) else None


def _problem_of_seed(value: Any) -> list[str] | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEED
    return None if good else [f"Must be a whole number from 0 to {MAX_SEED}."]


def _as_texts(messages: Any) -> list[str]:
    return [str(text) for text in messages] if isinstance(messages, list) else [str(messages)]


def _is_whole(name: str, schema: Schema) -> bool:
    return name == SEED or isinstance(schema.fields.get(name), fields.Integer)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) < 1e12  # noqa: PLR2004 - finite, too


def _is_count(value: Any) -> bool:
    return (
        isinstance(value, int) and not isinstance(value, bool) and MIN_CELLS <= value <= MAX_CELLS
    )


def _is_value(value: Any) -> bool:
    text = isinstance(value, str) and len(value) <= MAX_VALUE_CHARS
    return text or isinstance(value, bool) or _is_number(value)


def _with(artboard: Artboard, values: Mapping[str, Any]) -> Artboard:
    """Return an artboard with other values of some parameters, or of its seed."""
    params = {name: value for name, value in values.items() if name != SEED}
    seed = values.get(SEED, artboard.seed or 0)
    return replace(artboard, params={**artboard.params, **params}, seed=seed)


def _caption(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)[:40]
