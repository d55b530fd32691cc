"""Lengths of the lines in the trees of usvg: plain paths after styles, `use`, markers and nested viewports."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from bench.machinery import BenchError
from bench.peers.foreign import ADAPTERS
from bench.peers.npm import NpmPackage, program
from libraries.svg_reader import ReadingOptions, read_svg

Floats = NDArray[np.float64]
USVG = NpmPackage(
    "@resvg/resvg-js",
    "2.6.2",
    "xBaJish5OeGmniDj9cW5PRa/PtmuVU3ziqrbr5xJj901ZDN4TosrVaNZpEiLZAxdfnhAe7uQ7QFWfjPe9d9K2Q==",
)
BINARY = NpmPackage(
    "@resvg/resvg-js-linux-x64-gnu",
    "2.6.2",
    "IVUe+ckIerA7xMZ50duAZzwf1U7khQe2E0QpUxu5MBJNao5RqC0zwV/Zm965vw6D3gGFUl7j4m+oJjubBVoftw==",
)
# Files whose lengths differ by intention, and why.
DIFFERENT = {
    "icons/material-file-hidden": "parts of its outline are inside of its fill",
    "icons/simple-minds": "parts of its outline are inside of its fill",
    "written/star nonzero": "parts of its outline are inside of its fill",
    "reportlab/symbol FloppyDisk": "usvg keeps lines of width 0",
    "reportlab/symbol SmileyFace": "usvg does not know `None`, which browsers read as `none`",
    "reportlab/symbol Tickbox": "usvg does not know `None`, which browsers read as `none`",
    "reportlab/symbol YesNo": "usvg does not know `None`, which browsers read as `none`",
    "written/case 09-invisible": "usvg keeps transparent shapes",
    "written/case 13-only-width": "usvg does not complete the size of the page",
    "written/case 14-far-point": "lines that leave the kilometre are cut",
}
TIMEOUT_S = 120
PIXEL_MM = 25.4 / 96


def trees(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the trees of usvg by name; empty ones for files that it refuses. Raises BenchError."""
    for package in (USVG, BINARY):
        package.folder()
    given = {name: data.decode("utf-8", "replace") for name, data in files.items()}
    paths = os.pathsep.join(str(package.modules) for package in (USVG, BINARY))
    try:
        done = subprocess.run(
            [program("node"), str(ADAPTERS / "usvg_trees.js")],
            input=json.dumps(given),
            env={**os.environ, "NODE_PATH": paths},
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"usvg did not read the files: {error}") from None
    found: dict[str, str] = json.loads(done.stdout)
    return found


def length_in_tree(tree: str) -> float | None:
    """Return the length of all outlines in mm, None for trees with dashes, which usvg does not cut.

    Fills of the colour of the background are left out, as the reader does.
    """
    root = ET.fromstring(tree)  # noqa: S314 - made by usvg
    if "stroke-dasharray" in tree or "<pattern" in tree:
        return None
    return _Walk(root).length() * PIXEL_MM


def lengths_in_trees(files: Mapping[str, bytes]) -> dict[str, float]:
    """Return the lengths of usvg by name, without files with dashes and those in `DIFFERENT`. Raises BenchError."""
    found = {
        name: length_in_tree(tree)
        for name, tree in trees(files).items()
        if tree and name not in DIFFERENT
    }
    return {name: length for name, length in found.items() if length is not None}


def agrees(read: float, tree: float) -> bool:
    """Return whether two lengths differ by at most 2 %."""
    within = 0.02
    return abs(read - tree) <= within * max(tree, 1e-9)


def length_read(data: bytes) -> float:
    """Return the length of all outlines as the reader draws them, in mm, without what covers and clips hide."""
    options = ReadingOptions(occlude=False, paper="#123457")
    return float(read_svg(data, options=options).document.strokes().lengths.sum())


class _Walk:
    """Adds up the lengths of the paths of a tree."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self._size = float(root.attrib["width"]), float(root.attrib["height"])
        self._paper = ""
        self._is_first = True

    def length(self) -> float:
        """Return the length in pixels."""
        return sum(self._lengths(self._root, self._view()))

    def _view(self) -> Floats:
        """Return the transform of the `viewBox` to the size of the page."""
        left, top, width, height = map(float, self._root.attrib["viewBox"].split())
        across, down = self._size[0] / width, self._size[1] / height
        aspect = self._root.get("preserveAspectRatio", "xMidYMid")
        if "none" not in aspect:
            across = down = (max if "slice" in aspect else min)(across, down)
        return np.array([[across, 0, -left * across], [0, down, -top * down], [0, 0, 1]])

    def _lengths(self, node: ET.Element, outer: Floats) -> Iterator[float]:
        tag = node.tag.rpartition("}")[2]
        if tag in {"defs", "image"} or node.get("opacity") == "0":
            return
        matrix = outer @ _matrix(node.get("transform", ""))
        if tag == "path" and node.get("visibility", "visible") == "visible":
            yield self._length(node, matrix)
        for child in node:
            yield from self._lengths(child, matrix)

    def _length(self, path: ET.Element, matrix: Floats) -> float:
        fill, has_stroke = path.get("fill", "#000000"), path.get("stroke", "none") != "none"
        if fill == "none" and not has_stroke:
            return 0.0
        lines = [
            (np.column_stack([line, np.ones(len(line))]) @ matrix.T)[:, :2]
            for line in _outlines(path.attrib["d"])
        ]
        is_first, self._is_first = self._is_first, False
        if fill != "none" and not has_stroke:
            points, corners = np.concatenate(lines), 5
            is_box = is_first and len(points) <= corners
            covers = (points.min(axis=0) <= 1).all() and (
                points.max(axis=0) >= np.array(self._size) - 1
            ).all()
            if is_box and covers:
                self._paper = fill
            if fill == self._paper:
                return 0.0
        corners, total = 3, 0.0
        for line in lines:
            # A fill has an edge where its path is open.
            closes = fill != "none" and len(line) >= corners
            whole = np.concatenate([line, line[:1]]) if closes else line
            total += float(np.hypot(*np.diff(whole, axis=0).T).sum())
        return total


def _matrix(text: str) -> Floats:
    numbers = [float(one) for one in re.findall(r"[-+0-9.e]+", text.partition("(")[2])]
    if not numbers:
        return np.eye(3)
    a, b, c, d, e, f = numbers
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]])


def _outlines(data: str) -> Iterator[Floats]:
    """Yield the subpaths of absolute commands as polylines."""
    t = np.linspace(0, 1, 65)[1:, None]
    points: list[Floats] = []
    for command, text in re.findall(r"([MLCQZ])([^MLCQZ]*)", data):
        numbers = np.array([float(one) for one in text.split()]).reshape(-1, 2)
        if command == "M":
            if points:
                yield np.concatenate(points)
            points = [numbers]
            continue
        start = points[-1][-1:]
        if command == "Z":
            points.append(points[0][:1])
        elif command == "L":
            points.append(numbers)
        elif command == "Q":
            points.append((1 - t) ** 2 * start + 2 * t * (1 - t) * numbers[:1] + t**2 * numbers[1:])
        else:
            one, two, end = numbers[:1], numbers[1:2], numbers[2:]
            points.append(
                (1 - t) ** 3 * start
                + 3 * t * (1 - t) ** 2 * one
                + 3 * t**2 * (1 - t) * two
                + t**3 * end
            )
    if points:
        yield np.concatenate(points)
