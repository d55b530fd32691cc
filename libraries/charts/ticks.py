"""Ticks of an axis at round numbers and dates.

The steps of numbers follow Heckbert, "Nice Numbers for Graph Labels" (Graphics Gems, 1990): 1, 2 or
5 times a power of ten.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE, DAY = 60.0, 86400.0
# Steps up to two weeks in seconds, longer ones in months.
STEPS_OF_SECONDS = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(3600.0 * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2, 7, 14)),
)
STEPS_OF_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400)
# Smaller values count as 0, since their fractions could be subnormal.
MIN_VALUE = 1e-290
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Ticks:
    """Ticks of an axis: positions in units of the data, labels, and the ends of the axis."""

    positions: tuple[float, ...]
    labels: tuple[str, ...]
    low: float
    high: float


def number_ticks(low: float, high: float, count: int, *, from_zero: bool = False) -> Ticks:
    """Return about `count` ticks at round numbers that span `low` to `high`, and 0 if `from_zero`."""
    low, high = (0.0 if abs(end) < MIN_VALUE else end for end in (low, high))
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        if not low:
            high = low + 1.0
        elif not from_zero:
            low, high = low - abs(low) / 2, high + abs(low) / 2
    if high == low:
        low, high = low - 1.0, high + 1.0
    step = _nice((high - low) / max(count - 1, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    positions = tuple(step * number for number in range(first, last + 1))
    return Ticks(positions, _number_labels(positions, step), positions[0], positions[-1])


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if step <= factor * power * (1 + 1e-9))


def _number_labels(positions: tuple[float, ...], step: float) -> tuple[str, ...]:
    largest = max(map(abs, positions))
    units = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
    unit, letter = next(((size, name) for size, name in units if largest >= size), (1.0, ""))
    if largest >= 1e15 or largest < 1e-4:  # noqa: PLR2004 - from here on zeros are hard to count
        return tuple("0" if position == 0 else f"{position:.3g}" for position in positions)
    decimals = max(0, -math.floor(math.log10(step / unit) + 1e-9))
    return tuple(
        "0" if position == 0 else f"{position / unit:,.{decimals}f}{letter}"
        for position in positions
    )


def date_ticks(low: float, high: float, count: int) -> Ticks:
    """Return about `count` ticks at round dates from `low` to `high`, in seconds since 1970, UTC."""
    if not high > low:
        low, high = low - DAY / 2, high + DAY / 2
    wanted = (high - low) / max(count - 1, 1)
    seconds = next((step for step in STEPS_OF_SECONDS if step >= wanted), None)
    if seconds is not None:
        # Weeks begin on Mondays; 1970-01-05 was one.
        offset = 4 * DAY if seconds in {7 * DAY, 14 * DAY} else 0.0
        first, last = math.ceil((low - offset) / seconds), math.floor((high - offset) / seconds)
        positions = [offset + seconds * number for number in range(first, last + 1)]
        labels = [_label(position, seconds) for position in positions]
    else:
        long_enough = (step for step in STEPS_OF_MONTHS if step * (30.44 * DAY) >= wanted)
        months = next(long_enough, STEPS_OF_MONTHS[-1])
        moments = list(_months(low, high, months))
        positions = [(moment - EPOCH).total_seconds() for moment in moments]
        names = [f"{NAMES[one.month - 1]} " if months < 12 else "" for one in moments]  # noqa: PLR2004
        labels = [f"{name}{one.year}" for name, one in zip(names, moments, strict=True)]
    return Ticks(tuple(positions), tuple(labels), low, high)


def _months(low: float, high: float, step: int) -> Iterator[datetime]:
    start = EPOCH + timedelta(seconds=low)
    number = -(-(12 * start.year + start.month - 1) // step) * step
    while True:
        year, month = divmod(number, 12)
        if not 1 <= year <= 9999:  # noqa: PLR2004 - the calendar of Python ends there
            return
        moment = datetime(year, month + 1, 1, tzinfo=UTC)
        if (moment - EPOCH).total_seconds() > high:
            return
        if (moment - EPOCH).total_seconds() >= low:
            yield moment
        number += step


def _label(position: float, step: float) -> str:
    moment = EPOCH + timedelta(seconds=position)
    if step >= DAY or moment.hour == moment.minute == moment.second == 0:
        return f"{moment.day} {NAMES[moment.month - 1]}"
    return f"{moment:%H:%M:%S}" if step < MINUTE else f"{moment:%H:%M}"
