"""Error messages for mistakes in patterns, when they are loaded and when they are drawn."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libraries import loading, patterns
from libraries.fields import Params
from libraries.geometry.area import Area
from libraries.loading import load_modules, load_problem
from libraries.patterns import (
    PATTERNS,
    BadDrawing,
    Pattern,
    check_pattern,
    draw_pattern,
    trial_drawing,
)

PAGE = Area(105, 148, 10)
RAYS = '''
from libraries.fields import Params, whole
from libraries.patterns.catalogue import pattern


@pattern
class Rays(Params):
    """Rays around a centre.

    They are as long as the area allows.
    """

    count: int = whole("How many rays.", 3, 720, default=72)

    def cost(self, area):
        return 2 * self.count

    def draw(self, area, rng):
        yield area.centre
'''

Load = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A function that adds a pattern module, loads it, and returns its problem."""
    monkeypatch.setattr(loading, "_problems", {})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(patterns, "__path__", [*patterns.__path__, str(tmp_path)])

    def add(source: str = RAYS, *changes: tuple[str, str], name: str = "rays") -> str:
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        load_modules("libraries.patterns", discard=PATTERNS.discard)
        return str(load_problem(f"libraries.patterns.{name}") or "")

    yield add
    for file in tmp_path.glob("*.py"):
        PATTERNS.discard(file.stem)
        sys.modules.pop(f"libraries.patterns.{file.stem}", None)


def test_a_pattern_without_a_mistake_is_loaded(load: Load) -> None:
    assert load() == ""
    assert (PATTERNS["rays"].summary, len(PATTERNS["rays"].schema().fields)) == (
        "Rays around a centre.",
        1,
    )
    assert check_pattern("rays", PAGE, {"count": "12"}).cost(PAGE) == 24


@pytest.mark.parametrize(
    ("changes", "location", "mistake"),
    [
        (
            [("def cost(self, area)", "def cost(self)")],
            "line 6",
            "Rays.cost takes (self); declare it as `def cost(self, area: Area) -> float`",
        ),
        (
            [("def draw(self, area, rng)", "def draw(self, area)")],
            "line 6",
            "Rays.draw takes (self, area); declare it as `def draw(self, area: Area, rng: Generator)",
        ),
        (
            [
                (
                    "from libraries.patterns.catalogue import pattern",
                    "from libraries.declarations import Preset\nfrom libraries.patterns.catalogue import pattern",
                ),
                (
                    "    def cost",
                    '    presets = (Preset("few", "Few rays", {"cont": 9}),)\n\n    def cost',
                ),
            ],
            "line 7",
            "the preset 'few' of Rays: there is no parameter 'cont'; known: count",
        ),
        (
            [
                (
                    "from libraries.patterns.catalogue import pattern",
                    "from libraries.declarations import Preset\nfrom libraries.patterns.catalogue import pattern",
                ),
                (
                    "    def cost",
                    '    presets = (Preset("few", "Few rays", {"count": 2}),)\n\n    def cost',
                ),
            ],
            "line 7",
            "the preset 'few' of Rays: count is 2: Must be greater than or equal to 3",
        ),
        ([("def draw", "async def draw")], "line 6", "Rays.draw is not a plain method"),
        ([("def cost", "def costs")], "line 6", "Rays has no method cost; declare it as"),
        ([(", default=72", "")], "line 6", "Rays.count needs a default"),
        (
            [("default=72", "default=2")],
            "line 6",
            "Rays.count has the default 2: Must be greater than or equal to 3 and less than or equal",
        ),
        ([('"How many rays."', '""')], "line 6", "Rays.count needs a description that ends"),
        (
            [('whole("How many rays.", 3, 720, default=72)', "72")],
            "line 6",
            "Rays.count is not declared with a function of libraries.fields",
        ),
        (
            [
                ('whole("How many rays.", 3, 720, default=72)', "field()"),
                ("import P", "import field, P"),
            ],
            "line 2",
            "ImportError: cannot import name 'field'",
        ),
        ([("class Rays(Params)", "class Rays")], "line 6", "Rays must be a subclass of"),
        ([("centre.\n\n", "centre\n\n")], "line 6", "Rays needs a docstring that begins with a"),
        (
            [("\n\n    They are as long as the area allows.", "")],
            "line 6",
            "Rays needs a description after the first line of its docstring",
        ),
        ([("def draw(self, area, rng):", "def draw(self, area, rng:")], "line 18", "SyntaxError"),
        (
            [("        yield area.centre\n", "        yield area.centre\n\npattern(Rays)\n")],
            "line 21",
            "pattern 'rays' is registered twice",
        ),
    ],
)
def test_a_mistake_is_reported_with_file_and_line_and_the_pattern_is_skipped(
    load: Load, changes: list[tuple[str, str]], location: str, mistake: str
) -> None:
    problem = load(RAYS, *changes)
    assert problem.startswith(f"rays.py, {location}: "), problem
    assert mistake in problem
    assert "rays" not in PATTERNS
    assert draw_pattern("grid", PAGE)


def test_a_corrected_pattern_is_loaded_without_the_mistake(load: Load) -> None:
    assert load(RAYS, ("default=72", "default=2"))
    assert load() == ""
    assert "rays" in PATTERNS


# -- drawings

LINE = np.array([(20.0, 20.0), (30.0, 30.0)])
OUTSIDE = np.array([(20.0, 20.0), (300.0, 30.0)])


def draw(monkeypatch: pytest.MonkeyPatch, lines: Iterable[object]) -> int:
    """Draw a pattern that yields `lines`; return their number."""

    class Given(Params):
        def cost(self, area: Area) -> float:
            return 10

        def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Any]:
            return iter(lines)

    given = Pattern("given", "", "", Given)
    monkeypatch.setitem(PATTERNS._items, "given", given)
    return len(draw_pattern("given", PAGE))


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (
            OUTSIDE,
            r"stroke 2 has the point \(300, 30\), outside the area from \(10, 10\) to \(95, 138\)",
        ),
        (LINE * (1, -1), r"stroke 2 has the point \(20, -20\), outside"),
        (LINE * np.nan, r"stroke 2 has the point \(nan, nan\), outside"),
        (LINE * np.inf, r"stroke 2 has the point \(inf, inf\), outside"),
        (
            LINE.astype(np.float32),
            r"stroke 2 is an array of float32 of shape \(2, 2\), not a non-empty",
        ),
        (LINE.astype(int), r"stroke 2 is an array of int64"),
        (LINE.ravel(), r"stroke 2 is an array of float64 of shape \(4,\)"),
        (LINE[:0], r"stroke 2 is an array of float64 of shape \(0, 2\)"),
        (
            [(20.0, 20.0), (30.0, 30.0)],
            "stroke 2 is of type list, not a non-empty array of float64",
        ),
    ],
    ids=str,
)
def test_an_invalid_stroke_is_rejected_with_the_names_of_the_pattern_and_the_stroke(
    monkeypatch: pytest.MonkeyPatch, line: object, mistake: str
) -> None:
    with pytest.raises(BadDrawing, match=mistake) as caught:
        draw(monkeypatch, [LINE, LINE, line, LINE])
    assert "pattern 'given' (tests/libraries/patterns/test_catalogue.py)" in str(caught.value)


@pytest.mark.parametrize("index", [0, 1023, 1024, 2500])
def test_a_line_outside_is_found_among_many(monkeypatch: pytest.MonkeyPatch, index: int) -> None:
    lines = [LINE] * 2501
    lines[index] = OUTSIDE
    with pytest.raises(BadDrawing, match=f"stroke {index} has"):
        draw(monkeypatch, lines)


def test_rounding_errors_at_the_edge_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = np.array([(10 - 1e-9, 20.0), (95 + 1e-9, 138 + 1e-9)])
    assert draw(monkeypatch, [edge] * 3) == 3


def test_a_pattern_may_draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert draw(monkeypatch, []) == 0


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ("yield np.array([area.centre, (area.right + 5, 30.0)])", "outside the area"),
        ("yield area.centre", "is of type tuple"),
        ("yield 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_trial_names_the_mistake_of_a_pattern(load: Load, body: str, mistake: str) -> None:
    source = "import numpy as np\n" + RAYS.replace("yield area.centre", body)
    assert load(source) == ""
    found = trial_drawing("rays")
    assert found
    assert found.startswith("pattern 'rays' (libraries/patterns/rays.py): ")
    assert mistake in found


def test_a_trial_of_a_good_pattern_finds_nothing() -> None:
    assert trial_drawing("grid") is None
