"""`python -m bench.tables`: a large CSV as Parquet and as NDJSON: seconds and most memory, beside pandas, polars and csvkit.

All read the same file and write to the same disk, each in a process of its own that says at its end how long the conversion took,
imports left out, and the most memory that was resident. The peers are fetched by pip into the benchmark's cache outside of the
project.

Exit code 0, 1 when a peer cannot be had or fails (its rows are then left out, and the text says why).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.machinery import BenchTrouble
from bench.peers.foreign import Environment
from bench.report import NOT_APPLICABLE, Table, shown

MEGABYTES, QUICK_MEGABYTES = 1_000, 6
FORMATS = ("parquet", "ndjson")
PATIENCE = 1_200
OURS = "Vector API"
REPOSITORY = Path(__file__).resolve().parent.parent
SEED = 7
# Each converts sys.argv[1] to sys.argv[2] in the format sys.argv[3]. `imports` are not timed.
SCRIPT = """
import json, re, sys, time
{imports}
source, target, form = sys.argv[1:]
began = time.perf_counter()
{convert}
seconds = time.perf_counter() - began
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
    """Convert the file with everybody; return the table, and what kept peers out of it."""
    table = Table(
        f"Data files: a CSV of {megabytes:,} MB, converted",
        ["to", "way", "s", "peak MB", f"times {OURS}"],
        notes=[
            "Ten columns of numbers, dates, moments, booleans and texts; no quotes. One round, one after the other.",
            f"{OURS} checks every row, tells the kind of every column and keeps all texts of a CSV as texts in NDJSON.",
            "polars uses all cores and types NDJSON; pandas holds the whole table; csvkit streams, without finding out types.",
        ],
    )
    troubles: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-tables-") as folder:
        source = Path(folder) / "table.csv"
        write_table(source, megabytes * 1_000_000)
        for form in FORMATS:
            ours = _run(sys.executable, PRODUCT, source, form)
            table.rows.append([form, OURS, shown(ours[0]), shown(ours[1]), shown(1.0)])
            for name in PEERS if peers else ():
                if form == "ndjson" or name not in ONLY_NDJSON:
                    _add_peer(table, troubles, name, source=source, form=form, base=ours[0])
    return table, troubles


def _add_peer(
    table: Table, troubles: list[str], name: str, *, source: Path, form: str, base: float
) -> None:
    requirements, imports, convert = PEERS[name]
    try:
        environment = Environment(f"tables-{name}", requirements)
        environment.prepare(lambda text: print(f"... {text}", file=sys.stderr, flush=True))
        seconds, peak = _run(environment.program("python"), (imports, convert), source, form)
    except BenchTrouble as trouble:
        troubles.append(f"{name}, {form}: {trouble}")
        table.rows.append([form, name, "failed", NOT_APPLICABLE, NOT_APPLICABLE])
        return
    table.rows.append([form, name, shown(seconds), shown(peak), shown(seconds / base)])


def _run(python: str, parts: tuple[str, str], source: Path, form: str) -> tuple[float, float]:
    """Return the seconds of a conversion and the most MB that its process had.

    Raises:
        BenchTrouble: it failed, or took too long.
    """
    target = source.with_suffix(f".{form}")
    script = SCRIPT.format(imports=parts[0], convert=parts[1])
    environ = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    try:
        done = subprocess.run(
            [python, "-c", script, str(source), str(target), form],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environ,
            cwd=source.parent,
        )
    except subprocess.TimeoutExpired:
        raise BenchTrouble(f"not done in {PATIENCE} s") from None
    finally:
        target.unlink(missing_ok=True)
    if done.returncode != 0:
        raise BenchTrouble(f"it failed: {done.stderr.strip().splitlines()[-1:]}")
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(peak)


def write_table(path: Path, size: int) -> None:
    """Write a CSV of about `size` bytes: the same rows again and again."""
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
    """Print the table and return the exit code; a number on the command line is the size of the file in MB."""
    table, troubles = measure(megabytes=int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
    print(table.as_text())
    for trouble in troubles:
        sys.stderr.write(f"Left out: {trouble}\n")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
