"""Files of other programs, compared with resvg and usvg; `python -m bench --only real_files` compares all."""

from __future__ import annotations

import json

import pytest

from bench.realfiles.files import LENGTHS, real_files
from bench.realfiles.raster import compare_with_picture
from bench.realfiles.usvg import agrees, length_read


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return real_files()


def test_lengths_are_those_of_usvg(files: dict[str, bytes]) -> None:
    lengths: dict[str, float] = json.loads(LENGTHS.read_text())["lengths"]
    assert set(lengths) <= set(files)
    assert len(lengths) >= 300
    read = {name: length_read(files[name]) for name in lengths}
    different = {
        name: (read[name], length)
        for name, length in lengths.items()
        if not agrees(read[name], length)
    }
    assert different == {}


def test_the_edges_of_a_sample_are_those_in_the_picture_of_resvg(files: dict[str, bytes]) -> None:
    sample = list(files)[::14]
    disagreeing = {}
    for name in sample:
        _, agreement = compare_with_picture(files[name])
        if not agreement.holds():
            disagreeing[name] = agreement
    assert disagreeing == {}


def test_a_picture_with_a_line_too_few_or_too_many_does_not_agree() -> None:
    body = '<path d="M10 10H90V90" fill="none" stroke="black" stroke-width="9" {}/>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">'
    assert compare_with_picture(f"{head}{body.format('')}</svg>".encode())[1].holds()
    # Filters are not applied by the reader.
    blurred = body.format('filter="url(#f)"')
    moved = f'{head}<filter id="f"><feOffset dx="20"/></filter>{blurred}</svg>'
    found = compare_with_picture(moved.encode())[1]
    assert found.drawn < 0.9
    assert found.right < 0.9
