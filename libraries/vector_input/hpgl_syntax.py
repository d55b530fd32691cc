"""The syntax of HP-GL: instructions of two letters, numbers or texts, and commands to the device."""

from __future__ import annotations

import re
from collections.abc import Iterator


class Syntax:
    """Instructions: two letters and numbers; commands to the device begin with an escape."""

    STEP = re.compile(
        r"[\s;,]*+(?:\x1b(?:\.[^\s0-9;:](?:[0-9;]*+:)?|%-?[0-9]*[A-Z]|[A-Z9=]|[&(*)].?-?[0-9]*[@A-Za-z])"
        r"|(?P<name>[A-Za-z]{2})(?P<numbers>[\s,0-9.+\-]*+))"
    )
    NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
    MOVES = re.compile(r"(?:PU|PD|PA|PR)\s*[-+.0-9]", re.IGNORECASE)
    # Instructions with characters.
    TEXTS = frozenset({"LB", "PE", "CO", "DT"})
    # Where instructions may begin again after other bytes, and the bytes that end files.
    NEXT = re.compile(r"[A-Za-z]{2}|\x1b")
    BLANK = " \t\r\n\0\x1a\x03;,"
    MAX_LABEL = 1_000
    MAX_NUMBER = 1e8
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
        end = {"PE": ";", "CO": ";"}.get(name, self._end)
        # A label without an end would take the rest of the file.
        most = len(text) if name == "PE" else start + Syntax.MAX_LABEL
        stop = text.find(end, start, most)
        if stop < 0:
            stop = len(text) if name == "PE" else max(text.find(";", start, most), start - 1)
        return stop + 1, text[start : max(stop, start)]
