"""Problems: parts of an SVG that the reader left out or changed, as data."""

from __future__ import annotations

from typing import Literal

from libraries.json_types import JsonObject

Action = Literal["ignored", "hidden", "cropped", "replaced", "approximated"]


class Problems:
    """Counts problems by kind and action, with the lines of the first ones in the file.

    `ignored` parts are not drawn, `hidden` ones are invisible or covered, `cropped` ones are cut,
    and `replaced` and `approximated` ones are drawn in another way.
    """

    MAX_LINES = 10
    MAX_NAMES = 50

    def __init__(self) -> None:
        self._found: dict[tuple[str, Action], JsonObject] = {}

    def note(self, kind: str, line: int, action: Action = "ignored", **amounts: float) -> None:
        """Count a problem at a line (0: unknown); `amounts`, such as `mm`, are added up."""
        known = self._entry(kind, action)
        known["count"] += 1
        if line and line not in known["lines"] and len(known["lines"]) < self.MAX_LINES:
            known["lines"].append(line)
        for name, amount in amounts.items():
            known[name] = known.get(name, 0.0) + amount

    def note_names(self, kind: str, line: int, action: Action, names: list[str]) -> None:
        """Count a problem with distinct names, such as the characters of missing glyphs."""
        self.note(kind, line, action)
        listed = self._entry(kind, action).setdefault("names", [])
        listed += [name for name in names if name not in listed][: self.MAX_NAMES - len(listed)]

    def _entry(self, kind: str, action: Action) -> JsonObject:
        fresh: JsonObject = {"kind": kind, "action": action, "count": 0, "lines": []}
        return self._found.setdefault((kind, action), fresh)

    def listed(self) -> list[JsonObject]:
        """Return the problems as JSON, sorted by kind."""
        return [
            {
                name: round(value, 3) if isinstance(value, float) else value
                for name, value in self._found[key].items()
            }
            for key in sorted(self._found)
        ]
