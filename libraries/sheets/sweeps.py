"""Sweeps: an artboard drawn with many seeds, or with values of one or two parameters."""

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
from libraries.fields import (
    BoundedDict,
    BoundedList,
    InvalidFields,
    WholeNumber,
    declare,
    flag,
    optional,
    whole,
)
from libraries.json_types import described
from libraries.patterns import PATTERNS, TooComplex
from libraries.sheets.artboard import Artboard
from libraries.sheets.contact_sheets import MAX_CELLS, ContactSheet
from libraries.sheets.page import MAX_SEED, Page

MIN_CELLS = 2
MAX_VARIED = 2
# Exactly one of these fields is required.
MODES = ("seeds", "count", "vary")
# Limits for the sum over all cells; their parameters are stored with each job.
MAX_POINTS, MAX_PARAMS_CHARS = 30_000_000, 8_000_000
SEED = "seed"
MAX_VALUE_CHARS = 200


class SweepTooLarge(InvalidInput):
    """Raised when the drawings of a sweep are too large; `estimate` has their points, if known."""

    code = "sweep-too-large"

    def __init__(self, detail: str, *, field: str, estimate: float | None = None) -> None:
        super().__init__(detail, field=field, hint="request fewer or simpler drawings")
        self.estimate = estimate


class SheetPage(Page):
    """The page of a contact sheet."""


@dataclass(frozen=True)
class SweepCell:
    """A drawing of a sweep, and its caption."""

    artboard: Artboard
    caption: str


@dataclass(frozen=True)
class SweepCells:
    """The drawings of a sweep, row by row, and the number of columns if it is fixed."""

    cells: list[SweepCell]
    columns: int | None = None


@described(oneOf=[{"required": [mode]} for mode in MODES])
class ArtboardSweep(Artboard):
    """An artboard, and the variation of its drawings: `seeds`, `count` or `vary`."""

    seeds: list[int] | None = optional(
        BoundedList(
            WholeNumber(validate=Range(0, MAX_SEED)),
            validate=Length(MIN_CELLS, MAX_CELLS),
            metadata={
                "description": "Seeds of the drawings, without duplicates.",
                "uniqueItems": True,
                "example": [3, 7, 12],
            },
        )
    )
    count: int | None = optional(
        WholeNumber(
            validate=Range(MIN_CELLS, MAX_CELLS),
            metadata={
                "description": "Number of drawings with consecutive seeds from `seed` (default 0).",
                "example": 12,
            },
        )
    )
    vary: dict[str, Any] | None = optional(
        BoundedDict(
            keys=fields.String(),
            validate=Length(1, MAX_VARIED),
            metadata={
                "description": "Values of one parameter, or of two: those of the first make the "
                "rows, those of the second the columns. Each has a list of values, or "
                '`{"from": 2, "to": 8, "steps": 4}`. `seed` is a parameter here, too.',
                "example": {
                    "separation": [1.5, 3, 6],
                    "scale": {"from": 40, "to": 160, "steps": 4},
                },
            },
        )
    )
    columns: int | None = whole(
        "Drawings per row; by default the number that makes them largest. Not with two parameters.",
        1,
        MAX_CELLS,
        default=None,
    )
    sheet: SheetPage | None = declare(
        fields.Nested(
            SheetPage.schema(),
            metadata={"description": "Page of the sheet; by default that of the drawings."},
        ),
        default=None,
    )
    captions: bool = flag(
        "Whether to draw the seed or values under each drawing, and a title at the top.",
        default=True,
    )
    title: str | None = declare(
        fields.String(
            validate=Length(max=100),
            metadata={"description": "Title of the sheet; empty for none."},
        ),
        default=None,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject none or several of `seeds`, `count` and `vary`."""
        yield from super().mistakes(parsed, given)
        seeds = parsed.get("seeds", [])
        if sum(mode in given for mode in MODES) != 1:
            yield {"_schema": [f"Must have exactly one of {', '.join(MODES)}."]}
        elif len(set(seeds)) < len(seeds):
            yield {"seeds": ["Must not contain duplicates."]}
        elif parsed.get("seed") is not None and "seeds" in parsed:
            yield {"seed": ["Cannot be combined with `seeds`."]}
        elif parsed.get("columns") is not None and len(parsed.get("vary", ())) > 1:
            text = "Cannot be combined with two parameters: the second one sets the columns."
            yield {"columns": [text]}

    def cells(self) -> SweepCells:
        """Return the drawings; raises as `seed_cells` and `varied_cells`."""
        artboard = Artboard.part_of(self)
        if self.vary is not None:
            return varied_cells(artboard, self.vary)
        seeds = self.seeds or consecutive_seeds(self.seed or 0, self.count or MIN_CELLS)
        return seed_cells(artboard, seeds)

    def contact_sheet(self, drawn: SweepCells) -> ContactSheet:
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
            optimize=self.optimize,
            captions=[cell.caption for cell in drawn.cells],
        )

    def _default_title(self, count: int) -> str:
        what = self.drawing_title
        if self.vary is None:
            return f"{what}, {count} seeds"
        seed = "" if SEED in self.vary else f", seed {self.seed or 0}"
        return f"{what}{seed}: {' by '.join(self.vary)}"


def seed_cells(artboard: Artboard, seeds: Sequence[int]) -> SweepCells:
    """Return an artboard with each of `seeds`; raises as `check_cells`."""
    cells = [SweepCell(replace(artboard, seed=seed), f"seed {seed}") for seed in seeds]
    return SweepCells(check_cells(cells))


def consecutive_seeds(first: int, count: int) -> list[int]:
    """Return `count` seeds from `first` on; raise InvalidFields if the last one is too large."""
    if first + count - 1 > MAX_SEED:
        text = f"Must leave room for {count} seeds: at most {MAX_SEED - count + 1}."
        raise InvalidFields({SEED: [text]})
    return list(range(first, first + count))


def varied_cells(artboard: Artboard, vary: Mapping[str, Any]) -> SweepCells:
    """Return an artboard with all combinations of values of one or two parameters.

    `vary` maps the name of a parameter, or `seed`, to a list of values or to `from`, `to` and
    `steps`. Raises InvalidFields with all invalid values, as `vary.<name>.<position>`, or for too
    few or too many combinations; also raises as `check_cells`.
    """
    steps = _checked_values(artboard, vary)
    count = math.prod(map(len, steps.values()))
    if not MIN_CELLS <= count <= MAX_CELLS:
        text = f"Must make {MIN_CELLS} to {MAX_CELLS} drawings; this makes {count}."
        raise InvalidFields({"vary": [text]})
    products = itertools.product(*steps.values())
    combined = [dict(zip(steps, values, strict=True)) for values in products]
    cells = [SweepCell(_with(artboard, values), _caption(values)) for values in combined]
    columns = len(list(steps.values())[1]) if len(steps) == MAX_VARIED else None
    return SweepCells(check_cells(cells), columns)


def _checked_values(artboard: Artboard, vary: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values of each parameter, or raise InvalidFields."""
    schema = PATTERNS[artboard.pattern].schema()
    if not 1 <= len(vary) <= MAX_VARIED:
        raise InvalidFields({"vary": ["Must name one or two parameters."]})
    mistakes = {
        key: texts
        for name, given in vary.items()
        for key, texts in _mistakes_of(name, given, artboard, schema)
    }
    if mistakes:
        raise InvalidFields(mistakes)
    return {name: values_of(given, whole=_is_whole(name, schema)) for name, given in vary.items()}


def check_cells(cells: list[SweepCell]) -> list[SweepCell]:
    """Return `cells` if all of them can be drawn.

    Raises InvalidFields for contradicting parameters, and SweepTooLarge.
    """
    texts = [json.dumps(cell.artboard.params) for cell in cells]
    if sum(map(len, texts)) > MAX_PARAMS_CHARS:
        text = f"the parameters of all drawings exceed {MAX_PARAMS_CHARS:,} characters"
        raise SweepTooLarge(text, field="params")
    # The cost does not depend on the seed.
    costs = {text: _cost(cell) for text, cell in dict(zip(texts, cells, strict=True)).items()}
    total = sum(costs[text] for text in texts)
    if not total <= MAX_POINTS:
        text = f"the drawings would have about {total:,.0f} points; the limit is {MAX_POINTS:,}"
        raise SweepTooLarge(text, field="params", estimate=total)
    return cells


def values_of(given: Sequence[Any] | Mapping[str, Any], *, whole: bool) -> list[Any]:
    """Return the values of a list, or the steps of a range, rounded and without duplicates."""
    if not isinstance(given, Mapping):
        return list(given)
    numbers = np.linspace(float(given["from"]), float(given["to"]), int(given["steps"])).tolist()
    # Six significant digits avoid captions such as 0.30000000000000004.
    return list(
        dict.fromkeys(round(number) if whole else float(f"{number:.6g}") for number in numbers)
    )


def _cost(cell: SweepCell) -> float:
    try:
        return cell.artboard.cost()
    except InvalidFields as error:
        details = "; ".join(text for texts in error.errors.values() for text in texts)
        raise InvalidFields({"vary": [f"{cell.caption}: {details}"]}) from None
    except TooComplex as error:
        text = f"{cell.caption}: {error}"
        raise SweepTooLarge(text, field="params", estimate=error.estimate) from None


def _mistakes_of(
    name: str, given: Any, artboard: Artboard, schema: Schema
) -> Iterator[tuple[str, list[str]]]:
    """Yield the errors of one varied parameter: `vary.<name>[.<position>]` and messages."""
    key = f"vary.{name[:MAX_VALUE_CHARS]}"
    if name not in schema.fields and name != SEED:
        known = [*schema.fields, SEED]
        hint = did_you_mean(name[:MAX_VALUE_CHARS], known)
        text = f"Unknown parameter; known: {', '.join(sorted(known))}."
        yield key, [text, *([hint] if hint else [])]
        return
    if problem := _problem_of_form(given):
        yield key, [problem]
        return
    for position, value in enumerate(values_of(given, whole=_is_whole(name, schema))):
        if name == SEED:
            texts = _problem_of_seed(value)
        else:
            texts = _as_texts(schema.validate({**artboard.params, name: value}).get(name, []))
        if texts:
            yield key if isinstance(given, Mapping) else f"{key}.{position}", texts


def _problem_of_form(given: Any) -> str | None:
    if isinstance(given, Mapping):
        is_complete = set(given) == {"from", "to", "steps"}
        if is_complete and _is_number(given["from"], given["to"]) and _is_count(given["steps"]):
            return None
        steps = f"`steps` from {MIN_CELLS} to {MAX_CELLS}"
        return f"Must have the numbers `from` and `to`, and {steps}."
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_CELLS:
        values = f"a list of 1 to {MAX_CELLS} values"
        return f"Must be {values}, or an object with `from`, `to` and `steps`."
    if not all(_is_value(value) for value in given):
        return f"Must be numbers, strings of at most {MAX_VALUE_CHARS} characters, true or false."
    return "Must not contain duplicates." if len(set(map(repr, given))) < len(given) else None


def _problem_of_seed(value: Any) -> list[str]:
    is_seed = _is_int(value) and 0 <= value <= MAX_SEED
    return [] if is_seed else [f"Must be a whole number from 0 to {MAX_SEED}."]


def _as_texts(messages: Any) -> list[str]:
    return [str(text) for text in messages] if isinstance(messages, list) else [str(messages)]


def _is_whole(name: str, schema: Schema) -> bool:
    return name == SEED or isinstance(schema.fields.get(name), fields.Integer)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(*values: Any) -> bool:
    return all(
        (_is_int(value) or isinstance(value, float)) and abs(value) < 1e12  # noqa: PLR2004 - no NaN
        for value in values
    )


def _is_count(value: Any) -> bool:
    return _is_int(value) and MIN_CELLS <= value <= MAX_CELLS


def _is_value(value: Any) -> bool:
    text = isinstance(value, str) and len(value) <= MAX_VALUE_CHARS
    return text or isinstance(value, bool) or _is_number(value)


def _with(artboard: Artboard, values: Mapping[str, Any]) -> Artboard:
    params = {name: value for name, value in values.items() if name != SEED}
    seed = values.get(SEED, artboard.seed or 0)
    return replace(artboard, params={**artboard.params, **params}, seed=seed)


def _caption(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)[:40]
