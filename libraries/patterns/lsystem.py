"""L-systems: plants and curves grown from a short word by rewriting rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Range, Regexp
from numpy.typing import NDArray

from libraries.declarations import Preset
from libraries.fields import InvalidFields, Params, angle, choice, declare, number, whole
from libraries.geometry.area import Area
from libraries.geometry.merge import merge_strokes
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

# Letters and turtle commands.
WORD = r"\A[A-Za-z+\-\[\]|]*\Z"
MAX_WORD_CHARS = 200
UPWARDS = -90.0

Rules = Mapping[str, Sequence[tuple[str, float]]]
Segments = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """An axiom and its rules; `angle`, `heading` and `jitter` are in degrees."""

    axiom: str
    rules: Rules
    angle: float
    iterations: int
    heading: float = 0.0
    jitter: float = 0.0
    plants: int = 1


def _always(**rules: str) -> Rules:
    return {symbol: [(word, 1.0)] for symbol, word in rules.items()}


# Most are in Prusinkiewicz and Lindenmayer, "The Algorithmic Beauty of Plants" (1990), chapter 1.
PRESETS = {
    "plant": System(
        "X",
        {
            "X": [("F+[[X]-X]-F[-FX]+X", 5.0), ("F-[[X]+X]+F[+FX]-X", 2.0), ("F[+X]F[-X]+X", 2.0)],
            "F": [("FF", 7.0), ("F", 1.0)],
        },
        24,
        6,
        UPWARDS,
        5.0,
    ),
    "bush": System("F", _always(F="FF-[-F+F+F]+[+F-F-F]"), 22.5, 4, UPWARDS, 4.0),
    "weed": System(
        "F", {"F": [("F[+F]F[-F]F", 3.0), ("F[+F]F", 4.0), ("F[-F]F", 4.0)]}, 25.7, 5, UPWARDS, 4.0
    ),
    "meadow": System(
        "X",
        {
            "X": [("F[+X]-X", 2.0), ("F[-X]+X", 2.0), ("F[-Y][+Y]X", 3.0), ("FX", 2.0)],
            "F": [("FF", 3.0), ("F", 1.0)],
            "Y": [("F", 1.0)],
        },
        16,
        6,
        UPWARDS,
        6.0,
        19,
    ),
    "tree": System(
        "A",
        {
            "A": [("G[+A][-A]", 5.0), ("G[+A]-GA", 1.0), ("G[-A]+GA", 1.0)],
            "G": [("GG", 1.0), ("G", 2.0)],
        },
        24,
        9,
        UPWARDS,
        9.0,
    ),
    "dragon": System("FX", _always(X="X+YF+", Y="-FX-Y"), 90, 13),
    "terdragon": System("F", _always(F="F+F-F"), 120, 8),
    "koch": System("F--F--F", _always(F="F+F--F+F"), 60, 4),
    "koch-island": System("F-F-F-F", _always(F="F-F+F+FF-F-F+F"), 90, 3),
    "levy": System("F", _always(F="+F--F+"), 45, 12),
    "arrowhead": System("A", _always(A="B-A-B", B="A+B+A"), 60, 7),
    "crystal": System("F+F+F+F", _always(F="FF+F++F+F"), 90, 4),
    "penrose": System(
        "[N]++[N]++[N]++[N]++[N]",
        _always(
            M="OA++PA----NA[-OA----MA]++",
            N="+OA--PA[---MA--NA]+",
            O="-MA++NA[+++OA++PA]-",
            P="--OA++++MA[+PA++++NA]--NA",
            A="",
        ),
        36,
        5,
    ),
}
# Symbols that move the turtle forward; f does not draw.
MOVES = frozenset("FGABf")


class ProductionSchema(Schema):
    """One replacement of a symbol."""

    to = fields.String(
        required=True,
        validate=[Length(max=MAX_WORD_CHARS), Regexp(WORD)],
        metadata={
            "description": "The symbols that replace it.",
            "example": "F[+F]F[-F]F",
        },
    )
    weight = fields.Float(
        load_default=1.0,
        validate=Range(0.001, 1000),
        metadata={"description": "Relative probability of this choice."},
    )


class RulesField(fields.Dict):
    """A dictionary whose errors are reported by key, without `key` and `value` levels."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            messages = error.messages.items()
            raise ValidationError(
                {key: texts.get("value", texts.get("key")) for key, texts in messages}
            ) from None


class ChoicesField(fields.List[Any]):
    """A list of choices, or the single word that always replaces a symbol."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, str):
            return super()._deserialize(value, attr, data, **kwargs)
        try:
            return super()._deserialize([{"to": value}], attr, data, **kwargs)
        except ValidationError as error:
            # The request has no list and no `to` field around the word.
            raise ValidationError(error.messages[0]["to"]) from None  # type: ignore[index]


@pattern
class LSystem(Params):
    """Plants such as ferns, trees and meadows, or curves such as dragons and snowflakes.

    A word is rewritten by rules, and a turtle draws the result. Where a rule has several choices,
    one is chosen at random by weight; turns may vary a little. So no two plants of a meadow are
    alike, and each seed grows another one. Curves are exact and fill the area. Branches are joined
    into long strokes, and coinciding segments are drawn once.
    """

    preset: str = choice("A named system to draw or to modify.", sorted(PRESETS), default="plant")
    axiom: str | None = declare(
        fields.String(
            validate=[Length(1, MAX_WORD_CHARS), Regexp(WORD)],
            metadata={
                "description": "The initial word. F, G, A and B draw a step, f moves without "
                "drawing, + and - turn right and left, | turns back, [ saves the position and ] "
                "restores it; other letters are not drawn."
            },
        ),
        default=None,
    )
    rules: dict[str, list[dict[str, Any]]] | None = declare(
        RulesField(
            keys=fields.String(validate=Regexp(r"\A[A-Za-z]\Z")),
            values=ChoicesField(
                fields.Nested(ProductionSchema),
                validate=Length(1, 8),
                metadata={
                    "type": ["array", "string"],
                    "maxLength": MAX_WORD_CHARS,
                    "pattern": WORD,
                },
            ),
            validate=Length(1, 26),
            metadata={
                "description": "Replacements by letter: a word, or a list of choices with weights."
            },
        ),
        default=None,
    )
    angle: float | None = angle("Angle of + and -", default=None)
    iterations: int | None = whole("Number of rewriting steps.", 0, 30, default=None)
    jitter: float | None = number(
        "Maximum random deviation of a turn, in degrees.", 0, 45, default=None, unit="degrees"
    )
    plants: int | None = whole("Number of plants side by side.", 1, 40, default=None)

    presets = (
        Preset("grasses", "Wide meadow", {"preset": "meadow", "plants": 30, "jitter": 8.0}),
        Preset("dragon", "Dragon curve", {"preset": "dragon", "iterations": 12}),
        Preset("penrose", "Penrose tiles", {"preset": "penrose"}),
    )

    def check(self, given: frozenset[str]) -> None:
        words = {
            "axiom": [self.axiom or ""],
            "rules": [one["to"] for choices in (self.rules or {}).values() for one in choices],
        }
        for name, some in words.items():
            if not all(map(_is_balanced, some)):
                raise InvalidFields({name: ["Every [ needs a ] after it, within one word."]})

    def cost(self, area: Area) -> float:
        """Return a bound of the points from the counts of symbols, without rewriting the word."""
        system = self._system()
        counts = {symbol: float(system.axiom.count(symbol)) for symbol in set(system.axiom)}
        # For each symbol, the choice that contains most of it counts.
        grows = {
            symbol: {
                each: max(word.count(each) for word, _ in choices)
                for each in set("".join(word for word, _ in choices))
            }
            for symbol, choices in system.rules.items()
        }
        length = sum(counts.values())
        for _ in range(system.iterations):
            new: dict[str, float] = {}
            for symbol, count in counts.items():
                for each, times in grows.get(symbol, {symbol: 1}).items():
                    new[each] = new.get(each, 0.0) + count * times
            counts = new
            # Intermediate words count too: rules may shrink them again.
            length = max(length, sum(counts.values()))
            if length > 1e12:  # noqa: PLR2004 - far too many: the sums could overflow
                break
        # Writing, reading and perhaps drawing a symbol takes about as long as 2.5 points.
        return length * 2.5 * system.plants + 2

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the strokes.

        The turtle is that of Prusinkiewicz and Lindenmayer, "The Algorithmic Beauty of Plants"
        (1990).
        """
        system = self._system()
        grown = [_walk(_grow(system, rng), system, rng) for _ in range(system.plants)]
        pieces = _fit([_once(each) for each in grown], area, rng)
        yield from map(area.clip, merge_strokes(pieces))

    def _system(self) -> System:
        base = PRESETS[self.preset]
        names = ("axiom", "angle", "iterations", "jitter", "plants")
        values = {name: getattr(self, name) for name in names}
        changes: dict[str, Any] = {
            name: value for name, value in values.items() if value is not None
        }
        if self.rules is not None:
            changes["rules"] = {
                symbol: [(one["to"], one["weight"]) for one in choices]
                for symbol, choices in self.rules.items()
            }
        if self.axiom is not None or self.rules is not None:
            # A custom system has no jitter and one plant by default.
            changes = {"jitter": 0.0, "plants": 1} | changes
        return replace(base, **changes)


def _is_balanced(word: str) -> bool:
    depth = 0
    for symbol in word:
        depth += (symbol == "[") - (symbol == "]")
        if depth < 0:
            return False
    return depth == 0


def _grow(system: System, rng: np.random.Generator) -> str:
    word = system.axiom
    certain = str.maketrans(
        {symbol: choices[0][0] for symbol, choices in system.rules.items() if len(choices) == 1}
    )
    chances = {symbol: choices for symbol, choices in system.rules.items() if len(choices) > 1}
    for _ in range(system.iterations):
        if not chances:
            word = word.translate(certain)
            continue
        picks = {}
        for symbol, choices in chances.items():
            limits = np.cumsum([weight for _, weight in choices])
            values = rng.random(word.count(symbol)) * limits[-1]
            picked = np.minimum(np.searchsorted(limits, values, side="right"), len(choices) - 1)
            picks[symbol] = iter([choices[index][0] for index in picked.tolist()])
        word = "".join(
            next(picks[symbol]) if symbol in picks else symbol.translate(certain) for symbol in word
        )
    return word


def _walk(word: str, system: System, rng: np.random.Generator) -> Segments:
    """Return the segments that a turtle draws, of shape (n, 2, 2) and length 1."""
    turns = {"+": system.angle, "-": -system.angle, "|": 180.0}
    misses = iter((rng.uniform(-1, 1, sum(map(word.count, turns))) * system.jitter).tolist())
    bends = iter((rng.uniform(-1, 1, sum(map(word.count, MOVES))) * (system.jitter * 0.3)).tolist())
    x = y = 0.0
    heading, kept, drawn = system.heading, [], []
    for symbol in word:
        if symbol in turns:
            heading += turns[symbol] + next(misses)
        elif symbol == "[":
            kept.append((x, y, heading))
        elif symbol == "]":
            x, y, heading = kept.pop()
        elif symbol in MOVES:
            heading += next(bends)
            # Rounded, so that ends meet exactly.
            to_x = x + round(math.cos(math.radians(heading)), 12)
            to_y = y + round(math.sin(math.radians(heading)), 12)
            if symbol != "f":
                drawn.append((x, y, to_x, to_y))
            x, y = to_x, to_y
    return np.array(drawn).reshape(-1, 2, 2)


def _once(segments: Segments) -> Segments:
    """Return the segments without duplicates, compared to a thousandth of a step."""
    if not len(segments):
        return segments
    cells = np.round(segments / 1e-3).astype(np.int64)
    swap = (cells[:, 0, 0] > cells[:, 1, 0]) | (
        (cells[:, 0, 0] == cells[:, 1, 0]) & (cells[:, 0, 1] > cells[:, 1, 1])
    )
    cells[swap] = cells[swap, ::-1]
    _, first = np.unique(cells.reshape(-1, 4), axis=0, return_index=True)
    return segments[np.sort(first)]


def _fit(plants: list[Segments], area: Area, rng: np.random.Generator) -> list[Polyline]:
    """Return all segments in mm: the plants side by side, as large as the area allows."""
    plants = [each for each in plants if len(each)]
    if not plants:
        # A word without a step draws only the ground.
        return [np.array([(area.left, area.centre[1]), (area.right, area.centre[1])])]
    if len(plants) > 1:
        plants = _in_a_row(plants, area, rng)
    everything = np.concatenate(plants)
    low, high = everything.min(axis=(0, 1)), everything.max(axis=(0, 1))
    wide, tall = (high - low).tolist()
    scale = min(area.inner_width / max(wide, 1e-9), area.inner_height / max(tall, 1e-9))
    return list((everything - (low + high) / 2) * scale + area.centre)


def _in_a_row(plants: list[Segments], area: Area, rng: np.random.Generator) -> list[Segments]:
    """Return the plants side by side, in about the aspect ratio of the area."""
    ratio = area.inner_height / area.inner_width
    lift, shift = GradientNoise(rng), float(rng.uniform(0, 64))
    placed = []
    for index, plant in enumerate(plants):
        tall = max(-float(plant[:, :, 1].min()), 1e-9)
        part = (index + 0.5) / len(plants)
        wave = float(lift.at(np.array([part * 2.3 + shift]), np.array([0.5]))[0])
        height = ratio * (0.72 + 0.35 * wave + 0.12 * float(rng.uniform(-1, 1)))
        placed.append(plant * (height / tall) + (part, 0.0))
    return placed
