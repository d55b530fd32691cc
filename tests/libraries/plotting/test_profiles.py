"""Tests of plotter profiles."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from libraries.errors import UnknownName
from libraries.plotting import (
    DEFAULT_PROFILE,
    LIMITS,
    PROFILES,
    custom_profile,
)
from tests.errors import raises_code


def test_profiles_are_registered_by_name_and_have_records() -> None:
    assert list(PROFILES) == ["axidraw", "saxi"]
    assert DEFAULT_PROFILE in PROFILES
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert set(json.loads(json.dumps(profile.as_record()))) == {"name", *LIMITS}


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
    with pytest.raises(UnknownName, match="known: axidraw, saxi"):
        custom_profile({}, base="cricut")
