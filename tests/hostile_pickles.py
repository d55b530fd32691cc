"""Pickles that run code, name classes, or exhaust memory when an ordinary unpickler reads them."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

Make = Callable[[Path], bytes]


def read_as_rq_does(data: bytes) -> Any:
    """Read a pickle with an ordinary unpickler, as a stock worker and rq-dashboard do."""
    return pickle.loads(data)  # noqa: S301


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._path,)


class _Persistent(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return "7" if isinstance(obj, Touch) else None


def _persistent(path: Path) -> bytes:
    sink = io.BytesIO()
    _Persistent(sink, 5).dump([Touch(path)])
    return sink.getvalue()


def _extension(path: Path) -> bytes:
    """Return a pickle that names a class by the code of an extension, known to this process."""
    copyreg.add_extension("pathlib", "PosixPath", 240)
    try:
        data = pickle.dumps(Path("a"), 5)
        read_as_rq_does(data)  # now in the cache of the interpreter
        return data
    finally:
        copyreg.remove_extension("pathlib", "PosixPath", 240)


def _shared(value: Any, width: int, depth: int) -> bytes:
    for _ in range(depth):
        value = [value] * width
    return pickle.dumps(value, 5)


def _cycle(_: Path) -> bytes:
    value: list[Any] = []
    value.append(value)
    return pickle.dumps(value, 5)


# Refused by name, in any unpickler with `find_class` and `persistent_load`.
OTHER_TYPES: dict[str, Make] = {
    "a call": lambda path: pickle.dumps(Touch(path), 5),
    "a call in a list": lambda path: pickle.dumps(["a", None, [Touch(path)], {}], 5),
    "a call of protocol 2": lambda path: pickle.dumps(Touch(path), 2),
    "a class": lambda path: pickle.dumps(Path, 5),
    "an object": lambda path: pickle.dumps(path, 5),
    "a class by INST": lambda path: b"\x80\x04(S'%b'\niposix\nmkdir\n." % str(path).encode(),
    "a persistent id": _persistent,
    "a persistent id as text": lambda path: b"\x80\x04P7\n.",
}
HOSTILE: dict[str, Make] = OTHER_TYPES | {
    "an extension": _extension,
    "bytes": lambda path: pickle.dumps(b"x", 5),
    "a set": lambda path: pickle.dumps({1}, 5),
    "a buffer": lambda path: b"\x80\x05\x97.",
    "a memo of 2**31 entries": lambda path: b"\x80\x04Nr\xff\xff\xff\x7f.",
    "bytes of 2**60": lambda path: b"\x80\x04\x8e\0\0\0\0\0\0\0\x10.",
    "a text of 2**60": lambda path: b"\x80\x04\x8d\0\0\0\0\0\0\0\x10.",
    "a frame of 2**60": lambda path: b"\x80\x04\x95\0\0\0\0\0\0\0\x10.",
    "an integer of 2**31 bytes": lambda path: b"\x80\x04\x8b\xff\xff\xff\x7f.",
    "lists that share lists": lambda path: _shared("x", 10, 30),
    "a list that shares a text": lambda path: _shared("x" * 10**6, 1000, 1),
    "a list in itself": _cycle,
    "a hundred thousand levels": lambda path: (
        b"\x80\x04" + b"]" * 10**5 + b"a" * (10**5 - 1) + b"."
    ),
    "a key that is a list": lambda path: b"\x80\x04}]Ns.",
    "an empty stack": lambda path: b"\x80\x04.",
    "no end": lambda path: b"\x80\x04N",
    "nothing": lambda path: b"\x80",
}
