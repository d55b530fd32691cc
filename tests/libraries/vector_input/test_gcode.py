"""G-code of other programs and machines."""

from __future__ import annotations

import numpy as np
import pytest

from libraries.geometry.arrays import Floats
from libraries.svg_reader import Reading
from libraries.vector_input import FORMATS, InputOptions
from tests.errors import raises_code


def read(text: str) -> Reading:
    return FORMATS["gcode"].read(text.encode(), InputOptions())


def lines(text: str) -> list[Floats]:
    """Return the strokes with the lower left corner of the ink at the origin, y up."""
    document = read(text).document
    store = document.store
    points = store.coordinates * (1, -1)
    points = np.round(points - points.min(axis=0), 3) + 0.0
    return np.split(points, store.offsets[1:-1])


# A line from (0, 0) to (10, 0), and one from (0, 5) to (10, 5).
TWO = [[[0, 0], [10, 0]], [[0, 5], [10, 5]]]


@pytest.mark.parametrize(
    "text",
    [
        "G21 G90\nG0 X0 Y0\nG1 X10\nG0 X0 Y5\nG1 X10\n",
        "G0 Z5\nG0 X0 Y0\nG1 Z-1 F100\nG1 X10\nG0 Z5\nX0 Y5\nG1 Z-1\nX10\nG0 Z5\n",
        # All moves are alike; only the height differs.
        "G1 Z5\nG1 X0 Y0\nG1 Z0\nG1 X10\nG1 Z5\nG1 X0 Y5\nG1 Z0\nG1 X10\nG1 Z5\n",
        # A spindle, a servo on the spindle, a servo of a printer, and a laser in rapid moves.
        "G1 X0 Y0\nM3 S100\nG1 X10\nM5\nG1 X0 Y5\nM3\nG1 X10\nM5\n",
        "M3 S40\nG0 X0 Y0\nM3 S90\nG1 X10\nM3 S40\nG0 X0 Y5\nM3 S90\nG1 X10\nM3 S40\n",
        "M3 S90\nG0 X0 Y0\nM3 S40\nG1 X10\nM3 S90\nG0 X0 Y5\nM3 S40\nG1 X10\nM3 S90\n",
        "M280 P0 S60\nG0 X0 Y0\nM280 P0 S90\nG1 X10\nM280 P0 S60\nG0 X0 Y5\nM280 P0 S90\nG1 X10\n",
        "M4 S0\nG0 X0 Y0\nG1 X10 S500\nG0 X0 Y5\nG1 X10\nM5\n",
        "G91\nG1 X10\nG0 X-10 Y5\nG1 X10\n",
        "G20\nG1 X0.393700787\nG0 X0 Y0.196850394\nG1 X0.393700787\n",
        "N10 g0x0y0 (a comment X9)\nN20 g1x10 ; X99\nN30 g00x0y5*71\nN40 G01 X10.\n",
        "G0 X100 Y100\nG92 X0 Y0\nG1 X10\nG0 X0 Y5\nG1 X10\n",
    ],
)
def test_the_pen_is_down_where_the_machine_draws(text: str) -> None:
    assert [line.tolist() for line in lines(text)] == TWO


@pytest.mark.parametrize(
    "arc",
    [
        "G3 X0 Y10 I-10 J0",
        "G3 X0 Y10 R10",
        "G90.1\nG3 X0 Y10 I0 J0",
        "G17 G3 X0Y10R10",
    ],
)
def test_arcs_are_followed(arc: str) -> None:
    (line,) = lines(f"G0 X10 Y0\n{arc}\n")
    assert np.allclose(np.hypot(*line.T), 10, atol=0.01)
    assert line[[0, -1]].tolist() == [[10, 0], [0, 10]]


def test_an_arc_with_a_negative_radius_is_the_longer_one_and_one_without_ends_a_circle() -> None:
    (longer,) = lines("G0 X10 Y0\nG2 X0 Y10 R-10\n")
    assert float(np.hypot(*np.diff(longer, axis=0).T).sum()) == pytest.approx(15 * np.pi, rel=0.01)
    (circle,) = lines("G0 X10 Y0\nG2 I-10\n")
    assert float(np.hypot(*np.diff(circle, axis=0).T).sum()) == pytest.approx(20 * np.pi, rel=0.01)


def test_an_impossible_arc_becomes_a_line_and_is_listed_with_its_line() -> None:
    reading = read("G0 X0 Y0\nG1 X5\nG2 X50 Y0 I1 J0\n")
    assert reading.problems == [{"kind": "arc", "action": "replaced", "count": 1, "lines": [3]}]
    assert reading.document.store.coordinates[-1, 0] == 50


def test_tools_and_pauses_are_pens() -> None:
    text = "T2 M6\nG0 X0 Y0\nG1 X5\nM0\nG0 X0 Y2\nG1 X5\nT7\nG0 X0 Y4\nG1 X5\n"
    document = read(text).document
    assert [layer.name for layer in document.layers] == ["pen 2", "pen 3", "pen 7"]


def test_unknown_commands_and_absurd_numbers_are_listed() -> None:
    reading = read("G999\nG1 X1 Y1\nG1 X1e9999 Y99999999999\nM117 printing\nG1 X5\n")
    assert {one["kind"]: one["lines"] for one in reading.problems} == {
        "command": [1],
        "number": [3],
    }


@pytest.mark.parametrize("text", ["", "hello world\n", "M3\nG4 P1\n", "(" * 10_000])
def test_a_file_without_moves_is_refused(text: str) -> None:
    with raises_code("bad-drawing", match="G-code file has no moves"):
        read(text)


def test_a_short_file_cannot_draw_millions_of_vertices() -> None:
    with raises_code("too-many-vertices"):
        read("G0 X0 Y0\n" + "G2 I9e3\nG2 I9999999\n" * 3000)
