"""Codes in the names of layers, which the software of AxiDraw and NextDraw obeys."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class LayerCodes:
    """A name in parts.

    `%` hides the layer, a number is its place in the order, `!` pauses before it, and `+S`, `+H` and
    `+D` set the speed in percent, the height of the pen in percent and a delay in milliseconds.
    """

    is_hidden: bool
    is_paused: bool
    order: float
    settings: dict[str, int]
    title: str

    FORM: ClassVar[re.Pattern[str]] = re.compile(
        r"\s*(%)?\s*(!)?\s*([0-9]{1,6}(?=[\s+_:-]|\Z))?((?:\s*\+[HSDhsd][0-9]{1,5}(?![0-9]))*)[\s_:-]*(.*)",
        re.DOTALL,
    )
    # Speed of the pen in mm/s at 1 %; the usual one is 25 %.
    SPEED: ClassVar[float] = 2.0084242

    @classmethod
    def of(cls, name: str) -> LayerCodes:
        """Return the codes at the beginning of a name."""
        found = cls.FORM.match(name)
        if found is None:
            return cls(False, False, math.inf, {}, name)
        hidden, pause, number, codes, rest = found.groups("")
        settings = {code[0].upper(): int(code[1:]) for code in re.findall(r"\+(\w+)", codes)}
        order = float(number) if number else math.inf
        return cls(bool(hidden), bool(pause), order, settings, rest)

    @property
    def speed(self) -> float | None:
        """Return the speed of the pen in mm/s, or None without one."""
        percent = self.settings.get("S", 0)
        return min(percent, 110) * self.SPEED if percent > 0 else None

    @property
    def others(self) -> list[str]:
        """Return the codes that only the software of these plotters obeys."""
        settings = [f"+{code}{value}" for code, value in self.settings.items() if code in "HD"]
        return ["!"] * self.is_paused + settings
