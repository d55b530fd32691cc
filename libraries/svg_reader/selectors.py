"""Selectors of CSS: types, classes, ids, attributes, some pseudo-classes, and combinators."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from libraries.svg_reader.foreign_xml import Node
from libraries.work import Work

# An element, its parent and so on.
Chain = Sequence[Node]
Test = Callable[[Node, Chain], bool]


class Compound(NamedTuple):
    """The tests of one element, and the combinator before it: a space, `>`, `+`, `~` or none."""

    combinator: str
    tag: str
    id: str
    classes: tuple[str, ...]
    tests: tuple[Test, ...]
    # Whether tests look at the elements before it.
    counts: bool = False

    def matches(self, node: Node, chain: Chain) -> bool:
        """Return whether `node`, whose parent is the first of `chain`, passes all tests."""
        if self.tag and node.tag != self.tag:
            return False
        if self.id and node.attributes.get("id") != self.id:
            return False
        if self.classes:
            own = node.attributes.get("class", "").split()
            if not all(name in own for name in self.classes):
                return False
        return all(test(node, chain) for test in self.tests)


class Selector(NamedTuple):
    """Compounds from left to right, and the specificity: ids, classes, types."""

    compounds: tuple[Compound, ...]
    specificity: tuple[int, int, int]

    @property
    def is_simple(self) -> bool:
        """Return whether only the tag, the id and the classes of an element decide."""
        return len(self.compounds) == 1 and not self.compounds[0].tests


class Budget:
    """Limits the number of tests of all selectors on all elements."""

    MAX_TESTS = 1_000_000
    SIBLINGS_PER_TEST = 10
    # Steps of work per test.
    STEPS = 3

    def __init__(self, work: Work) -> None:
        self._left = self.MAX_TESTS
        self._work = work

    @property
    def is_spent(self) -> bool:
        return self._left <= 0

    def matches(self, selector: Selector, node: Node, chain: Chain) -> bool:
        """Return whether an element with the ancestors `chain` is selected."""
        return self._matches(selector.compounds, node, chain)

    def _matches(self, compounds: tuple[Compound, ...], node: Node, chain: Chain) -> bool:
        last = compounds[-1]
        siblings = (
            len(chain[0].children) if chain and (last.counts or last.combinator in "+~") else 0
        )
        tests = 1 + siblings // self.SIBLINGS_PER_TEST
        self._left -= tests
        self._work.spend(tests * self.STEPS)
        if self._left <= 0 or not last.matches(node, chain):
            return False
        if len(compounds) == 1:
            return True
        rest = compounds[:-1]
        if last.combinator == ">":
            return bool(chain) and self._matches(rest, chain[0], chain[1:])
        if last.combinator == " ":
            return any(
                self._matches(rest, outer, chain[level + 1 :]) for level, outer in enumerate(chain)
            )
        before = _before(node, chain)
        some = before[-1:] if last.combinator == "+" else before
        return any(self._matches(rest, sibling, chain) for sibling in some)


class _Grammar:
    """Regular expressions of selectors, and their limits."""

    MAX_PARTS = 8
    COUNTING = frozenset({"nth-child", "first-child", "last-child", "not", "is", "where"})
    NAME = r"-?(?:[A-Za-z_\u0080-\uffff]|\\.)(?:[\w\-\u0080-\uffff]|\\.)*"
    TOKEN = re.compile(
        rf"""(?P<tag>(?:[\w-]*\|)?(?:\*|{NAME}))|\#(?P<id>{NAME})|\.(?P<class>{NAME})"""
        rf"""|\[\s*(?P<attribute>[\w:-]+)\s*(?:(?P<how>[~|^$*]?=)\s*(?P<quote>["']?)(?P<value>.*?)(?P=quote)\s*[is]?\s*)?\]"""
        rf"""|::?(?P<pseudo>[\w-]+)(?:\((?P<argument>[^()]*)\))?"""
    )
    COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")
    NTH = re.compile(
        r"\s*(?:(odd|even)|([+-]?\d*)n\s*(?:([+-])\s*(\d+))?|([+-]?\d+))\s*", re.IGNORECASE
    )


def parse_selector(text: str) -> Selector:
    """Return a selector without commas; raise `ValueError` for others."""
    position, combinator, compounds, weights = 0, "", [], [0, 0, 0]
    text = text.strip()
    while position < len(text):
        compound, position = _compound(text, position, combinator, weights)
        compounds.append(compound)
        if len(compounds) > _Grammar.MAX_PARTS:
            raise ValueError(text)
        if position < len(text):
            found = _Grammar.COMBINATOR.match(text, position)
            if found is None or found.end() == len(text):
                raise ValueError(text)
            combinator, position = found[1] or " ", found.end()
    if not compounds:
        raise ValueError(text)
    return Selector(tuple(compounds), (weights[0], weights[1], weights[2]))


def _compound(text: str, start: int, combinator: str, weights: list[int]) -> tuple[Compound, int]:
    tag, identifier, position = "", "", start
    classes: list[str] = []
    tests: list[Test] = []
    counts = False
    while found := _Grammar.TOKEN.match(text, position):
        if found["tag"]:
            if position > start:
                raise ValueError(text)
            name = found["tag"].rpartition("|")[2]
            tag = "" if name == "*" else name
            weights[2] += bool(tag)
        elif found["id"]:
            identifier = _plain(found["id"])
            weights[0] += 1
        elif found["class"]:
            classes.append(_plain(found["class"]))
            weights[1] += 1
        elif found["attribute"]:
            tests.append(_attribute_test(found))
            weights[1] += 1
        else:
            tests.append(_pseudo_test(found["pseudo"].lower(), found["argument"], weights))
        counts = counts or (found["pseudo"] or "").lower() in _Grammar.COUNTING
        position = found.end()
    if position == start:
        raise ValueError(text)
    return Compound(combinator, tag, identifier, tuple(classes), tuple(tests), counts), position


def _plain(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _attribute_test(found: re.Match[str]) -> Test:
    name, how, value = found["attribute"].rpartition("|")[2], found["how"], found["value"] or ""
    if how is None:
        return lambda node, _: name in node.attributes
    compare: dict[str, Callable[[str], bool]] = {
        "=": lambda text: text == value,
        "~=": lambda text: value in text.split(),
        "|=": lambda text: text == value or text.startswith(value + "-"),
        "^=": lambda text: bool(value) and text.startswith(value),
        "$=": lambda text: bool(value) and text.endswith(value),
        "*=": lambda text: bool(value) and value in text,
    }
    test = compare[how]
    return lambda node, _: name in node.attributes and test(node.attributes[name])


def _pseudo_test(name: str, argument: str | None, weights: list[int]) -> Test:
    if name in {"hover", "focus", "active", "visited", "target", "before", "after", "selection"}:
        return lambda _, __: False
    if name in {"not", "is", "where"} and argument is not None:
        inner = [parse_selector(part) for part in argument.split(",")]
        if not all(len(one.compounds) == 1 for one in inner):
            raise ValueError(name)
        best = max(one.specificity for one in inner)
        for place in range(3 if name != "where" else 0):
            weights[place] += best[place]
        wanted = name != "not"
        return lambda node, chain: (
            any(one.compounds[0].matches(node, chain) for one in inner) is wanted
        )
    weights[1] += 1
    if name == "nth-child" and argument is not None:
        return _nth_test(argument)
    tests: dict[str, Test] = {
        "root": lambda _, chain: not chain,
        "first-child": lambda node, chain: not _before(node, chain),
        "last-child": lambda node, chain: not chain or _elements(chain[0])[-1] is node,
    }
    if name not in tests:
        raise ValueError(name)
    return tests[name]


def _nth_test(argument: str) -> Test:
    found = _Grammar.NTH.fullmatch(argument[:20])
    if found is None:
        raise ValueError(argument)
    if found[1]:
        step, first = 2, int(found[1].lower() == "odd")
    elif found[5]:
        step, first = 0, int(found[5])
    else:
        step = int(found[2] + "1" if found[2] in {"", "+", "-"} else found[2])
        first = int((found[3] or "+") + (found[4] or "0"))

    def test(node: Node, chain: Chain) -> bool:
        away = len(_before(node, chain)) + 1 - first
        return away == 0 if step == 0 else away % step == 0 and away // step >= 0

    return test


def _elements(parent: Node) -> list[Node]:
    return [child for child in parent.children if child.tag != "#text"]


def _before(node: Node, chain: Chain) -> list[Node]:
    """Return the elements before `node` in its parent."""
    if not chain:
        return []
    siblings = _elements(chain[0])
    place = next(number for number, one in enumerate(siblings) if one is node)
    return siblings[:place]
