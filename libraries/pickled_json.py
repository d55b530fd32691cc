"""Values of JSON types as pickles, RQ's default format, read without running code.

An ordinary unpickler calls any function that a pickle names, and a few bytes may make it allocate
gigabytes. This one reads a pickle only if it consists of JSON values and tuples.
"""

from __future__ import annotations

import json
import pickle  # nosec B403
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BytesIO
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn


class PickledJson:
    """A serializer for RQ.

    `dumps` raises ValueError, TypeError or RecursionError if a value has no JSON form or is beyond
    the limits, and `loads` raises ValueError or TypeError for anything that `dumps` would not
    return, except for tuples and for JSON, which earlier versions stored.
    """

    # Of stored bytes, and of characters; one that occurs twice counts twice.
    MAX_SIZE: ClassVar = 16_000_000
    MAX_MEMBERS: ClassVar = 2_000_000
    MAX_DEPTH: ClassVar = 100
    MAX_INTEGER_BYTES: ClassVar = 32
    NAMES: ClassVar = frozenset({str})
    SCALARS: ClassVar = frozenset({str, int, float, bool, type(None)})
    TYPES: ClassVar = SCALARS | {list, dict}

    @classmethod
    def dumps(cls, value: Any) -> bytes:
        # RQ stores a call as a tuple.
        value = list(value) if isinstance(value, tuple) else value
        data = pickle.dumps(cls.as_json_types(value), protocol=5)
        cls._check_opcodes(data)
        return data

    @classmethod
    def loads(cls, data: bytes) -> Any:
        # Most results are short texts.
        short = _Opcodes.SHORT_TEXT.fullmatch(data)
        if short is not None and short[1][0] == len(short[2]):
            with suppress(UnicodeDecodeError):
                return short[2].decode()
        # A pickle begins with the opcode PROTO, which no JSON text contains.
        if not data.startswith(b"\x80"):
            cls._check_size(len(data))
            value = json.loads(data)
            is_flat = (
                len(data) < cls.MAX_MEMBERS and data.count(b"[") + data.count(b"{") < cls.MAX_DEPTH
            )
            return value if is_flat else cls.as_json_types(value)
        cls._check_opcodes(data)
        try:
            value = _Unpickler(BytesIO(data)).load()
        except Exception as error:
            raise ValueError(f"not a pickle of JSON types: {error}") from error
        return cls.as_json_types(value)

    @classmethod
    def _check_size(cls, size: int) -> None:
        if size > cls.MAX_SIZE:
            raise ValueError(f"larger than {cls.MAX_SIZE // 10**6} MB")

    @classmethod
    def _check_opcodes(cls, data: bytes) -> None:
        """Raise ValueError if a pickle has an opcode that JSON values and tuples do not need."""
        cls._check_size(len(data))
        position = 0
        while (position := _Opcodes.RUN.match(data, position).end()) < len(data):  # type: ignore[union-attr]
            opcode, width = data[position], _Opcodes.SIZED.get(data[position])
            if width is None:
                raise ValueError(f"not a pickle of JSON types: opcode {opcode:#04x} at {position}")
            body = position + 1 + width
            length = int.from_bytes(data[position + 1 : body], "little")
            if opcode == _Opcodes.LONG1 and length > cls.MAX_INTEGER_BYTES:
                raise ValueError(f"an integer has more than {cls.MAX_INTEGER_BYTES} bytes")
            position = body + length

    @classmethod
    def as_json_types(cls, value: Any) -> Any:
        """Return a value itself, or its JSON form if it has other types, such as tuples."""
        count, size, is_plain = 0, 0, True
        level: list[Any] = [[value]]
        for _ in range(cls.MAX_DEPTH + 1):
            below: list[Any] = []
            for container in level:
                members: Iterable[Any] = container
                if isinstance(container, dict):
                    is_plain = is_plain and cls.NAMES.issuperset(map(type, container))
                    members = [*container, *container.values()]
                types = set(map(type, members))
                count += 1 + len(container)
                if str in types:
                    size += sum([len(one) for one in members if type(one) is str])
                cls._check_size(size)
                if count > cls.MAX_MEMBERS:
                    raise ValueError(f"more than {cls.MAX_MEMBERS} members")
                if not types <= cls.SCALARS:
                    is_plain = is_plain and types <= cls.TYPES
                    below += [one for one in members if isinstance(one, list | dict | tuple)]
            if not below:
                return value if is_plain else cls.as_json_types(json.loads(json.dumps(value)))
            level = below
        raise ValueError(f"nested deeper than {cls.MAX_DEPTH} levels")


class _Opcodes:
    """The opcodes of JSON values and tuples; PUT is not one of them, as it sizes the memo."""

    # Texts up to 63 bytes.
    SHORT = b"|".join(re.escape(bytes([size])) + b".{%d}" % size for size in range(64))
    # Opcodes with short bodies. The possessive repeat needs no memory.
    RUN = re.compile(
        rb"(?:[N\x88\x89\]})(aesut\x85-\x87\x94.]|[\x80Kh].|\x8c(?:%b)|M..|[Jj].{4}|[G\x95].{8})*+"
        % SHORT,
        re.DOTALL,
    )
    # Of the others, the size of the length in front of the body: texts and integers.
    SIZED: Mapping[int, int] = MappingProxyType({0x8C: 1, 0x58: 4, 0x8D: 8, 0x8A: 1})
    LONG1 = 0x8A
    # A pickle of one text.
    SHORT_TEXT = re.compile(rb"\x80[\x04\x05](?:\x95.{8})?\x8c(.)(.*)\x94\.", re.DOTALL)


class _Unpickler(pickle.Unpickler):
    """The second line of defense: opcodes for classes and persistent ids are already refused."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(f"the class {module_name}.{global_name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("a persistent id")
