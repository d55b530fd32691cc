"""The numbers and commands of many paths at once.

Each character that is no digit is an event. A digit run belongs to the event before it. Numbers begin at signs, at dots that cannot
continue a number, and at separators and commands with digits after them. What is wrong, or unusual enough to need Python's own
conversion of each number, is left to `path_data`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers
from libraries.svg_syntax.path_data import ARGUMENTS, PLAIN_NUMBER, SEPARATOR, SPACE

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


class Tokens(NamedTuple):
    """Numbers, and for each command its letter, its first number, the number after its last, and its path."""

    numbers: Floats
    letters: Bytes
    firsts: Integers
    ends: Integers
    paths: Integers


def _table(*groups: str) -> bytes:
    """Return a table for `bytes.translate` from characters to the number of their group; others are after the last."""
    return bytes(
        next((kind for kind, group in enumerate(groups) if chr(code) in group), len(groups))
        for code in range(256)
    )


class _Kinds:
    """Kinds of characters, and constants of the conversion of digits."""

    DIGIT, SPACE, COMMA, SIGN, DOT, COMMAND, OTHER = range(7)
    TABLE = _table("0123456789", " \t\n\r\f", ",", "+-", ".", "MmLlHhVvCcSsQqTtAaZz")
    # Numbers in one command of each letter.
    SIZES = np.array([ARGUMENTS.get(chr(code).upper(), 0) for code in range(128)])
    # Digits that are converted at once, and digits of which every number is exact.
    WORD, EXACT = 8, 15
    POWERS = 10.0 ** np.arange(WORD + 1)
    # The last digits in a word of eight, without the bits that make digits characters.
    MASKS = np.array(
        [0x0F0F0F0F0F0F0F0F & ~((1 << 8 * (8 - digits)) - 1) for digits in range(9)],
        dtype=np.uint64,
    )
    # Pairs of digits, of two digits and of four digits, are joined by a multiplication.
    STEPS = tuple(
        (np.uint64(mask), np.uint64(factor), np.uint64(shift))
        for mask, factor, shift in (
            (0x0F0F0F0F0F0F0F0F, 10 * 2**8 + 1, 8),
            (0x00FF00FF00FF00FF, 100 * 2**16 + 1, 16),
            (0x0000FFFF0000FFFF, 10_000 * 2**32 + 1, 32),
        )
    )


class _Arcs:
    """Forms of arcs, whose flags need no separators."""

    SET = (
        f"((?:{PLAIN_NUMBER}{SEPARATOR}){{3}}[01]){SEPARATOR}([01]){SEPARATOR}"
        f"({PLAIN_NUMBER}{SEPARATOR}{PLAIN_NUMBER})"
    )
    # Most commands have few sets. A single letter at the beginning is found fast.
    FEW = f"{SPACE}{SET}" + f"(?:{SEPARATOR}{SET})?+" * 2 + rf"{SPACE}(?![0-9.,+\-])"
    PARTS = 10
    FORMS = (("a", re.compile(f"(a){FEW}")), ("A", re.compile(f"(A){FEW}")))
    # Any number of sets.
    ANY = re.compile(rf"[Aa]{SPACE}{SET}(?:{SEPARATOR}{SET})*+{SPACE}(?![0-9.,+\-])")
    SETS = re.compile(SET)


def with_flags(data: str) -> str | None:
    """Return path data with spaces around the flags of its arcs; None if an arc is malformed."""
    for letter, form in _Arcs.FORMS:
        if letter in data:
            parts = form.split(data)
            if len(parts) != 1 + data.count(letter) * (_Arcs.PARTS + 1):
                return _with_many_flags(data)
            data = " ".join(filter(None, parts))
    return data


def _with_many_flags(data: str) -> str | None:
    """Return the same as `with_flags` for any number of sets in a command."""

    def spaced(found: re.Match[str]) -> str:
        return " ".join(_Arcs.SETS.split(found[0]))

    text, count = _Arcs.ANY.subn(spaced, data)
    return text if count == data.count("a") + data.count("A") else None


def tokenized(texts: Sequence[str]) -> tuple[Tokens, list[int]]:
    """Return the tokens of paths that begin with a move, or the indices of those that are left out for all.

    All tokens are empty if there are such paths.
    """
    text = "\n".join(texts).encode("latin-1", "replace")
    places = np.cumsum([0, *map(len, texts)]) + np.arange(len(texts) + 1)
    kinds_of_bytes = np.frombuffer(text.translate(_Kinds.TABLE), np.uint8)
    events = np.flatnonzero(kinds_of_bytes)
    kinds = kinds_of_bytes[events]
    runs = np.diff(events, append=len(text)) - 1
    begins, continues, wrong = _starts(kinds, runs > 0)
    numbers = np.flatnonzero(begins)
    values, inexact = _values(text, events, runs, numbers, continues)
    commands = np.flatnonzero(kinds == _Kinds.COMMAND)
    letters = np.frombuffer(text, np.uint8)[events[commands]]
    bounds = np.searchsorted(numbers, np.append(commands, len(events)))
    counts, sizes = np.diff(bounds), _Kinds.SIZES[letters]
    odd = (counts % np.maximum(sizes, 1) != 0) | ((counts == 0) != (sizes == 0))
    bad = np.concatenate([events[wrong], events[numbers[inexact]], events[commands[odd]]])
    if len(bad):
        none = np.zeros(0, dtype=np.int64)
        left_out = np.unique(np.searchsorted(places, bad, side="right") - 1).tolist()
        return Tokens(np.zeros(0), np.zeros(0, np.uint8), none, none, none), left_out
    paths = np.searchsorted(places, events[commands], side="right") - 1
    return Tokens(values, letters, bounds[:-1], bounds[1:], paths), []


def _starts(kinds: Bytes, digits: Flags) -> tuple[Flags, Flags, Flags]:
    """Return the events that begin a number, the dots that continue one, and the events that are wrong.

    `digits` are the events before digits.
    """
    dots, signs = kinds == _Kinds.DOT, kinds == _Kinds.SIGN
    commas, commands = kinds == _Kinds.COMMA, kinds == _Kinds.COMMAND
    continues = dots.copy()
    continues[1:] &= (digits & ~dots)[:-1] | signs[:-1]
    begins = (digits & ~dots) | signs | (dots & ~continues)
    wrong = kinds == _Kinds.OTHER
    wrong |= dots & ~continues & ~digits
    # A dot after a sign needs digits, and a sign needs digits or a dot.
    wrong[1:] |= (continues & ~digits)[1:] & (signs & ~digits)[:-1]
    wrong[:-1] |= (signs & ~digits)[:-1] & ~continues[1:]
    wrong[-1] |= signs[-1] & ~digits[-1]
    if commas.any():
        # Between two numbers there is at most one comma.
        kept = np.flatnonzero(digits | (kinds != _Kinds.SPACE))
        ends_number, begins_number = (digits | dots)[kept], begins[kept]
        some = commas[kept]
        after = np.append(begins_number[1:] & ~commas[kept][1:] & ~commands[kept][1:], False)
        before = np.append(False, ends_number[:-1])
        wrong[kept[some & ~(before & (digits[kept] | after))]] = True
    return begins, continues, wrong


def _values(
    text: bytes, events: Integers, runs: Integers, numbers: Integers, continues: Flags
) -> tuple[Floats, Flags]:
    """Return the numbers that begin at events, and which of them are not exact.

    Mantissas of 15 digits and powers of ten up to 22 are exact, so that their quotient is the nearest number.
    """
    is_fraction = np.append(continues[1:], False)[numbers]
    text_kinds = np.frombuffer(text, np.uint8)[events[numbers]]
    only_fraction = text_kinds == ord(".")
    fractions = numbers + is_fraction
    whole_digits = np.where(only_fraction, 0, runs[numbers])
    part_digits = np.where(only_fraction | is_fraction, runs[fractions], 0)
    inexact = (np.maximum(whole_digits, part_digits) > _Kinds.WORD) | (
        whole_digits + part_digits > _Kinds.EXACT
    )
    if inexact.any():
        whole_digits[inexact] = part_digits[inexact] = 0
    padded = b"0" * _Kinds.WORD + text
    words = np.ndarray((len(text) + 1,), "<u8", padded, strides=(1,))
    wholes = _digits(words, events[numbers] + whole_digits + 1, whole_digits)
    parts = _digits(words, events[fractions] + part_digits + 1, part_digits)
    power = _Kinds.POWERS[part_digits]
    values = (wholes * power + parts) / power
    negative = text_kinds == ord("-")
    values[negative] = -values[negative]
    return values, inexact


def _digits(words: NDArray[np.uint64], ends: Integers, counts: Integers) -> Floats:
    """Return the digits before places of the text as numbers; words are the eight characters before each place."""
    found = words[ends] & _Kinds.MASKS[counts]
    for mask, factor, shift in _Kinds.STEPS:
        found = ((found & mask) * factor) >> shift
    return found.astype(np.float64)
