"""`python -m bench.lettering`: glyphs a second of the product's lettering beside hershey-fonts and vpype.

hershey-fonts is the package that the product takes its shapes from; vpype is fetched by pip into the benchmark's cache outside of
the project and runs in an environment of its own. All write the same English text, which is all that the peers can write, in the
same font, in turns. Line wrapping and accents are measured of the product alone: the peers have neither.

Exit code 0, 1 when vpype cannot be had (its rows are then left out, and the text says why).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from HersheyFonts import HersheyFonts

from bench.machinery import BenchTrouble
from bench.peers.foreign import SIDES, cache_folder
from bench.report import Table, ratios, spread
from libraries.lettering import DEFAULT_FONT, lay_out

# vpype asks for pkg_resources, which newer setuptools no longer have.
VPYPE = ["vpype==1.15.0", "setuptools<81"]
ROUNDS, SECONDS = 5, 0.5
CAP_HEIGHT = 5.0
PATIENCE = 300
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
    """Write in turns; return the table, and why vpype is not in it, if it is not though `peers` are asked for."""
    source = HersheyFonts()
    source.load_default_font(DEFAULT_FONT)
    ways: dict[str, tuple[str, Callable[[str], object]]] = {
        OURS: (ENGLISH, lambda text: lay_out(text, cap_height=CAP_HEIGHT)),
        THEIRS: (ENGLISH, lambda text: list(source.strokes_for_text(text))),
        "lay_out, wrapped and justified": (
            ENGLISH,
            lambda text: lay_out(text, cap_height=CAP_HEIGHT, width=180, justify=True),
        ),
        "lay_out, accents": (EUROPEAN, lambda text: lay_out(text, cap_height=CAP_HEIGHT)),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for text, write in ways.values():
        write(text)
    for number in range(rounds):
        for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
            rates[name].append(_rate(*ways[name], seconds))
    trouble = ""
    try:
        rates |= {VPYPE_ROW: _vpype()} if peers else {}
    except BenchTrouble as error:
        trouble = str(error)
    table = Table(
        "Lettering: glyphs a second",
        ["way", "glyphs / s", f"times {THEIRS}"],
        notes=[
            f"{len(ENGLISH)} characters at a time, font {DEFAULT_FONT}, already loaded; {rounds} rounds of {seconds} s in turns.",
            f"hershey-fonts {version('hershey-fonts')}: strokes in font units, no kerning.",
            *([f"{VPYPE[0].replace('==', ' ')} runs after the others."] if peers else []),
            "lay_out gives strokes in mm, kerned and aligned, with base lines and missing glyphs.",
        ],
    )
    table.rows = [
        [name, spread(found), _compared(found, rates[THEIRS])] for name, found in rates.items()
    ]
    return table, trouble


def _compared(found: list[float], theirs: list[float]) -> str:
    """Return how many times the rate of the peer each is; vpype runs its rounds by itself, maybe another number of them."""
    return ratios(found[: len(theirs)], theirs[: len(found)])


def _rate(text: str, write: Callable[[str], object], seconds: float) -> float:
    written, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        write(text)
        written += len(text)
    return written / (time.perf_counter() - began)


def _vpype() -> list[float]:
    home = cache_folder() / "vpype_side"
    python, stamp = home / "bin" / "python", home / "requirements.txt"
    wanted = "\n".join(VPYPE)
    if not stamp.exists() or stamp.read_text() != wanted:
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        _run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *VPYPE]
        )
        stamp.write_text(wanted)
    side: Path = SIDES / "vpype_side.py"
    figures: list[float] = json.loads(
        _run([str(python), str(side), DEFAULT_FONT, str(SECONDS), str(ROUNDS)], ENGLISH)
    )
    return figures


def _run(command: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchTrouble(f"vpype is not measured: {type(error).__name__}") from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BenchTrouble(f"vpype is not measured: {' '.join(last)}")
    return done.stdout


def main() -> int:
    """Print the table and return the exit code."""
    table, trouble = measure()
    print(table.as_text())
    if trouble:
        sys.stderr.write(f"{trouble}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
