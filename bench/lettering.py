"""`python -m bench.lettering`: glyphs per second, compared with hershey-fonts and vpype.

The product uses the shapes of hershey-fonts; vpype is installed into a virtual environment in the cache. All write the same English
text in the same font, in turns. Line wrapping and accents are measured for the product only, since the others do not support them.

Exit codes: 0, 1 if vpype cannot be installed (its rows are skipped).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

from HersheyFonts import HersheyFonts

from bench.machinery import BenchError
from bench.peers.foreign import ADAPTERS, Environment
from bench.report import Table, ratios, spread
from libraries.lettering import DEFAULT_FONT, lay_out

# vpype needs pkg_resources, which newer setuptools do not have.
VPYPE = ["vpype==1.15.0", "setuptools<81"]
ROUNDS, SECONDS = 5, 0.5
CAP_HEIGHT = 5.0
TIMEOUT_S = 300
ENGLISH = (
    "The pen goes down, draws one line after the other, and never tires of the work it is given. "
    * 40
)
EUROPEAN = (
    "Příliš žluťoučký kůň úpěl; l\u2019été où zéphyr haï vêt Noël; Zwölf Boxkämpfer jagen große Wölfe. "
    * 40
)
OURS, THEIRS, VPYPE_ROW = "lay_out", "hershey-fonts", "vpype.text_line"


def measure(
    *, rounds: int = ROUNDS, seconds: float = SECONDS, peers: bool = True
) -> tuple[Table, str]:
    """Return the table, and an error message if vpype was requested but cannot be measured."""
    source = HersheyFonts()
    source.load_default_font(DEFAULT_FONT)
    methods: dict[str, tuple[str, Callable[[str], object]]] = {
        OURS: (ENGLISH, lambda text: lay_out(text, cap_height=CAP_HEIGHT)),
        THEIRS: (ENGLISH, lambda text: list(source.strokes_for_text(text))),
        "lay_out, wrapped and justified": (
            ENGLISH,
            lambda text: lay_out(text, cap_height=CAP_HEIGHT, width=180, justify=True),
        ),
        "lay_out, accents": (EUROPEAN, lambda text: lay_out(text, cap_height=CAP_HEIGHT)),
    }
    rates: dict[str, list[float]] = {name: [] for name in methods}
    for text, write in methods.values():
        write(text)
    for number in range(rounds):
        for name in list(methods) if number % 2 == 0 else reversed(list(methods)):
            rates[name].append(_rate(*methods[name], seconds))
    problem = ""
    try:
        rates |= {VPYPE_ROW: _vpype()} if peers else {}
    except BenchError as error:
        problem = str(error)
    table = Table(
        "Lettering: glyphs per second",
        ["method", "glyphs / s", f"times {THEIRS}"],
        notes=[
            f"{len(ENGLISH)} characters per call, font {DEFAULT_FONT}, already loaded; {rounds} rounds of {seconds} s in turns.",
            f"hershey-fonts {version('hershey-fonts')}: strokes in font units, no kerning.",
            *([f"{VPYPE[0].replace('==', ' ')} runs after the others."] if peers else []),
            "lay_out returns strokes in mm with kerning, alignment, base lines and missing glyphs.",
        ],
    )
    table.rows = [
        [name, spread(found), _compared(found, rates[THEIRS])] for name, found in rates.items()
    ]
    return table, problem


def _compared(found: list[float], theirs: list[float]) -> str:
    """Format the ratios; vpype may have a different number of rounds."""
    return ratios(found[: len(theirs)], theirs[: len(found)])


def _rate(text: str, write: Callable[[str], object], seconds: float) -> float:
    written, started_at = 0, time.perf_counter()
    while time.perf_counter() - started_at < seconds:
        write(text)
        written += len(text)
    return written / (time.perf_counter() - started_at)


def _vpype() -> list[float]:
    environment = Environment("vpype_adapter", VPYPE)
    environment.prepare(lambda text: print(f"... {text}", file=sys.stderr, flush=True))
    options = [str(ADAPTERS / "vpype_adapter.py"), DEFAULT_FONT, str(SECONDS), str(ROUNDS)]
    try:
        done = subprocess.run(
            [environment.program("python"), *options],
            input=ENGLISH,
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"vpype was not measured: {error}") from error
    rates: list[float] = json.loads(done.stdout)
    return rates


def main() -> int:
    """Print the table and return the exit code."""
    table, problem = measure()
    print(table.as_text())
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
