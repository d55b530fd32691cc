"""`python -m bench.tables`: conversion of a large CSV to Parquet and NDJSON, compared with pandas, polars and csvkit.

All read the same file and write to the same disk, each in a new process that reports the duration of the conversion without imports
and its maximum resident memory. The peers are installed into virtual environments in the cache.

Exit codes: 0, 1 if a peer cannot be installed or fails (its rows are skipped).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.machinery import BenchError
from bench.peers.foreign import Environment
from bench.report import NOT_APPLICABLE, Table, format_number

MEGABYTES, QUICK_MEGABYTES = 500, 6
FORMATS = ("parquet", "ndjson")
TIMEOUT_S = 1_200
OURS = "Vector API"
REPOSITORY = Path(__file__).resolve().parent.parent
SEED = 7
# Converts sys.argv[1] to sys.argv[2] in the format sys.argv[3]; `imports` are not timed.
SCRIPT = """
import json, re, sys, time
{imports}
source, target, form = sys.argv[1:]
started_at = time.perf_counter()
{convert}
seconds = time.perf_counter() - started_at
status = open("/proc/self/status").read()
print(json.dumps([seconds, int(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1]) / 1000]))
"""
PRODUCT = (
    "from libraries.tables import convert\nimport pyarrow, pyarrow.csv, pyarrow.compute, pyarrow.parquet",
    """
with open(source, "rb") as file, open(target, "wb") as sink:
    for block in convert(file, form, name=source)[0]:
        sink.write(block)
""",
)
PEERS = {
    "pandas": (
        ["pandas==3.0.6", "pyarrow==26.0.1"],
        "import pandas",
        """
table = pandas.read_csv(source)
table.to_parquet(target) if form == "parquet" else table.to_json(target, orient="records", lines=True)
""",
    ),
    "polars": (
        ["polars==2.1.0"],
        "import polars",
        """
table = polars.scan_csv(source, try_parse_dates=True)
table.sink_parquet(target) if form == "parquet" else table.sink_ndjson(target)
""",
    ),
    "csvkit": (
        ["csvkit==2.2.0"],
        "from csvkit.utilities.csvjson import CSVJSON",
        """
with open(target, "w") as sink:
    CSVJSON(["--stream", "--no-inference", "--snifflimit", "0", source], sink).run()
""",
    ),
}
ONLY_NDJSON = {"csvkit"}


def measure(*, megabytes: int = MEGABYTES, peers: bool = True) -> tuple[Table, list[str]]:
    """Convert a file with all tools; return the table and error messages."""
    table = Table(
        f"Data files: a CSV of {megabytes:,} MB, converted",
        ["to", "tool", "s", "peak MB", f"times {OURS}"],
        notes=[
            "Ten columns of numbers, dates, times, booleans and texts; no quotes. One round, one after the other.",
            f"{OURS} validates every row, detects the type of every column and keeps texts of the CSV as texts in NDJSON.",
            "polars uses all cores and converts types in NDJSON; pandas loads the whole table; csvkit streams without type detection.",
        ],
    )
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-tables-") as folder:
        source = Path(folder) / "table.csv"
        write_table(source, megabytes * 1_000_000)
        for form in FORMATS:
            ours = _run(sys.executable, PRODUCT, source, form)
            table.rows.append(
                [form, OURS, format_number(ours[0]), format_number(ours[1]), format_number(1.0)]
            )
            for name in PEERS if peers else ():
                if form == "ndjson" or name not in ONLY_NDJSON:
                    _add_peer(table, problems, name, source=source, form=form, base=ours[0])
    return table, problems


def _add_peer(
    table: Table, problems: list[str], name: str, *, source: Path, form: str, base: float
) -> None:
    requirements, imports, convert = PEERS[name]
    try:
        environment = Environment(f"tables-{name}", requirements)
        environment.prepare(lambda text: print(f"... {text}", file=sys.stderr, flush=True))
        seconds, peak = _run(environment.program("python"), (imports, convert), source, form)
    except BenchError as error:
        problems.append(f"{name}, {form}: {error}")
        table.rows.append([form, name, "failed", NOT_APPLICABLE, NOT_APPLICABLE])
        return
    table.rows.append(
        [form, name, format_number(seconds), format_number(peak), format_number(seconds / base)]
    )


def _run(python: str, parts: tuple[str, str], source: Path, form: str) -> tuple[float, float]:
    """Return the seconds and the maximum memory in MB of a conversion; raise BenchError if it fails."""
    target = source.with_suffix(f".{form}")
    script = SCRIPT.format(imports=parts[0], convert=parts[1])
    environ = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    try:
        done = subprocess.run(
            [python, "-c", script, str(source), str(target), form],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            env=environ,
            cwd=source.parent,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"not finished in {TIMEOUT_S} s") from None
    finally:
        target.unlink(missing_ok=True)
    if done.returncode != 0:
        raise BenchError(f"failed: {done.stderr.strip().splitlines()[-1:]}")
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(peak)


def write_table(path: Path, size: int) -> None:
    """Write a CSV of about `size` bytes that repeats 20,000 rows."""
    rng = random.Random(SEED)  # noqa: S311 - data of a benchmark
    rows = "".join(
        f"{rng.randrange(10**6)},{rng.uniform(-1000, 1000):.3f},2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d},"
        f"{rng.choice(['Wien', 'Graz', 'Linz', 'Köln'])},{rng.choice(['true', 'false'])},item {rng.randrange(10**4)} of the list,"
        f"{rng.random():.6f},{rng.randrange(10**9)},2024-05-01 12:{rng.randrange(60):02d}:00,{'x' * rng.randrange(1, 20)}\n"
        for _ in range(20_000)
    ).encode()
    with path.open("wb") as file:
        file.write(b"id,price,day,city,ok,note,share,big,moment,tail\n")
        for _ in range(max(1, size // len(rows))):
            file.write(rows)


def main() -> int:
    """Print the table and return the exit code; the argument is the size of the file in MB."""
    table, problems = measure(megabytes=int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
    print(table.as_text())
    for problem in problems:
        sys.stderr.write(f"Skipped: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
