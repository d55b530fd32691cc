"""`python -m bench`: measure, print a table a section, and write them to bench/RESULTS.md.

Exit code 0, 1 when a measurement could not go on, 2 for a bad command line, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from bench.machinery import FULL, QUICK, Bench, BenchTrouble
from bench.report import setting
from bench.sections import SECTIONS

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
INTERRUPTED = 128 + signal.SIGINT
HEAD = "# Benchmark\n\nAs measured in one run; `make bench` writes this file.\n"


def main() -> int:
    """Run the sections that the command line names and return the exit code."""
    options = _options()
    if not sys.platform.startswith("linux"):
        sys.stderr.write(
            "The benchmarks read the CPU time of processes from /proc, which only Linux has.\n"
        )
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    try:
        with Bench(QUICK if options.quick else FULL, peers=options.peers, say=_say) as bench:
            parts = [
                HEAD + "\n" + setting(bench.client.info("server"), bench.scale.rounds, sys.argv[1:])
            ]
            for name in sections_to_run(options):
                parts.append(SECTIONS[name](bench).as_text())
                _stop_if_asked()
                print(f"\n{parts[-1]}\n", flush=True)
    except BenchTrouble as trouble:
        sys.stderr.write(f"The measurement cannot go on: {trouble}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; everything that was started has been stopped.\n")
        return INTERRUPTED
    parts.append(
        f"The run took {time.monotonic() - began:.0f} s; the load average at its end was {os.getloadavg()[0]:.1f}."
    )
    _write("\n\n".join(parts) + "\n", options)
    return 0


def sections_to_run(options: argparse.Namespace) -> list[str]:
    """Return the sections that the command line names, or all of them."""
    return options.only or list(SECTIONS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the product beside its peers."
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny counts: shows that everything runs, measures nothing",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(SECTIONS),
        help="only this section; may be given again",
    )
    parser.add_argument(
        "--peers",
        action="store_true",
        help="also measure other queue systems, each installed once into a folder of the cache",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"file for the tables; by default {RESULTS.name} for a full run, else none",
    )
    return parser.parse_args()


def _write(text: str, options: argparse.Namespace) -> None:
    # Parts of a run, or a quick one, must not replace the figures of a whole one.
    whole = not (options.quick or options.only)
    path: Path | None = options.output or (RESULTS if whole else None)
    if path is not None:
        path.write_text(text)
        print(f"Written to {path}")


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _Asked.to_stop = True
    raise KeyboardInterrupt


class _Asked:
    """Whether a signal came. The exception that it raises is lost if it comes while Python clears something away."""

    to_stop = False


def _stop_if_asked() -> None:
    if _Asked.to_stop:
        raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
