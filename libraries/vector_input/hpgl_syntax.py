"""The syntax of HP-GL: instructions of two letters, numbers or texts, and commands to the device."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple


class Syntax:
    """Instructions: two letters and numbers; commands to the device begin with an escape."""

    STEP = re.compile(
        r"[\s;,]*+(?:\x1b(?:\.[^\s0-9;:](?:[0-9;]*+:)?|%-?[0-9]*[A-Z]|[A-Z9=]|[&(*)].?-?[0-9]*[@A-Za-z])"
        r"|(?P<name>[A-Za-z]{2})(?P<numbers>[\s,0-9.+\-]*+))"
    )
    NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
    MOVES = re.compile(r"(?:PU|PD|PA|PR)\s*[-+.0-9]|PE", re.IGNORECASE)
    # Instructions with characters.
    TEXTS = frozenset({"LB", "PE", "CO", "DT", "SM"})
    # Where instructions may begin again after other bytes, and the bytes that end files.
    NEXT = re.compile(r"[A-Za-z]{2}|\x1b")
    BLANK = " \t\r\n\0\x1a\x03;,"
    MAX_LABEL = 1_000
    MAX_NUMBER = 1e8
    # Styles that are not followed; without parameters they are the usual ones.
    STYLES = frozenset({"UC", "SM", "SL", "ES", "DV", "FT", "PB", "TL", "CS", "CA", "SA", "SS"})
    # Instructions that move no pen.
    SILENT = re.compile(
        "VS|FS|AS|PS|UC|SM|TL|SI|SR|DI|DR|ES|CS|CA|SS|SA|SL|FT|PT|WU|TD|NP|BP|EC|AP|O[ACDEFHIOPSTW]|IM|IW|DC|DP|TR|SV"
        "|MC|SB|PC|CR|CT|CV|RF|UL|V[AENS]|AF|AH|PG|RP|GM|CC|CP|DV|SD|AD|FI|FN|LO|LM|PB|EN|LB|PE|CO|DT"
    )


class Instructions:
    """Iterates over the instructions of a file: names and parameters.

    Attributes:
        known: number of instructions and commands to the device so far.
        junk: number of places so far with other bytes, which are skipped.
    """

    # The end of labels, unless `DT` sets another one.
    END = "\x03"

    def __init__(self, text: str) -> None:
        self.known = self.junk = 0
        self._text = text
        self._end = self.END

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield names in capitals, with the text of the parameters or of the label."""
        place = 0
        while place < len(self._text):
            found = Syntax.STEP.match(self._text, place)
            if found is None:
                next_one = Syntax.NEXT.search(self._text, place + 1)
                end = next_one.start() if next_one else len(self._text)
                self.junk += bool(self._text[place:end].strip(Syntax.BLANK))
                place = end
                continue
            place, name = found.end(), (found["name"] or "").upper()
            self.known += 1
            if name in {"IN", "DF"}:
                self._end = self.END
            if name in Syntax.TEXTS:
                start = found.start("numbers")
                place, text = self._with_text(name, start)
                yield name, text
            elif name:
                yield name, found["numbers"]

    def _with_text(self, name: str, start: int) -> tuple[int, str]:
        """Return the place after an instruction with characters, and these."""
        text = self._text
        if name == "DT":
            self._end = (
                text[start : start + 1] if text[start : start + 1] not in {";", ""} else self.END
            )
            return start + 1, ""
        end = ";" if name in {"PE", "CO", "SM"} else self._end
        # A label without an end would take the rest of the file.
        most = len(text) if name == "PE" else start + Syntax.MAX_LABEL
        stop = text.find(end, start, most)
        if stop < 0:
            stop = len(text) if name == "PE" else max(text.find(";", start, most), start - 1)
        return stop + 1, text[start : max(stop, start)]


class EncodedMove(NamedTuple):
    """A move of `PE`: its place, and whether that is absolute and the pen is down; or another pen."""

    x: float = 0.0
    y: float = 0.0
    is_absolute: bool = False
    is_down: bool = True
    pen: int | None = None


class Encoding:
    """The characters of `PE`: digits of numbers, whose last one is of another range, and flags."""

    # First digits by base: those before the last one, and the last one.
    DIGITS: ClassVar[Mapping[int, tuple[int, int]]] = {64: (63, 191), 32: (63, 95)}
    # A number has at most this many digits.
    MAX_DIGITS = 12
    PEN, ABSOLUTE, UP, FRACTION, SEVEN_BITS = ":=<>7"

    def __init__(self, text: str) -> None:
        self._codes = text.encode("latin-1", "replace")
        self._place = 0
        self._base = 64

    def moves(self) -> Iterator[EncodedMove]:
        """Yield moves up to the first error."""
        is_absolute, is_down, scale = False, True, 1.0
        while self._place < len(self._codes):
            flag = chr(self._codes[self._place])
            if flag in (self.PEN, self.FRACTION):
                self._place += 1
                number = self._number()
                if number is None:
                    return
                if flag == self.PEN:
                    yield EncodedMove(pen=number)
                else:
                    scale = 2.0 ** -min(max(number, -26), 26)
            elif flag == self.SEVEN_BITS:
                self._base, self._place = 32, self._place + 1
            elif flag in (self.UP, self.ABSOLUTE):
                is_down, is_absolute = (
                    is_down and flag != self.UP,
                    is_absolute or flag == self.ABSOLUTE,
                )
                self._place += 1
            else:
                x, y = self._number(), self._number()
                if x is None or y is None:
                    return
                yield EncodedMove(x * scale, y * scale, is_absolute, is_down)
                is_absolute, is_down = False, True

    def _number(self) -> int | None:
        """Return the next number, None at the end; the lowest bit is its sign."""
        value = 0
        first, last = self.DIGITS[self._base]
        bits = self._base.bit_length() - 1
        for digit in range(self.MAX_DIGITS):
            # Line feeds between digits have no meaning.
            while self._place < len(self._codes) and self._codes[self._place] <= ord(" "):
                self._place += 1
            if self._place >= len(self._codes):
                return None
            code = self._codes[self._place]
            self._place += 1
            ends = last <= code < last + self._base
            value += (code - (last if ends else first)) << digit * bits
            if ends:
                return -(value >> 1) if value & 1 else value >> 1
            if not first <= code < first + self._base:
                return None
        return None
