"""The CSS cascade: style elements, `style` attributes, variables and `!important`.

`resolve_styles` writes the declarations that win into the attributes of each element, because most
properties have a presentation attribute of the same name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from libraries.svg_reader.foreign_xml import Node
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.selectors import Budget, Selector, parse_selector
from libraries.work import Work

# Values by the names of properties.
Values = Mapping[str, str]


class Declarations(NamedTuple):
    """Values by property, without and with `!important`."""

    normal: dict[str, str]
    important: dict[str, str]


class Rule(NamedTuple):
    """A selector, its declarations, and its position in the cascade."""

    selector: Selector
    declarations: Declarations
    order: tuple[tuple[int, int, int], int]


class _Limits:
    """Limits of style sheets, and their regular expressions."""

    MAX_CHARS = 256_000
    MAX_RULES = 5000
    MAX_MEDIA_DEPTH = 4
    MAX_VALUE_CHARS = 1_000_000
    MAX_VARIABLES = 8
    STEPS_PER_CHAR = 0.4
    COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
    # Semicolons inside of quotes and parentheses do not separate declarations.
    DECLARATION = re.compile(
        r"""\s*([\w-]{1,100})\s*:\s*((?:[^;"'()]++|"[^"]*+"|'[^']*+'|\((?:[^()"']++|"[^"]*+"|'[^']*+'|\([^()]*+\))*+\)|["'()])*+)(?:;|\Z)"""
    )
    VARIABLE = re.compile(r"var\(\s*(--[\w-]{1,100})\s*(?:,([^()]*(?:\([^()]*\))?[^()]*))?\)")
    SELECTOR = re.compile(r"(?:[^,()]++|\([^()]*+\)|[()])++")
    MEDIA = re.compile(r"\s*(?:only\s+)?(?:all|screen|print)?\s*", re.IGNORECASE)
    FONT_SIZE = re.compile(
        r"(?:^|\s)((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:px|pt|pc|mm|cm|in|em|ex|rem|q|%))", re.IGNORECASE
    )


def resolve_styles(root: Node, problems: Problems, work: Work) -> None:
    """Apply style elements and `style` attributes to the attributes of all elements."""
    rules: list[Rule] = []
    styled: list[Node] = []
    for node in _walk(root):
        if node.tag == "style":
            _add_sheet(node, rules, problems, work)
        if "style" in node.attributes:
            styled.append(node)
    if not rules and not any("--" in node.attributes["style"] for node in styled):
        # Programs repeat the same few texts.
        known: dict[str, Values] = {}
        for node in styled:
            text = node.attributes["style"]
            if text not in known:
                own = parse_declarations(text)
                known[text] = own.normal | own.important
            node.attributes.update(known[text])
        return
    _Cascade(rules, problems, work).apply(root, (), {})


def _walk(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if node.children:
            waiting.extend(reversed(node.children))


class _Cascade:
    """Finds the rules of each element by its id, classes and tag."""

    # Steps of work per element.
    STEPS = 5

    def __init__(self, rules: list[Rule], problems: Problems, work: Work) -> None:
        self._by_id: dict[str, list[Rule]] = defaultdict(list)
        self._by_class: dict[str, list[Rule]] = defaultdict(list)
        self._by_tag: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            last = rule.selector.compounds[-1]
            if last.id:
                self._by_id[last.id].append(rule)
            elif last.classes:
                self._by_class[last.classes[0]].append(rule)
            else:
                self._by_tag[last.tag].append(rule)
        self._problems = problems
        self._budget = Budget(work)
        self._work = work
        self._known: dict[tuple[str, str, str], Declarations] = {}
        # Programs repeat the same few texts.
        self._inline: dict[str, Declarations] = {}
        # What wins for declarations of style sheets in `_known` and a text, and whether it has no variables.
        self._winning: dict[tuple[int, str], tuple[dict[str, str], bool]] = {}

    def apply(self, node: Node, chain: tuple[Node, ...], variables: Values) -> None:
        """Resolve the styles of an element and its descendants."""
        self._work.spend(self.STEPS)
        winning, is_plain = self._winner(node, chain)
        if is_plain:
            node.attributes |= winning
        else:
            custom = {name: value for name, value in winning.items() if name.startswith("--")}
            variables = {**variables, **custom} if custom else variables
            node.attributes |= {
                name: _substituted(value, variables) if "var(" in value else value
                for name, value in winning.items()
                if name not in custom
            }
        if node.children:
            inner = (node, *chain)
            for child in node.children:
                if child.tag != "#text":
                    self.apply(child, inner, variables)

    def _winner(self, node: Node, chain: tuple[Node, ...]) -> tuple[dict[str, str], bool]:
        """Return the declarations that win for an element, and whether they have no variables."""
        text = node.attributes.get("style", "")
        sheet, is_known = self._declared(node, chain)
        key = id(sheet), text
        if is_known and key in self._winning:
            return self._winning[key]
        inline = self._inline.get(text)
        if inline is None:
            inline = self._inline[text] = parse_declarations(text)
        winning = sheet.normal | inline.normal | sheet.important | inline.important
        is_plain = not any(
            name.startswith("--") or "var(" in value for name, value in winning.items()
        )
        if is_known:
            self._winning[key] = winning, is_plain
        return winning, is_plain

    def _key(self, node: Node) -> tuple[str, str, str]:
        """Return the tag, the classes and the id of an element, if rules have them."""
        classes, name = node.attributes.get("class", ""), node.attributes.get("id", "")
        name = name if name in self._by_id else ""
        if classes and not name and self._by_class.keys().isdisjoint(classes.split()):
            classes = ""
        return node.tag, classes, name

    def _declared(self, node: Node, chain: tuple[Node, ...]) -> tuple[Declarations, bool]:
        """Return what the style sheets declare for an element, and whether it is stored for others like it."""
        key = self._key(node)
        if key in self._known:
            return self._known[key], True
        was_spent = self._budget.is_spent
        if was_spent:
            # Without a look at the rules, which may be many.
            self._problems.note("style", node.line)
            return Declarations({}, {}), False
        rules = [*self._by_tag.get("", ()), *self._by_tag.get(node.tag, ())]
        for name in dict.fromkeys(key[1].split()):
            rules += self._by_class.get(name, ())
        if key[2]:
            rules += self._by_id.get(key[2], ())
        found = [rule for rule in rules if self._budget.matches(rule.selector, node, chain)]
        if self._budget.is_spent:
            self._problems.note("style", node.line)
        merged = Declarations({}, {})
        for rule in sorted(found, key=lambda rule: rule.order):
            merged.normal.update(rule.declarations.normal)
            merged.important.update(rule.declarations.important)
        is_known = all(rule.selector.is_simple for rule in rules)
        if is_known:
            self._known[key] = merged
        return merged, is_known


def _substituted(value: str, variables: Values) -> str:
    """Return a value with its variables; an unknown one without fallback leaves nothing."""
    for _ in range(_Limits.MAX_VARIABLES):
        found = _Limits.VARIABLE.search(value)
        if found is None or len(value) > _Limits.MAX_CHARS:
            break
        text = variables.get(found[1], found[2] or "").strip()
        value = value[: found.start()] + text + value[found.end() :]
    return "" if "var(" in value else value


def parse_declarations(text: str) -> Declarations:
    """Return the declarations of a block or of a `style` attribute."""
    parsed = Declarations({}, {})
    if not text or len(text) > _Limits.MAX_VALUE_CHARS:
        return parsed
    if "/*" in text:
        text = _Limits.COMMENT.sub(" ", text)
    plain = "(" not in text and '"' not in text and "'" not in text
    pairs = (
        [tuple(part.split(":", 1)) for part in text.split(";") if ":" in part]
        if plain
        else _Limits.DECLARATION.findall(text)
    )
    for given, text_of_value in pairs:
        name = given.strip()
        name = name if name.startswith("--") else name.lower()
        value = text_of_value.strip()
        if value[-9:].lower() == "important" and "!" in value[-20:]:
            parsed.important.update(_expanded(name, value.rpartition("!")[0].rstrip()))
        else:
            parsed.normal.update(_expanded(name, value))
    return parsed


def _expanded(name: str, value: str) -> Values:
    """Return the properties that a declaration sets, such as three for `marker`."""
    if name == "marker":
        return dict.fromkeys(("marker-start", "marker-mid", "marker-end"), value)
    if name == "font":
        found = _Limits.FONT_SIZE.search(value)
        return {"font-size": found[1]} if found else {}
    if name == "d":
        found = re.fullmatch(r"""path\(\s*(["'])(.*)\1\s*\)""", value, re.DOTALL)
        return {"d": found[2]} if found else {"d": "none"} if value == "none" else {}
    return {name: value}


def _add_sheet(node: Node, rules: list[Rule], problems: Problems, work: Work) -> None:
    """Add the rules of a style element."""
    if node.attributes.get("type", "").strip().lower() not in {"", "text/css"}:
        return
    text = "".join(part.attributes["text"] for part in node.children if part.tag == "#text")
    # Almost all of the work is in the selectors.
    work.spend(len(text) * _Limits.STEPS_PER_CHAR)
    if len(text) > _Limits.MAX_CHARS:
        problems.note("style", node.line)
        return
    plain = _Limits.COMMENT.sub(" ", text).replace("<!--", " ").replace("-->", " ")
    _read_sheet(plain, rules, node.line, problems, 0)


def _read_sheet(text: str, rules: list[Rule], line: int, problems: Problems, depth: int) -> None:
    """Add the rules of a style sheet without comments."""
    for prelude, block in _blocks(text):
        if not prelude.startswith("@"):
            _add_rules(prelude, block, rules, line, problems)
            continue
        name, _, condition = prelude[1:].partition(" ")
        if name in {"charset", "namespace", "font-face", "keyframes", "-webkit-keyframes", "page"}:
            continue
        shown = any(map(_Limits.MEDIA.fullmatch, condition[:500].split(",")))
        if name == "media" and shown and depth < _Limits.MAX_MEDIA_DEPTH:
            _read_sheet(block, rules, line, problems, depth + 1)
        else:
            problems.note("at-rule", line)


def _add_rules(prelude: str, block: str, rules: list[Rule], line: int, problems: Problems) -> None:
    declarations = parse_declarations(block)
    # Commas inside of parentheses do not separate selectors.
    for part in _Limits.SELECTOR.findall(prelude):
        if len(rules) >= _Limits.MAX_RULES:
            problems.note("style", line)
            return
        try:
            selector = parse_selector(part[:1000])
        except ValueError:
            problems.note("selector", line)
            continue
        rules.append(Rule(selector, declarations, (selector.specificity, len(rules))))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each prelude with the text of its block, empty for rules such as `@import`."""
    position = 0
    while position < len(text):
        found = re.compile(r"[^{};]*").match(text, position)
        prelude, position = (found[0].strip(), found.end()) if found else ("", len(text))
        if position >= len(text):
            return
        if text[position] != "{":
            if prelude:
                yield prelude, ""
            position += 1
            continue
        end = _end_of_block(text, position)
        yield prelude, text[position + 1 : end]
        position = end + 1


def _end_of_block(text: str, start: int) -> int:
    """Return the position of the brace that closes the one at `start`, or the end."""
    depth = 0
    for found in re.compile(r"""[{}]|"[^"\n]*"|'[^'\n]*'""").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
    return len(text)
