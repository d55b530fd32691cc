"""Zip streams, and batches that produce one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from libraries.settings import Settings
from libraries.storage.zips import BLOCK, UniqueNames, zip_blocks
from libraries.tables import run_operation


class Large(io.RawIOBase):
    """A virtual file of zeros."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, bytearray | memoryview)
        count = min(len(buffer), self._left)
        self._left -= count
        return count


def test_only_one_block_of_a_large_file_is_in_memory() -> None:
    size = 40 * BLOCK
    blocks = zip_blocks([("zeros.bin", lambda: io.BufferedReader(Large(size)))])
    first = next(blocks)
    lengths = [len(first), *map(len, blocks)]
    assert max(lengths) <= 2 * BLOCK
    assert sum(lengths) > size


def test_the_same_files_give_the_same_zip() -> None:
    def made() -> bytes:
        return b"".join(
            zip_blocks(
                [("a.txt", lambda: io.BytesIO(b"a")), ("b.txt", lambda: io.BytesIO(b"b"))],
                deflate=True,
            )
        )

    assert made() == made()
    archive = zipfile.ZipFile(io.BytesIO(made()))
    assert (archive.namelist(), archive.testzip()) == (["a.txt", "b.txt"], None)


def test_names_are_unique_ignoring_case() -> None:
    names = UniqueNames("manifest.json")
    found = [
        names.name_for(path)
        for path in ("x/a.svg", "y/A.svg", "a-2.svg", "a.svg", "data/manifest.json")
    ]
    assert found == ["a.svg", "A-2.svg", "a-2-2.svg", "a-3.svg", "manifest-2.json"]


def ignore_progress(step: int, total: int, message: str) -> None:
    """Progress is tested elsewhere."""


def put(settings: Settings, name: str, text: str) -> None:
    file = settings.storage.upload_dir / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_batch_zips_files_and_a_missing_one_fails_alone(settings: Settings) -> None:
    """Row 7 of the attacks: one invalid file among valid ones."""
    put(settings, "a/x.csv", "one")
    put(settings, "b/x.csv", "two")
    settings.storage.output_dir.mkdir(parents=True)
    report = run_operation(["a/x.csv", "gone.csv", "../up.csv", "b/x.csv"], "zip", ignore_progress)
    assert [(item["status"], item.get("path"), item.get("code")) for item in report.items] == [
        ("done", "x.csv", None),
        ("failed", None, "file-missing"),
        ("failed", None, "bad-file-name"),
        ("done", "x-2.csv", None),
    ]
    assert report.archive is not None
    assert report.archive.media_type == "application/zip"
    archive = zipfile.ZipFile(report.archive.path)
    assert {name: archive.read(name) for name in archive.namelist()} == {
        "x.csv": b"one",
        "x-2.csv": b"two",
    }


def test_a_batch_renders_svg_files_and_an_invalid_one_fails_alone(settings: Settings) -> None:
    put(
        settings,
        "good.svg",
        '<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="20mm"><path d="M0 0L50 50" stroke="red"/></svg>',
    )
    put(settings, "bad.svg", "<svg")
    good, bad = run_operation(["good.svg", "bad.svg"], "render_png", ignore_progress).items
    picture = (settings.storage.output_dir / good["path"].removeprefix("output/")).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 1000
    assert (bad["status"], bad["code"]) == ("failed", "bad-svg")


def test_a_batch_converts_to_every_format(settings: Settings) -> None:
    put(settings, "x.csv", "a,b\n1,2\n")
    for to_format in ("tsv", "ndjson", "xlsx", "parquet"):
        (item,) = run_operation(["x.csv"], f"convert_to_{to_format}", ignore_progress).items
        assert (item["status"], item["rows"], Path(item["path"]).suffix) == (
            "done",
            1,
            f".{to_format}",
        )
