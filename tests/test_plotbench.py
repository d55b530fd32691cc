from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bench.machinery import BenchError, ProcessGroup
from bench.peers.foreign import ADAPTERS, Environment
from bench.peers.npm import NpmPackage
from bench.plotbench.drawings import (
    ATLAS,
    FEATHER,
    drawing_sets,
    in_black,
    random_drawing,
    world_map,
)
from bench.plotbench.measuring import CHART, Figures, measure
from bench.plotbench.programs import gnuplot_figures
from bench.plotbench.tools import ForeignTool, Saxi, Vpype, tools
from libraries.geometry.document import Document
from libraries.svg_reader import read_svg

# Reverses the strokes of each layer of a file.
REVERSE = """
import json, sys
for line in sys.stdin:
    path = json.loads(line)
    layers = [strokes[::-1] for strokes in json.load(open(path))]
    json.dump(layers, open(path, "w"))
    print(1.5, flush=True)
"""


def two_layers() -> Document:
    document = Document(100, 100)
    for name, lines in (("a", [[(1, 1), (2, 2)], [(3, 3), (4, 4), (5, 5)]]), ("b", [[(6, 6)]])):
        document.add(lines, document.layer(name))
    return document


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a private cache folder, and let `npm` pack a map of one square."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs = tmp_path / "programs"
    programs.mkdir()
    topology = {
        "transform": {"scale": [1, 1], "translate": [10, 20]},
        "arcs": [[[0, 0], [2, 0], [0, 2]], [[0, 0], [0, 2], [2, 0]]],
        "objects": {"countries": {"geometries": [{"type": "Polygon", "arcs": [[0, -2]]}]}},
    }
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "countries-110m.json").write_text(json.dumps(topology))
    with tarfile.open(tmp_path / "map.tgz", "w:gz") as archive:
        archive.add(tmp_path / "package", "package")
    npm = programs / "npm"
    npm.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {tmp_path / "map.tgz"} "$last"\n')
    npm.chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "cache"


def test_a_run_without_peers_has_our_figures_and_a_chart() -> None:
    table = measure(rounds=1, quick=True, peers=False, progress=lambda _: None)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert {row["tool"] for row in rows} == {"as given", "Vector API, quick"}
    assert len({row["drawings"] for row in rows}) == 4
    for given, ours in zip(rows[::2], rows[1::2], strict=True):
        figures = [float(row["travel mm"].replace(",", "")) for row in (given, ours)]
        assert float(ours["/ as given"]) == pytest.approx(figures[1] / figures[0], abs=0.006)
        assert figures[1] < figures[0]
        assert float(ours["bound mm"].replace(",", "")) <= figures[1]
    chart = read_svg(table.files[CHART]).document
    assert chart.layers[-1].name.endswith("Vector API, quick")


def test_the_figures_of_a_set_are_sums_round_by_round() -> None:
    first = Figures(lifts=1, travel=2.0, ink=3.0, bound=1.5, plot=4.0, cpu=(1.0, 3.0))
    second = Figures(lifts=10, travel=20.0, ink=30.0, bound=15.0, plot=40.0, cpu=(0.5,))
    assert first.plus(second) == Figures(11, 22.0, 33.0, 16.5, 44.0, (1.5,))


def test_a_foreign_tool_gets_and_returns_strokes_by_layer(home: Path) -> None:
    document = two_layers()
    with ProcessGroup(dict(os.environ), home) as group:
        process = group.interact([sys.executable, "-c", REVERSE])
        made, seconds = ForeignTool("reversed", process, home).run(document)
    assert seconds == 1.5
    assert made.store.coordinates[:, 0].tolist() == [3, 4, 5, 1, 2, 6]
    assert made.store.layers.tolist() == [0, 0, 1]
    assert made.layers == document.layers
    assert not list(home.glob("*.json"))


def test_a_foreign_tool_that_cannot_be_installed_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    def offline(environment: Environment, progress: object) -> None:
        raise BenchError("its packages could not be installed")

    monkeypatch.setattr(Environment, "prepare", offline)
    with tools(quick=True, peers=True) as (found, problems):
        assert [tool.name for tool in found] == ["as given", "Vector API, quick"]
    assert [problem.partition(" was not measured: ")[0] for problem in problems] == [
        "vpype",
        "saxi",
    ]
    assert "npm is not installed" in problems[1]


def test_foreign_tools_are_pinned_and_have_an_adapter() -> None:
    assert "==" in Vpype.REQUIREMENTS[0]
    for package in (*Saxi.PACKAGES, FEATHER, ATLAS):
        assert re.fullmatch(r"\d+\.\d+\.\d+", package.version)
        assert len(package.integrity) == 88
    for name in ("vpype_plots.py", "saxi_plots.js", "matplotlib_figures.py"):
        assert (ADAPTERS / name).is_file()


def test_a_package_with_another_hash_is_refused_and_not_kept(cache: Path) -> None:
    with pytest.raises(BenchError, match=r"checksum mismatch of world-atlas@2\.0\.2"):
        ATLAS.folder()
    assert not list(cache.rglob("countries-110m.json"))


def test_a_map_has_a_closed_stroke_for_each_ring(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha512((cache.parent / "map.tgz").read_bytes()).digest()
    small = NpmPackage("world-atlas", "2.0.2", base64.b64encode(digest).decode())
    monkeypatch.setattr("bench.plotbench.drawings.ATLAS", small)
    ring = world_map().store.coordinates - [210, 148.5]
    assert ring.tolist() == [[10, -20], [12, -20], [12, -22], [10, -22], [10, -20]]
    assert list(cache.rglob("countries-110m.json"))


def test_the_sets_are_the_same_in_every_run() -> None:
    for one in drawing_sets(quick=True, foreign=False):
        for first, second in zip(one.make(), one.make(), strict=True):
            assert np.array_equal(first.store.coordinates, second.store.coordinates)
    assert len(random_drawing(60)) == 60
    names = [one.name for one in drawing_sets(quick=False, foreign=True)]
    assert names[:3] == [f"{count} random strokes" for count in ("1,000", "10,000", "100,000")]
    assert names[3:5] == ["patterns", "compositions"]
    assert names[5:8] == ["icons", "filled icons", "world map"]
    assert names[8:] == ["figures", "gnuplot", "graphviz"]


def test_a_set_of_a_program_that_is_not_installed_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    random = drawing_sets(quick=True, foreign=False)[0]
    programs = drawing_sets(quick=False, foreign=True)[-2:]
    monkeypatch.setattr("bench.plotbench.measuring.drawing_sets", lambda **_: [random, *programs])
    table = measure(rounds=1, quick=True, peers=False, progress=lambda _: None)
    assert {row[0] for row in table.rows} == {random.name}
    assert "gnuplot: skipped: gnuplot is not installed" in table.notes
    assert "graphviz: skipped: dot is not installed" in table.notes


def test_figures_of_a_program_are_drawn_with_one_pen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As gnuplot does: a white background, lines of several colours and a text.
    figure = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600" viewBox="0 0 800 600">'
        '<rect width="800" height="600" fill="#ffffff"/><path d="M9 9h90" stroke="red" fill="none"/>'
        '<path d="M9 90h90" stroke="blue" fill="none"/><text x="9" y="200">a</text></svg>'
    )
    gnuplot = tmp_path / "gnuplot"
    gnuplot.write_text(f"#!/bin/sh\necho '{figure}'\n")
    gnuplot.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    drawings = in_black(gnuplot_figures())
    assert len(drawings) == 3
    assert len(drawings[0]) > 2
    assert [layer.name for layer in drawings[0].layers] == ["black"]
