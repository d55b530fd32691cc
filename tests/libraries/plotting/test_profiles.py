"""Tests of plotter profiles."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from libraries import loading
from libraries.errors import UnknownName
from libraries.loading import load_problems
from libraries.plotting import (
    DEFAULT_PROFILE,
    LIMITS,
    PLOTTERS,
    PROFILES,
    custom_profile,
)
from libraries.plotting.plotters import load_plotters, read_plotter
from tests.conftest import REPOSITORY
from tests.errors import raises_code

MACHINES = REPOSITORY / "libraries" / "plotting" / "machines"


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    """Return a folder with the files of the two usual plotters."""
    for name in ("axidraw.toml", "saxi.toml"):
        (tmp_path / name).write_bytes((MACHINES / name).read_bytes())
    return tmp_path


def test_every_file_is_a_plotter_with_a_profile_and_sources() -> None:
    files = {path.stem for path in MACHINES.glob("*.toml")}
    assert set(PROFILES) == set(PLOTTERS) == files
    assert DEFAULT_PROFILE in PROFILES
    for name, plotter in PLOTTERS.items():
        assert plotter.profile.name == PROFILES[name].name == name
        assert set(json.loads(json.dumps(plotter.profile.as_record()))) == {"name", *LIMITS}
        record = json.loads(json.dumps(plotter.as_record()))
        assert {"motion", "bed", "pens", *record["formats"]} <= set(record["sources"])
    assert [name for name, one in PLOTTERS.items() if one.in_statistics] == ["axidraw", "saxi"]


def test_a_plotter_is_added_by_a_file_and_inherits_from_its_base(machines: Path) -> None:
    (machines / "desk.toml").write_text(
        'title = "Desk"\nbase = "axidraw"\n[bed]\nwidth = 500.0\n[sources]\nbed = "measured"\n'
    )
    plotter = read_plotter(machines / "desk.toml")
    assert plotter.bed.values() == {"width": 500.0, "height": 218.0, "origin": "upper-left"}
    assert plotter.profile.drawing_speed == PROFILES["axidraw"].drawing_speed
    assert (plotter.sources["bed"], plotter.in_statistics) == ("measured", False)


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("drawing_speed = 50.0", "drawing_speed = -1", "drawing_speed must be a number from 0.01"),
        ("corner =", "corners =", "[motion] must have drawing_speed, drawing_acceleration"),
        ("width = 300.0", "width = 0", "bed.width: Must be greater than or equal to 1"),
        ("[pens]", "[pencils]", "unknown: pencils"),
        ("[pens]\ncount = 1", "", "the table [pens] is missing"),
        ("bed = ", "beds = ", "[sources] does not name the source of [bed]"),
        ("title = ", "# ", "the title is missing"),
        ("[bed]", "[bed", "Expected ']' at the end of a table declaration"),
        (
            "[sources]",
            '[gcode]\npen_up = ["M3 S40 ; G28"]\n[sources]\ngcode = "x"',
            "gcode.pen_up.0",
        ),
    ],
)
def test_a_file_with_a_mistake_is_left_out_and_reported(
    machines: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, mistake: str
) -> None:
    monkeypatch.setattr(loading, "_problems", {})
    text = (MACHINES / "saxi.toml").read_text()
    assert old in text
    (machines / "desk.toml").write_text(text.replace(old, new))
    (machines / "saxi.toml").unlink()
    (machines / "axidraw.toml").unlink()
    load_plotters(machines)
    assert "desk" not in PLOTTERS
    (problem,) = load_problems()
    assert mistake in str(problem)
    assert "desk.toml" in str(problem)


def test_the_axidraw_profile_follows_from_the_published_settings_in_inches() -> None:
    profile = PROFILES["axidraw"]
    assert profile.drawing_speed == pytest.approx(50.21, abs=0.01)
    assert profile.travel_speed == pytest.approx(150.63, abs=0.01)
    assert (profile.drawing_acceleration, profile.travel_acceleration) == (762, 1143)
    assert profile.corner == pytest.approx(0.0508)
    servo = 45 + 2.69 * 30
    for seconds, rate in ((profile.lift_time, 75), (profile.drop_time, 50)):
        assert seconds == int((servo**4 + (200 * 30 / rate) ** 4) ** 0.25) / 1000


def test_a_custom_profile_replaces_only_the_given_constants() -> None:
    profile = custom_profile({"drawing_speed": 30, "pen_change_time": 25.0}, base="axidraw")
    assert profile.as_record() == PROFILES["axidraw"].as_record() | {
        "name": "custom",
        "drawing_speed": 30,
        "pen_change_time": 25.0,
    }


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 1e9, True, "50", None, [1], 10**400])
def test_a_constant_out_of_its_limits_is_rejected(name: str, value: Any) -> None:
    with raises_code("invalid-input") as caught:
        custom_profile({name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("name", ["drawing_speeds", "name", "__class__"])
def test_an_unknown_constant_is_rejected_with_the_choices(name: str) -> None:
    with raises_code("unknown-name", match="known: corner, drawing_acceleration"):
        custom_profile({name: 1.0})


def test_an_unknown_base_is_rejected_with_the_choices() -> None:
    with pytest.raises(UnknownName, match="known: axidraw, axidraw-minikit"):
        custom_profile({}, base="cricut")
