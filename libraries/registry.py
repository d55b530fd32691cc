"""Registry of named items such as patterns, papers and templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from libraries.errors import UnknownName
from libraries.loading import LoadError

Item = TypeVar("Item")


class Registry(Generic[Item]):
    """Items by name. Rejects duplicates; the error for an unknown name lists the known ones.

    Example:
        >>> papers: Registry[tuple[float, float]] = Registry("paper")
        >>> papers.add("a4", (210.0, 297.0))
        (210.0, 297.0)
        >>> papers["a4"]
        (210.0, 297.0)
    """

    def __init__(self, kind: str) -> None:
        """Set the `kind` of item, a singular noun for error messages."""
        self.kind = kind
        self._items: dict[str, Item] = {}

    def add(self, name: str, item: Item) -> Item:
        """Register `item` under `name` and return it.

        Raises:
            LoadError: the name is taken.
        """
        if name in self._items:
            raise LoadError(f"{self.kind} {name!r} is registered twice")
        self._items[name] = item
        return item

    def discard(self, name: str) -> None:
        self._items.pop(name, None)

    def __getitem__(self, name: str) -> Item:
        """Return the item called `name`; raise `UnknownName` if there is none."""
        try:
            return self._items[name]
        except KeyError:
            raise UnknownName(self.kind, name, self._items) from None

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in alphabetical order."""
        return iter(sorted(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> list[tuple[str, Item]]:
        """Return pairs of name and item in alphabetical order."""
        return sorted(self._items.items(), key=lambda pair: pair[0])
