# mypy: disable-error-code="import-not-found"
"""Writes three figures of matplotlib as a JSON list of SVG texts."""

from __future__ import annotations

import io
import json
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("svg")
# The same ids in every run, and outlines of letters instead of text.
mpl.rcParams["svg.hashsalt"], mpl.rcParams["svg.fonttype"] = "plotbench", "path"

from matplotlib import pyplot as plt  # noqa: E402 - the format is chosen before

SIZE_INCHES = (8.0, 6.0)


def svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()


def main() -> None:
    """Draw a surface as a wireframe, its contour lines, and curves with a legend."""
    x, y = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-3, 3, 60))
    z = np.sin(x * x + y) * np.exp(-(x * x + y * y) / 8)
    wireframe = plt.figure(figsize=SIZE_INCHES)
    wireframe.add_subplot(projection="3d").plot_wireframe(x, y, z, rcount=60, ccount=60)
    contours, axes = plt.subplots(figsize=SIZE_INCHES)
    axes.contour(x, y, z, levels=24)
    curves, axes = plt.subplots(figsize=SIZE_INCHES)
    for number in range(12):
        axes.plot(np.linspace(0, 10, 400), np.sin(np.linspace(0, 10, 400) + number / 4) * number)
    axes.grid()
    print(json.dumps([svg(figure) for figure in (wireframe, contours, curves)]))


main()
