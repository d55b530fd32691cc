"""Codes in the names of layers, which the software of AxiDraw and NextDraw obeys."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from libraries.errors import InvalidInput
from libraries.geometry.strokes import Pen


@dataclass(frozen=True)
class LayerCodes:
    """A name in parts.

    `%` hides the layer, `!` pauses before it, a number is its place in the order, and `+S`, `+H` and
    `+D` set the speed and the height of the pen in percent, and a delay before it in milliseconds.
    """

    is_hidden: bool
    is_paused: bool
    order: float
    settings: dict[str, int]
    title: str

    FORM: ClassVar[re.Pattern[str]] = re.compile(
        r"\s*(%)?\s*(!)?\s*([0-9]{1,6}(?![0-9]))?((?:\s*\+[HSDhsd][0-9]{1,5}(?![0-9]))*)[\s_:-]*(.*)",
        re.DOTALL,
    )
    # Speed of the pen in mm/s at 1 %; the usual one is 25 %.
    SPEED: ClassVar[float] = 2.0084242
    MAX_SPEED: ClassVar[int] = 110

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
    def is_coded(self) -> bool:
        """Return whether the name has codes other than a number."""
        return self.is_hidden or self.is_paused or bool(self.settings)

    def applied(self, pen: Pen) -> Pen:
        """Return `pen` with the pause, speed, height and delay of these codes."""
        found: dict[str, Any] = {"pause": True} if self.is_paused else {}
        if percent := self.settings.get("S"):
            found["speed"] = min(percent, self.MAX_SPEED) * self.SPEED
        if "H" in self.settings:
            found["height"] = float(min(self.settings["H"], 100))
        if "D" in self.settings:
            found["delay"] = min(self.settings["D"] / 1000, Pen.MAX_DELAY_S)
        return replace(pen, **found)

    @classmethod
    def written(cls, pen: Pen, number: int, title: str, *, pause: bool) -> str:
        """Return the name of the layer of a pen with its codes; those of the title are removed."""
        settings = [
            ("S", None if pen.speed is None else min(max(pen.speed / cls.SPEED, 1), cls.MAX_SPEED)),
            ("H", pen.height),
            ("D", pen.delay * 1000 or None),
        ]
        codes = "".join(f"+{code}{round(value)}" for code, value in settings if value is not None)
        return f"{'!' if pause or pen.pause else ''}{number}{codes} {title}".strip()


class PenAttributes:
    """Attributes of the group of a layer, which keep how its pen is handled."""

    NUMBERS = ("speed", "height", "delay")
    PAUSE = "data-pause"
    NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")

    @classmethod
    def written(cls, pen: Pen) -> Iterator[tuple[str, str]]:
        """Yield names and values; pens that are handled as usual have none."""
        for name in cls.NUMBERS:
            if (value := getattr(pen, name)) not in {None, 0.0} or (name, value) == ("height", 0):
                yield f"data-{name}", f"{value:.6f}".rstrip("0").rstrip(".")
        if pen.pause:
            yield cls.PAUSE, "true"

    @classmethod
    def read(cls, pen: Pen, attributes: Mapping[str, str]) -> Pen:
        """Return `pen` as these attributes say; invalid values are ignored."""
        for name in cls.NUMBERS:
            value = attributes.get(f"data-{name}", "")
            if cls.NUMBER.fullmatch(value):
                with suppress(InvalidInput):
                    pen = replace(pen, **{name: float(value)})  # type: ignore[arg-type]
        return replace(pen, pause=True) if attributes.get(cls.PAUSE) == "true" else pen
