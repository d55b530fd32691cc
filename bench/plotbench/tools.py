"""Tools of PlotBench: the product's optimiser, vpype and saxi.

A tool gets the strokes of a drawing in memory and returns them in the order in which it plots them, with the CPU seconds that it took.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.machinery import BenchError, InteractiveProcess, ProcessGroup
from bench.peers.foreign import ADAPTERS, Environment
from bench.peers.npm import SAXI, NpmPackage, program
from libraries.geometry.document import Document
from libraries.geometry.routing import Effort
from libraries.plotting import optimise

TIMEOUT_S = 300.0


class Tool(ABC):
    """A tool; `is_slow` is set if it takes minutes for large drawings, `is_timed` if it uses all the time that it gets.

    Tools with the same `joining` order the same strokes.
    """

    name: str
    joining: str
    is_slow: bool = False
    is_timed: bool = False

    @abstractmethod
    def run(self, document: Document) -> tuple[Document, float]:
        """Return the ordered strokes and the CPU seconds."""


class AsGiven(Tool):
    """The strokes as they are."""

    name = joining = "as given"

    def run(self, document: Document) -> tuple[Document, float]:
        """Return the same strokes."""
        return document, 0.0


class Ours(Tool):
    """`optimise` with its defaults and an effort, without the certificate."""

    # The effort `best` takes minutes; this limit shows what it has found by then.
    BEST_S: ClassVar[float] = 2.0

    def __init__(self, effort: Effort) -> None:
        limit = f" within {self.BEST_S:g} s" if effort == "best" else ""
        self.name, self._effort = f"Vector API, {effort}{limit}", effort
        self._deadline_s = self.BEST_S if effort == "best" else math.inf
        self.joining = "Vector API"
        self.is_slow, self.is_timed = effort != "quick", effort == "best"

    def run(self, document: Document) -> tuple[Document, float]:
        """Optimise in this process."""
        began = time.process_time()
        made = optimise(
            document, effort=self._effort, deadline_s=self._deadline_s, profiles=()
        ).document
        return made, time.process_time() - began


class ForeignTool(Tool):
    """A tool in a process that changes files and answers with its CPU seconds."""

    def __init__(self, name: str, process: InteractiveProcess, folder: Path) -> None:
        self.name, self._process, self._path = name, process, folder / "plotbench.json"
        self.joining = name.partition(" ")[0]

    def run(self, document: Document) -> tuple[Document, float]:
        """Write the strokes by layer to a file, and read them back."""
        layers = range(len(document.layers))
        self._path.write_text(json.dumps([_lines(document, layer) for layer in layers]))
        seconds = float(self._process.request(self.request(), seconds=TIMEOUT_S))
        made = document.with_strokes(np.zeros((0, 2)), [0], 0)
        for layer, strokes in enumerate(json.loads(self._path.read_text())):
            made.add(strokes, layer)
        self._path.unlink()
        return made, seconds

    def request(self) -> str:
        """Return the line that starts the tool."""
        return json.dumps(str(self._path))


class Vpype(ForeignTool):
    """vpype with its commands; two-opt takes minutes for large drawings."""

    # It needs pkg_resources, which newer setuptools do not have.
    REQUIREMENTS: ClassVar[list[str]] = ["vpype==1.15.0", "setuptools<81"]
    TWO_OPT: ClassVar[str] = "linemerge linesort --two-opt"

    def __init__(self, commands: str, process: InteractiveProcess, folder: Path) -> None:
        super().__init__(f"vpype {commands}", process, folder)
        self._commands, self.is_slow = commands, commands == self.TWO_OPT

    def request(self) -> str:
        """Return the commands and the path."""
        return json.dumps([self._commands, str(self._path)])


class Saxi(ForeignTool):
    """saxi's optimiser, which sorts and joins before it plans the motions."""

    PACKAGES: ClassVar[list[NpmPackage]] = [
        SAXI,
        NpmPackage(
            "optimize-paths",
            "1.2.2",
            "JSlj+EL4QMnPb3K6StyZo3rT7JbQZysFfnsJi3cfn9qSG6cg6+Zi6GhGrPxiaCHHPS2SmLqzCctFjTr1VFKTPQ==",
        ),
        NpmPackage(
            "rbush",
            "3.0.1",
            "XRaVO0YecOpEuIvbhbpTrZgoiI6xBlz6hnlr6EHhd+0x9ase6EmeN+hdwwUaJvLcsFFQ8iWVF1GAK1yB0BWi0w==",
        ),
        NpmPackage(
            "tinyqueue",
            "2.0.3",
            "ppJZNDuKGgxzkHihX8v9v9G5f+18gzaTfrukGrq6ueg0lmH4nqVnA2IPG0AEH3jKEk2GRJCUhDoqpoiw3PHLBA==",
        ),
    ]


@contextmanager
def tools(*, quick: bool, peers: bool) -> Iterator[tuple[list[Tool], list[str]]]:
    """Yield the tools, with `peers` also those of other projects, and notes on those that are missing.

    A quick run has one effort.
    """
    found: list[Tool] = [AsGiven()]
    problems: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="va-bench-plots-")))
        group = stack.enter_context(ProcessGroup(os.environ, folder))
        for add in (_vpype, _saxi) if peers else ():
            try:
                found += add(group, folder)
            except BenchError as error:
                problems.append(f"{add.__name__.strip('_')} was not measured: {error}")
        efforts: tuple[Effort, ...] = ("quick",) if quick else ("quick", "normal", "best")
        found += map(Ours, efforts)
        yield found, problems


def _vpype(group: ProcessGroup, folder: Path) -> list[Tool]:
    environment = Environment("vpype_adapter", Vpype.REQUIREMENTS)
    environment.prepare(lambda _: None)
    process = group.interact([environment.program("python"), str(ADAPTERS / "vpype_plots.py")])
    return [Vpype(commands, process, folder) for commands in ("linemerge linesort", Vpype.TWO_OPT)]


def _saxi(group: ProcessGroup, folder: Path) -> list[Tool]:
    for package in Saxi.PACKAGES:
        package.folder()
    planner = SAXI.folder() / "dist" / "server" / "planning.js"
    process = group.interact(
        [program("node"), str(ADAPTERS / "saxi_plots.js"), str(planner)],
        NODE_PATH=os.pathsep.join(str(package.modules) for package in Saxi.PACKAGES),
    )
    return [Saxi("saxi", process, folder)]


def _lines(document: Document, layer: int) -> list[list[list[float]]]:
    store = document.on_layer(layer)
    parts = np.split(store.coordinates, store.offsets[1:-1]) if len(store) else []
    return [part.tolist() for part in parts]
