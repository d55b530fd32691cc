"""Requests for a drawing: an artboard or a composition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libraries.sheets.artboard import Artboard
from libraries.sheets.composition import Composition


class DrawingRequest(Artboard, Composition):
    """An artboard, or a composition if it has `elements`."""

    @classmethod
    def prepare(cls, given: Any) -> Any:
        """Ignore `layers` without `elements`, for requests older than compositions."""
        if isinstance(given, Mapping) and "elements" not in given:
            return {name: value for name, value in given.items() if name != "layers"}
        return given

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject fields of an artboard in a composition, and vice versa."""
        yield from super().mistakes(parsed, given)
        one, other = Artboard.declared().keys(), Composition.declared().keys()
        if given.get("elements") is not None:
            text = "Cannot be combined with `elements`; use an element of the type `pattern`."
            yield {name: [text] for name in sorted(one - other) if name in given}
        else:
            foreign = sorted(other - one - {"layers"})
            text = "Cannot be given without `elements`."
            yield {name: [text] for name in foreign if given.get(name) is not None}

    def drawing(self) -> Artboard | Composition:
        return Artboard.part_of(self) if self.elements is None else Composition.part_of(self)
