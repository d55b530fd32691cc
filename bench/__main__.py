"""`python -m bench`: run the benchmarks, print a table per section, and write them to bench/RESULTS.md.

Exit codes: 0, 1 if a measurement failed, 2 for invalid arguments, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from bench.machinery import FULL, QUICK, Bench, BenchError
from bench.quoted import RESULTS, update_documents
from bench.report import describe_run, revision
from bench.sections import SECTIONS

INTERRUPTED = 128 + signal.SIGINT
HEAD = (
    "# Benchmark\n\nAll sections are from one run of one commit; `make bench` writes this file.\n"
)


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
        source = revision()
        check_source(source, options)
        scale = QUICK if options.quick else FULL
        scale = dataclasses.replace(scale, rounds=options.rounds or scale.rounds)
        with Bench(
            scale, peers=options.peers, before=options.before, progress=_print_progress
        ) as bench:
            server = bench.client.info("server")
            parts = [f"{HEAD}\n{describe_run(server, source, bench.scale.rounds, sys.argv[1:])}"]
            files: dict[str, bytes] = {}
            for name in sections_to_run(options):
                begun_at = time.monotonic()
                table = SECTIONS[name](bench)
                parts.append(table.as_text())
                files |= table.files
                _check_interruption()
                print(f"\n{parts[-1]}\n", flush=True)
                _print_progress(f"{name} took {time.monotonic() - begun_at:.0f} s")
        check_source(source, options, is_end=True)
    except BenchError as error:
        sys.stderr.write(f"Measurement failed: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; all processes have been stopped.\n")
        return INTERRUPTED
    parts.append(
        f"The run took {time.monotonic() - started_at:.0f} s; the load average at the end was {os.getloadavg()[0]:.1f}."
    )
    _write("\n\n".join(parts) + "\n", files, options)
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
        choices=("none", "queues", "all"),
        nargs="?",
        const="all",
        default="none",
        help="also measure other projects, each installed once into the cache folder; with `queues` only Celery and dramatiq",
    )
    parser.add_argument(
        "--rounds", type=int, help=f"number of rounds; {FULL.rounds} by default for a full run"
    )
    parser.add_argument(
        "--before", default="", help="a commit whose replies to polls are measured in turns, too"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help=f"output file; {RESULTS.name} by default for a full run, otherwise none",
    )
    return parser.parse_args()


def check_source(source: str, options: argparse.Namespace, *, is_end: bool = False) -> None:
    """Raise BenchError if the results of a full run would not be those of one commit."""
    if is_end and revision() != source:
        raise BenchError(f"the source changed during the run, from {source} to {revision()}")
    if _writes_results(options) and "uncommitted" in source:
        raise BenchError("there are uncommitted changes; commit them, or use --output")


def _writes_results(options: argparse.Namespace) -> bool:
    # Partial or quick runs must not replace the results of a full run.
    return not (options.quick or options.only or options.output)


def _write(text: str, files: Mapping[str, bytes], options: argparse.Namespace) -> None:
    path: Path | None = RESULTS if _writes_results(options) else options.output
    if path is not None:
        path.write_text(text)
        for name, data in files.items():
            path.with_name(name).write_bytes(data)
        print(f"Written to {path}")
    if path == RESULTS:
        update_documents()


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
