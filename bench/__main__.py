"""`python -m bench`: run the benchmarks, print a table per section, and write them to bench/RESULTS.md.

Exit codes: 0, 1 if a measurement failed, 2 for invalid arguments, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from bench.machinery import FULL, QUICK, Bench, BenchError
from bench.report import describe_run
from bench.sections import SECTIONS

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
INTERRUPTED = 128 + signal.SIGINT
HEAD = "# Benchmark\n\nAs measured in one run; `make bench` writes this file.\n"


def main() -> int:
    """Run the selected sections and return the exit code."""
    options = _options()
    if not sys.platform.startswith("linux"):
        sys.stderr.write(
            "The benchmarks require Linux: they read the CPU time of processes from /proc.\n"
        )
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    started_at = time.monotonic()
    try:
        with Bench(
            QUICK if options.quick else FULL, peers=options.peers, progress=_print_progress
        ) as bench:
            server = bench.client.info("server")
            parts = [f"{HEAD}\n{describe_run(server, bench.scale.rounds, sys.argv[1:])}"]
            for name in sections_to_run(options):
                parts.append(SECTIONS[name](bench).as_text())
                _check_interruption()
                print(f"\n{parts[-1]}\n", flush=True)
    except BenchError as error:
        sys.stderr.write(f"Measurement failed: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; all processes have been stopped.\n")
        return INTERRUPTED
    parts.append(
        f"The run took {time.monotonic() - started_at:.0f} s; the load average at the end was {os.getloadavg()[0]:.1f}."
    )
    _write("\n\n".join(parts) + "\n", options)
    return 0


def sections_to_run(options: argparse.Namespace) -> list[str]:
    """Return the sections given by `--only`, or all of them."""
    return options.only or list(SECTIONS)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Run the benchmarks.")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="use tiny counts: a smoke test without meaningful results",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(SECTIONS),
        help="run only this section; may be repeated",
    )
    parser.add_argument(
        "--peers",
        action="store_true",
        help="also measure other projects, each installed once into the cache folder",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"output file; {RESULTS.name} by default for a full run, otherwise none",
    )
    return parser.parse_args()


def _write(text: str, options: argparse.Namespace) -> None:
    # Partial or quick runs must not replace the results of a full run.
    full = not (options.quick or options.only)
    path: Path | None = options.output or (RESULTS if full else None)
    if path is not None:
        path.write_text(text)
        print(f"Written to {path}")


def _print_progress(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _Interruption.requested = True
    raise KeyboardInterrupt


class _Interruption:
    """A flag for received signals, since an exception that is raised in a finalizer is lost."""

    requested = False


def _check_interruption() -> None:
    if _Interruption.requested:
        raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
