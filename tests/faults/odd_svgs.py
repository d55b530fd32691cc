"""The reader of SVG with mutated files."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from libraries.errors import InvalidInput
from libraries.svg_reader import ReadingOptions, read_svg
from tests.conftest import REPOSITORY

CASES = REPOSITORY / "tests" / "libraries" / "svg_reader" / "cases"
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
ELEMENT = re.compile(r"<[a-zA-Z][^<>]*>")
# Processor time for a file of at most 200 kB.
MAX_S = 10.0
NUMBERS = ("0", "-1", "1e9", "-1e308", "1e-300", "NaN", "50%", "3em", "99999999", "0.0001", "")
ATTRIBUTES = (
    'transform="scale(0)"', 'transform="rotate(45) skewX(89.999)"', 'style="fill:url(#a);stroke:var(--x)"', 'id="a"', 'class="a"',
    'clip-path="url(#a)"', 'mask="url(#a)"', 'display="none"', 'stroke-dasharray="0.001 1e-9"', 'stroke-width="1e6"',
    'vector-effect="non-scaling-stroke"', 'marker-mid="url(#a)"', 'fill-rule="evenodd"', 'viewBox="0 0 1e-9 1"', 'href="#a"',
)  # fmt: skip
PARTS = (
    '<use href="#a"/>', '<clipPath id="a"><path d="M0 0 99 50 0 99 50 0z"/></clipPath>', "<style>*{fill:red} .a ~ g > * {stroke:blue}</style>",
    '<mask id="a" maskContentUnits="objectBoundingBox"><rect width="1" height="1" fill="url(#g)"/></mask>',
    '<radialGradient id="g"><stop offset="1" stop-color="#fff"/></radialGradient>', '<text x="5" y="9">aé漢<tspan dx="3">b</tspan></text>',
    '<marker id="a" markerWidth="9" markerHeight="9" orient="auto"><circle r="2"/></marker>', '<svg width="9" height="9"><g/></svg>',
    '<path d="M0 0A9 1 30 1 0 50 50T9 9S1 1 2 2Q5 5 6 6"/>', "<![CDATA[<g>]]>", "<!-- - -->", "&nbsp;", "&#0;",
)  # fmt: skip


@dataclass
class Outcome:
    """What became of the files."""

    files: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    @property
    def summary(self) -> str:
        kinds = ", ".join(f"{code} {count}" for code, count in self.rejected.most_common(5))
        faults = f"; {self.faults[:3]}" if self.faults else ""
        return f"{self.files} files, slowest {self.slowest_s:.2f} s; rejected: {kinds}{faults}"


class Mutations:
    """Changes of SVGs, chosen by a seeded generator."""

    def __init__(self, rng: random.Random, folder: Path = CASES) -> None:
        self._rng = rng
        self._files = [path.read_text("utf-8") for path in sorted(folder.glob("*.svg"))]
        self._ways: list[Callable[[str], str]] = [
            *3 * [self._number, self._attribute, self._part], self._repeat, self._byte, self._cut, self._splice,
        ]  # fmt: skip

    def next(self) -> str:
        """Return one of the files with one to five changes."""
        text = self._rng.choice(self._files)
        for _ in range(self._rng.randint(1, 5)):
            text = self._rng.choice(self._ways)(text)
        return text[:200_000]

    def _place(self, text: str) -> int:
        return self._rng.randrange(len(text) + 1)

    def _byte(self, text: str) -> str:
        at = self._place(text)
        return text[:at] + chr(self._rng.randrange(1, 300)) + text[at + 1 :]

    def _number(self, text: str) -> str:
        found = list(NUMBER.finditer(text))
        if not found:
            return text
        one = self._rng.choice(found)
        return text[: one.start()] + self._rng.choice(NUMBERS) + text[one.end() :]

    def _attribute(self, text: str) -> str:
        found = list(ELEMENT.finditer(text))
        if not found:
            return text
        at = self._rng.choice(found).end() - 1
        at -= text[at - 1] == "/"
        return f"{text[:at]} {self._rng.choice(ATTRIBUTES)}{text[at:]}"

    def _part(self, text: str) -> str:
        found = list(ELEMENT.finditer(text))
        at = self._rng.choice(found).end() if found else self._place(text)
        return text[:at] + self._rng.choice(PARTS) + text[at:]

    def _repeat(self, text: str) -> str:
        found = list(ELEMENT.finditer(text))
        if not found:
            return text
        one = self._rng.choice(found)
        return text[: one.end()] + one[0] * self._rng.choice((1, 5, 500)) + text[one.end() :]

    def _cut(self, text: str) -> str:
        start, end = sorted((self._place(text), self._place(text)))
        return text[:start] + text[min(end, start + 200) :]

    def _splice(self, text: str) -> str:
        other = self._rng.choice(self._files)
        start = self._place(other)
        at = self._place(text)
        return text[:at] + other[start : start + 300] + text[at:]


def read_mutated(rng: random.Random, seconds: float) -> Outcome:
    """Read mutated files for some seconds; anything but `InvalidInput` is a fault."""
    outcome, mutations = Outcome(), Mutations(rng)
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        read_one(mutations.next(), rng, outcome)
    return outcome


def read_one(text: str, rng: random.Random, outcome: Outcome) -> None:
    """Read a file with options by chance, and record what becomes of it."""
    options = ReadingOptions(
        fills=rng.choice(("outline", "hatch", "none")),
        pens_by=rng.choice(("auto", "layer", "group", "colour", "one")),
        max_pen_width=rng.choice((None, 0.5)),
        occlude=rng.random() < 0.9,
    )
    started = time.process_time()
    try:
        read_svg(text, options=options)
    except InvalidInput as error:
        outcome.rejected[error.code] += 1
    except Exception as error:
        outcome.faults.append(f"{type(error).__name__}: {error} in {text[:2000]!r}")
    outcome.files += 1
    took = time.process_time() - started
    outcome.slowest_s = max(outcome.slowest_s, took)
    if took > MAX_S:
        outcome.faults.append(f"{took:.1f} s for {text[:2000]!r}")
