"""Section gallery: how the cost of searches grows with the number of drawings."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.machinery import Bench
from bench.report import Table, format_number
from libraries.gallery import Drawing, GalleryQuery
from libraries.gallery.databases import SqliteDatabase
from libraries.gallery.index import Gallery

FIRST, QUICK_FIRST = 1_000, 10
REPEATS = 5
OWNER = "ann"
WORDS = ("mountain", "river", "birthday", "night", "forest", "letter", "winter", "city", "garden")
PATTERNS = ("spiral", "grid", "truchet", "voronoi", "hatch", "flow_field", "stipple", "contours")
# Filters that match many drawings, few and none.
SEARCHES = {
    "no filter": GalleryQuery(),
    "a pattern": GalleryQuery(pattern="spiral"),
    "a rare tag": GalleryQuery(tags=["rare"]),
    "two tags without a common drawing": GalleryQuery(tags=["a", "b"]),
    "an unknown colour": GalleryQuery(color="#123456"),
    "a seed": GalleryQuery(seed=7),
    "kept": GalleryQuery(kept=True),
    "a paper": GalleryQuery(size=(210, 297)),
    "a rare paper": GalleryQuery(size=(420, 594)),
    "a smallest width, no drawing": GalleryQuery(min_width=1000),
    "a date": GalleryQuery(until=1_700_000_005.0),
    "a frequent word": GalleryQuery(text="mountain"),
    "a rare word": GalleryQuery(text="unicorn"),
    "a frequent word and a seed": GalleryQuery(text="mountain", seed=7),
}


def measure(bench: Bench) -> Table:
    """Fill an index with 1, 10 and 100 times as many drawings, and measure each search."""
    first = QUICK_FIRST if bench.scale.is_quick else FIRST
    sizes = [first, 10 * first, 100 * first]
    searches: dict[str, Callable[[Gallery], object]] = {
        "counts of patterns, tags, colours": lambda index: [
            index.counts(OWNER, kind) for kind in ("pattern", "tag", "color")
        ],
        **{name: _search(wanted) for name, wanted in SEARCHES.items()},
    }
    table = Table(
        "Gallery: milliseconds of processor time for a page of 30 drawings",
        ["Filter", *(f"{size:,} drawings" for size in sizes)],
        notes=["SQLite; median of 5; the time of SQLAlchemy included."],
    )
    figures: dict[str, list[float]] = {name: [] for name in searches}
    with tempfile.TemporaryDirectory(prefix="va-bench-") as folder:
        database = SqliteDatabase(Path(folder) / "gallery.sqlite3")
        index, done = Gallery(database), 0
        chance = random.Random(1)  # noqa: S311
        for size in sizes:
            bench.progress(f"gallery: {size:,} drawings")
            for begin in range(done, size, 500):
                with index.changing() as writer:
                    for number in range(begin, min(begin + 500, size)):
                        writer.put(_drawing(number, chance))
            done = size
            for name, search in searches.items():
                figures[name].append(statistics.median(_milliseconds(search, index)))
        database.close()
    table.rows = [
        [name, *(format_number(value) for value in values)] for name, values in figures.items()
    ]
    return table


def _search(wanted: GalleryQuery) -> Callable[[Gallery], object]:
    return lambda index: index.search(OWNER, wanted)


def _milliseconds(search: Callable[[Gallery], object], index: Gallery) -> list[float]:
    search(index)
    found = []
    for _ in range(REPEATS):
        started_at = time.process_time()
        search(index)
        found.append((time.process_time() - started_at) * 1000)
    return found


def _drawing(number: int, chance: random.Random) -> Drawing:
    is_rare = number % 1000 == 7  # noqa: PLR2004 - as rare as that
    return Drawing(
        id=f"{chance.getrandbits(96):024x}",
        owner=OWNER,
        name=f"artboards/{number}.svg",
        sha256="0" * 64,
        size=1000,
        made_at=1_700_000_000.0 + number,
        job_id=f"{number:032d}",
        task="workers.svg_tasks.generate_complex_svg",
        title=" ".join(chance.choices(WORDS, k=3)) + " unicorn" * is_rare,
        words=" ".join(chance.choices(WORDS, k=8)),
        width=420.0 if is_rare else chance.choice([210.0, 148.0, 297.0]),
        height=594.0 if is_rare else 297.0,
        seed=number % 5000,
        patterns=[chance.choice(PATTERNS)],
        colors=["#000000", chance.choice(["#ff0000", "#0000ff"])],
        tags=[chance.choice("abc"), *["rare"] * is_rare],
        kept=is_rare,
    )
