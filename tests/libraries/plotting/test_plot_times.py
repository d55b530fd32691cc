"""Plot times compared with those of other planners: saxi, and GRBL reading the G-code of the product.

saxi's figures are recorded in `saxi_plans.json`, with the version, the command and the profiles; GRBL is simulated by `grbl.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libraries.exporting import FORMATS
from libraries.geometry.area import Area
from libraries.geometry.document import Document
from libraries.patterns import draw_pattern
from libraries.plotting import PROFILES, PlotterProfile, PlotTime, plan
from tests.libraries.plotting.grbl import Grbl, Machine, Times

RECORD: dict[str, Any] = json.loads(Path(__file__).with_name("saxi_plans.json").read_text())
PROFILE = PROFILES["grbl"]
ALONG_PATH = Machine(PROFILE.travel_speed, PROFILE.drawing_acceleration, PROFILE.corner)
CURVED = "circle_packing", "space_filling", "truchet"
DRAWINGS = *CURVED, "flow_field", "hatch", "lsystem", "noise_lines", "phyllotaxis", "short lines"


def drawing_of(name: str) -> Document:
    document = Document(105, 74)
    if name == "short lines":
        rng = np.random.default_rng(3)
        lines = list(rng.uniform([5, 5], [100, 69], (300, 1, 2)) + rng.normal(0, 1.2, (300, 2, 2)))
    else:
        lines = draw_pattern(name, Area(105, 74, 6), {}, seed=1)
    document.add(lines, document.layer("black"))
    return document


def both_times(name: str, machine: Machine, *, arcs: bool = False) -> tuple[PlotTime, Times]:
    """Return the planner's times, and those of a machine that runs the exported G-code."""
    document = drawing_of(name)
    export = FORMATS["gcode"].params.load({"profile": "grbl", "arcs": arcs})
    simulated = Grbl(machine).run(b"".join(export.write(document)).decode())
    # The machine starts in the lower left corner.
    return plan(document.strokes(), document.pens, PROFILE, origin=(0, document.height)), simulated


def run(gcode: str, **settings: Any) -> Times:
    return Grbl(replace(ALONG_PATH, **settings)).run(gcode)


@pytest.mark.parametrize("name", list(RECORD["drawings"]))
@pytest.mark.parametrize("profile", list(RECORD["profiles"]))
def test_plot_times_are_those_of_saxi(name: str, profile: str) -> None:
    recorded = RECORD["drawings"][name]
    document = Document(300, 300)
    document.add(map(np.array, recorded["strokes"]), document.layer("black"))
    ours = plan(document.strokes(), document.pens, PlotterProfile(**RECORD["profiles"][profile]))
    saxi = recorded["plans"][profile]
    assert ours.drawing == pytest.approx(saxi["drawing"], rel=1e-4, abs=1e-5)
    assert ours.travelling == pytest.approx(saxi["travelling"], rel=1e-4)
    # saxi lowers the pen once more at the end.
    last_drop = RECORD["profiles"][profile]["drop_time"]
    assert ours.seconds == pytest.approx(saxi["seconds"] - last_drop, rel=1e-4)


def test_the_record_names_the_version_of_saxi_and_the_profiles_are_still_the_same() -> None:
    assert "saxi@0.15.0" in RECORD["planner"]
    assert RECORD["profiles"] == {name: PROFILES[name].as_record() for name in RECORD["profiles"]}


@pytest.mark.parametrize("name", DRAWINGS)
def test_plot_times_are_those_of_grbl_with_limits_along_the_path(name: str) -> None:
    ours, grbl = both_times(name, ALONG_PATH)
    assert ours.drawing == pytest.approx(grbl.drawing, rel=0.005)
    assert ours.travelling == pytest.approx(grbl.travelling, rel=0.005)
    # The file lifts the pen once more at its start.
    assert ours.lifting == pytest.approx(grbl.dwelling - PROFILE.lift_time)
    assert ours.seconds == pytest.approx(grbl.total - PROFILE.lift_time, rel=0.005)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_buffer_of_sixteen_blocks_hardly_changes_the_times(name: str) -> None:
    ours, grbl = both_times(name, replace(ALONG_PATH, look_ahead=16))
    assert ours.seconds == pytest.approx(grbl.total, rel=0.05)


@pytest.mark.parametrize("name", DRAWINGS)
def test_limits_of_each_axis_make_diagonal_moves_faster_than_planned(name: str) -> None:
    """GRBL limits each axis; the planner has no axes, so it is up to 8 % slower and never faster."""
    ours, grbl = both_times(name, replace(ALONG_PATH, per_axis=True))
    assert 0.92 * ours.seconds <= grbl.total <= 1.005 * ours.seconds + PROFILE.lift_time


@pytest.mark.parametrize("name", DRAWINGS)
def test_arcs_are_drawn_faster_than_the_planned_polylines(name: str) -> None:
    """The machine divides an arc into shorter chords than the drawing has, so that it turns less at each."""
    ours, grbl = both_times(name, ALONG_PATH, arcs=True)
    slowest = 0.8 if name in CURVED else 0.95
    assert slowest * ours.seconds <= grbl.total <= 1.02 * ours.seconds + PROFILE.lift_time


def test_the_simulator_times_a_trapezoid_and_a_dwell() -> None:
    # 50 mm/s after 0.1 s and 2.5 mm; the 95 mm between both ramps take 1.9 s.
    times = run("M3 S90\nG4 P0.15\nG1 X100 Y0 F3000\nM3 S40")
    assert (times.drawing, times.dwelling) == pytest.approx((2.1, 0.15))
    # 100 mm/s after 0.2 s and 10 mm.
    assert run("G0 X100 Y0").travelling == pytest.approx(0.4 + 0.8)


def test_the_simulator_passes_corners_with_the_junction_deviation() -> None:
    # The squared speed at a right angle: 500 mm/s² times 0.01 mm times 1 + sqrt(2).
    speed = (500 * 0.01 * (1 + 2**0.5)) ** 0.5
    times = run("M3 S90\nG1 X30 Y0 F3000\nG1 X30 Y30\nM3 S40")
    ramps = (2 * 50 - speed) / 500
    mm = (2 * 50**2 - speed**2) / (2 * 500)
    assert times.drawing == pytest.approx(2 * (ramps + (30 - mm) / 50))
    assert run("M3 S90\nG1 X30 Y0 F3000\nG1 X0 Y0\nM3 S40").drawing == pytest.approx(2 * 0.7)


def test_the_simulator_limits_each_axis_of_a_diagonal() -> None:
    diagonal = "G0 X30 Y30"
    along, by_axis = run(diagonal).travelling, run(diagonal, per_axis=True).travelling
    assert along == pytest.approx(0.2 + 30 * 2**0.5 / 100)
    # As 30 mm along one axis.
    assert by_axis == pytest.approx(run("G0 X30 Y0").travelling)


def test_the_simulator_slows_down_where_the_buffer_is_short() -> None:
    dense = "M3 S90\n" + "".join(f"G1 X{x / 10} Y0 F3000\n" for x in range(1, 1001)) + "M3 S40"
    # 1.6 mm ahead allow sqrt(2 500 1.6) = 40 mm/s.
    assert run(dense).drawing == pytest.approx(2.1)
    assert 100 / 40 < run(dense, look_ahead=16).drawing < 100 / 40 * 1.05


def test_the_simulator_divides_an_arc() -> None:
    half = "M3 S90\nG1 X20 Y0 F3000\nG3 X0 Y0 I-10 J0\nM3 S40"
    whole = np.pi * 10 + 20
    assert run(half).drawing > whole / 50
    assert run(half, junction_deviation=1.0).drawing < whole / 50 + 0.5
