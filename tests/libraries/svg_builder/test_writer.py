"""Tests of the streaming SVG writer."""

from __future__ import annotations

import hashlib
import json
import math
import re
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.settings import Settings
from libraries.storage import output_folder
from libraries.svg_builder import Encoding, SVGBuilder, svg_blocks, write_svg
from tests.errors import raises_code
from tests.libraries.geometry.shapes import Point

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
NUMBERS = (
    st.floats(-1e6, 1e6)
    | st.floats(-300, 300)
    | st.integers(-300, 300).map(float)
    | st.just(-0.0)
    | st.just(8191.0005)
)
LINES = st.lists(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6), min_size=1, max_size=6
)


def document_of(lines: list[list[Point]], **options: str) -> Document:
    document = Document(210, 297, **options)  # type: ignore[arg-type]
    document.add(lines, document.layer("ink"))
    return document


def text_of(document: Document, encoding: Encoding = "plain") -> str:
    return b"".join(svg_blocks(document, encoding=encoding)).decode()


def places_in(data: str) -> list[list[float]]:
    """Return the absolute points of path data from the writer."""
    numbers = np.array([float(found) for found in re.findall(r"-?[0-9.]+", data)]).reshape(-1, 2)
    assert re.fullmatch(r"[Mm][-0-9., ]+", data), data
    points: list[list[float]] = (
        np.cumsum(numbers, axis=0) * 0.01 if data[0] == "m" else numbers
    ).tolist()
    return points


def paths(text: str) -> list[list[list[float]]]:
    return [
        places_in(path.get("d", "")) for path in ElementTree.fromstring(text).iter(f"{SVG}path")
    ]


def as_drawn(line: list[Point]) -> list[Point]:
    return line * 2 if len(line) == 1 else line


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from(["plain", "compact"]))
def test_written_coordinates_are_read_back(lines: list[list[Point]], encoding: Encoding) -> None:
    read = paths(text_of(document_of(lines), encoding))
    assert [len(line) for line in read] == [len(as_drawn(line)) for line in lines]
    far = 0.0005 if encoding == "plain" else 0.005
    for line, again in zip(lines, read, strict=True):
        assert np.abs(np.array(again) - as_drawn(line)).max() <= far + 1e-6


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_numbers_are_as_short_as_three_decimals_allow(lines: list[list[Point]]) -> None:
    for path in ElementTree.fromstring(text_of(document_of(lines))).iter(f"{SVG}path"):
        for number in re.split("[ ,]", path.get("d", "")[1:]):
            assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]{0,2}[1-9])?", number), number
            assert number != "-0"


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_the_builder_writes_the_same_paths(lines: list[list[Point]]) -> None:
    doubled = [as_drawn(line) for line in lines]
    assert paths(SVGBuilder(210, 297).polylines(doubled).to_string()) == paths(
        text_of(document_of(lines))
    )


def test_strokes_of_all_lengths_are_written_in_blocks() -> None:
    rng = np.random.default_rng(3)
    counts = [2, 9000, 1, 8190, 2, 2, 16_384, 40_000, 3, *rng.integers(1, 400, 200).tolist()]
    document = Document(210, 210)
    document.extend(
        np.round(rng.uniform(0, 200, (sum(counts), 2)), 3),
        np.cumsum([0, *counts]),
        document.layer("ink"),
    )
    for encoding, far in (("plain", 1e-9), ("compact", 0.00501)):
        read = paths(text_of(document, encoding))  # type: ignore[arg-type]
        assert [len(line) for line in read] == [max(count, 2) for count in counts]
        written = [
            line if count > 1 else line[:1] for line, count in zip(read, counts, strict=True)
        ]
        assert np.abs(np.concatenate(written) - document.store.coordinates).max() < far


@pytest.mark.parametrize("encoding", ["plain", "compact"])
def test_a_page_is_in_millimetres_and_every_layer_is_a_group_with_its_pen(
    encoding: Encoding,
) -> None:
    document = Document(
        210,
        148.5,
        title='Ink & "paper"',
        metadata={"pattern": "spiral", "seed": 7, "note": "</svg>é"},
    )
    document.add([[(1, 1), (2, 2)]], document.layer("blue <1>", Pen("a", "#1A5FB4", 0.5)))
    document.layer("nothing")
    document.add([[(3, 3), (4, 4)]], document.layer("red", Pen("b", "red", 0.3)))
    document.add([[(5, 5), (6, 6)]], 0)
    root = ElementTree.fromstring(text_of(document, encoding))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == (
        "210mm",
        "148.5mm",
        "0 0 210 148.5",
    )
    assert root.get("fill") == "none"
    title, metadata, *groups = root
    assert title.text == 'Ink & "paper"'
    assert json.loads(metadata.text or "") == document.metadata
    assert [group.get(f"{INKSCAPE}groupmode") for group in groups] == ["layer", "layer"]
    assert [group.get(f"{INKSCAPE}label") for group in groups] == ["blue <1>", "red"]
    assert [group.get("stroke") for group in groups] == ["#1a5fb4", "red"]
    scale = 0.01 if encoding == "compact" else 1
    assert [float(group.get("stroke-width") or 0) * scale for group in groups] == pytest.approx(
        [0.5, 0.3]
    )
    assert [len(group) for group in groups] == [2, 1]
    assert groups[0].get("transform") == (None if scale == 1 else "scale(0.01)")


def test_compact_is_less_than_half_the_size() -> None:
    turns = np.linspace(0, 2 * math.pi, 100)
    rings = [
        np.column_stack([100 + r * np.cos(turns), 100 + r * np.sin(turns)])
        for r in np.linspace(1, 15, 200)
    ]
    document = Document(200, 200)
    document.add(rings, document.layer("ink"))
    assert len(text_of(document, "compact")) <= 0.45 * len(text_of(document))


def test_the_bytes_do_not_depend_on_how_strokes_were_added() -> None:
    lines: list[list[Point]] = [[(1, 1), (2, 2.5)], [(3, 3), (4, 4)]]
    pieces = Document(210, 297)
    pieces.layer("ink")
    for line in lines:
        pieces.add([line], 0)
        pieces.strokes()
    assert text_of(pieces) == text_of(document_of(lines))


def test_writing_takes_little_memory() -> None:
    document = Document(210, 210)
    document.extend(
        np.random.default_rng(5).random((400_000, 2)) * 200,
        np.arange(0, 400_001, 100),
        document.layer("ink"),
    )
    tracemalloc.start()
    write_svg(document, len)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_empty_drawing_is_an_empty_page() -> None:
    assert len(list(ElementTree.fromstring(text_of(Document(10, 10))).iter())) == 1


def test_errors_are_raised_before_the_first_block() -> None:
    wrote: list[bytes] = []
    for pen, title, encoding, error in (
        (Pen("a", "url(#a)"), "", "plain", "bad-colour"),
        (Pen("a"), "\x00", "plain", "bad-text"),
        (Pen("a"), "", "tiny", "unknown-name"),
    ):
        document = Document(10, 10, title=title)
        document.add([[(1, 1), (2, 2)]], document.layer("ink", pen))
        with raises_code(error):
            write_svg(document, wrote.append, encoding=encoding)  # type: ignore[arg-type]
    assert wrote == []


@pytest.mark.usefixtures("settings")
def test_published_blocks_have_their_size_and_hash() -> None:
    document = document_of([[(x, y) for x in range(200)] for y in range(200)])
    artifact = output_folder().publish("a/drawing.svg", svg_blocks(document))
    with output_folder().open_checked("a/drawing.svg") as file:
        data = file.read()
    assert data.decode() == text_of(document)
    assert (artifact.size, artifact.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_an_error_while_publishing_keeps_the_old_file(
    settings: Settings,
) -> None:
    def breaking() -> Iterator[bytes]:
        yield from list(svg_blocks(document_of([[(1, 1), (2, 2)]])))[:1]
        raise RuntimeError

    folder = output_folder()
    with pytest.raises(RuntimeError):
        folder.publish("drawing.svg", breaking())
    with raises_code("file-missing"):
        folder.open_checked("drawing.svg")
    folder.publish("drawing.svg", "old")
    with pytest.raises(RuntimeError):
        folder.publish("drawing.svg", breaking())
    with folder.open_checked("drawing.svg") as file:
        assert file.read() == b"old"
    assert [path.name for path in settings.storage.output_dir.iterdir()] == ["drawing.svg"]
