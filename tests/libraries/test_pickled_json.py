"""Pickles of JSON types: what is read and written, and that nothing else is."""

from __future__ import annotations

import io
import json
import pickle
import struct
from collections import OrderedDict
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.pickled_json import PickledJson, _Unpickler
from tests.hostile_pickles import HOSTILE, OTHER_TYPES, Touch, read_as_rq_does


class Size(IntEnum):
    SMALL = 1


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**250), 2**250)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=VALUES)
def test_a_json_value_is_read_as_it_was_written_by_this_and_any_pickler(value: Any) -> None:
    data = PickledJson.dumps(value)
    assert PickledJson.loads(data) == value
    assert read_as_rq_does(data) == value
    assert PickledJson.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) == value
    assert PickledJson.loads(json.dumps(value).encode()) == value


@pytest.mark.parametrize("length", [0, 1, 63, 64, 255, 256, 70_000])
def test_texts_of_every_length_are_read(length: int) -> None:
    assert PickledJson.loads(PickledJson.dumps(["x" * length, 1])) == ["x" * length, 1]


def test_other_types_are_stored_in_their_json_form() -> None:
    value = ("call", None, [(1, 2)], OrderedDict(size=Size.SMALL))
    assert read_as_rq_does(PickledJson.dumps(value)) == ["call", None, [[1, 2]], {"size": 1}]
    assert type(PickledJson.loads(PickledJson.dumps([Size.SMALL]))[0]) is int


def test_tuples_and_numbered_keys_of_a_stock_worker_are_read_in_their_json_form() -> None:
    shared = [1]
    assert PickledJson.loads(pickle.dumps([(shared, shared), {1: "a"}])) == [
        [[1], [1]],
        {"1": "a"},
    ]


@pytest.mark.parametrize("value", [Path("a"), {1, 2}, b"x", 2**300, {(1, 2): 3}, [[object()]]])
def test_a_value_without_a_json_form_is_not_written(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        PickledJson.dumps(value)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_is_refused_before_anything_runs(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pickle|nested|integer|larger than|members"):
        PickledJson.loads(HOSTILE[name](tmp_path / "ran"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", OTHER_TYPES)
def test_the_unpickler_itself_refuses_classes_and_persistent_ids(name: str, tmp_path: Path) -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"class|persistent id"):
        _Unpickler(io.BytesIO(OTHER_TYPES[name](tmp_path / "ran"))).load()
    assert not (tmp_path / "ran").exists()


@given(data=st.binary(max_size=64), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_damaged_bytes_raise_only_errors_of_values(data: bytes, at: int, byte: int) -> None:
    sound = bytearray(PickledJson.dumps(["workers.a.b", None, [1.5, True], {"x": "y" * 70}]))
    sound[at % len(sound)] = byte
    for bad in (b"\x80\x05" + data, bytes(sound), data):
        with suppress(ValueError, TypeError):
            PickledJson.loads(bad)


def test_nesting_is_limited_in_pickles_and_in_json() -> None:
    deepest, deeper = nested(PickledJson.MAX_DEPTH), nested(PickledJson.MAX_DEPTH + 1)
    assert PickledJson.loads(PickledJson.dumps(deepest)) == deepest
    for data in (pickle.dumps(deeper), json.dumps(deeper).encode()):
        with pytest.raises(ValueError, match="nested deeper than 100"):
            PickledJson.loads(data)
    with pytest.raises(ValueError, match="nested deeper than 100"):
        PickledJson.dumps(deeper)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_10_megabytes_are_read_and_17_are_not() -> None:
    data = PickledJson.dumps({"svg": "x" * 10**7})
    assert len(PickledJson.loads(data)["svg"]) == 10**7
    with pytest.raises(ValueError, match="larger than 16 MB"):
        PickledJson.dumps("x" * 17 * 10**6)
    with pytest.raises(ValueError, match="larger than 16 MB"):
        PickledJson.loads(b"\x80\x05X" + struct.pack("<I", 17 * 10**6) + b"x" * 17 * 10**6 + b".")


def test_the_canary_of_these_tests_works(tmp_path: Path) -> None:
    read_as_rq_does(pickle.dumps(Touch(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()
