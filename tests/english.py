"""`python -m tests.english`, part of `make lint`: expressions that plain technical English does without.

Reads the documents, and the docstrings, comments and messages of the code. Prints each hit with its location, and the number
per 1,000 words. Exit code 1 if that is more than `target` of `[tool.english]` in pyproject.toml, else 0. The same table has the
files that are read, and the expressions that are correct everywhere (`allow`) or in some files (`allow-in`).
"""

from __future__ import annotations

import ast
import fnmatch
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# By the word to use instead.
EXPRESSIONS = {
    "report, show, return": ["tell", "tells", "told", "telling"],
    "is, is in, is stored in": ["lie", "lies", "stand", "stands"],
    "again, next to, after": ["anew", "afresh", "beside", "behind"],
    "own, separate": [f"of {whose} own" for whose in ("its", "their", "his", "our", "one's")],
    "no client, the caller, the operator": ["nobody", "somebody", "whoever", "whomever"],
    "unreachable, forever, never": [
        *(f"{form} away" for form in ("is", "are", "was", "were", "be")),
        "for ever",
        "not at all",
    ],
    "the result, according to": [
        *(f"{form} of" for form in ("become", "becomes", "became")),
        "is to be had",
        r"as \w+(?: \d+)? has it",
    ],
    "requested": ["asked for", "is asked", "are asked", "who asks"],
}
QUESTION = re.compile(r"\s*(?:What|How|Who|Whom|Whose|Where|Whether|Why|When) (?!to\b|not\b)\w")
QUESTION_ADVICE = "a noun phrase or a verb"
# Shorter strings are names and keys.
MIN_MESSAGE_WORDS = 4
MACHINE_COMMENT = re.compile(r"#\s*(?:noqa|nosec|type:|pragma|mypy:|!)")
MARKDOWN_CODE = re.compile(
    r"^(`{3,}|~{3,}).*?^\1[ \t]*$|`[^`\n]*`|https?://\S+", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Text:
    """A piece of English: its file, its first line there, and whether it is a docstring."""

    file: str
    line: int
    words: str
    is_docstring: bool = False


@dataclass(frozen=True)
class Hit:
    """An expression with its location, and the words to use instead."""

    file: str
    line: int
    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}; better: {self.advice}"


def phrases(expressions: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern for whole words of these expressions, also across the end of a line."""
    spaced = [one.replace(" ", r"\s+(?:#\s*)?") for one in expressions]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(spaced)})(?![\w-])", re.IGNORECASE)


def find_hits(text: Text, allowed: Sequence[str]) -> Iterator[Hit]:
    """Yield the hits in a text; the expressions in `allowed` are passed over."""
    words = text.words
    if allowed:
        words = phrases(allowed).sub(lambda found: re.sub(r"[^\n]", "-", found[0]), words)
    if text.is_docstring and (opening := QUESTION.match(words)):
        yield Hit(text.file, text.line, f"{opening[0].strip()}...", QUESTION_ADVICE)
    for advice, expressions in EXPRESSIONS.items():
        for found in phrases(expressions).finditer(words):
            line = text.line + words.count("\n", 0, found.start())
            yield Hit(text.file, line, " ".join(found[0].split()), advice)


def python_texts(file: str, source: str) -> Iterator[Text]:
    """Yield the docstrings, messages and comments of a module."""
    docstrings = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(first.value)
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for node in strings:
        if isinstance(node.value, str):
            is_docstring = node in docstrings
            if is_docstring or len(node.value.split()) >= MIN_MESSAGE_WORDS:
                yield Text(file, node.lineno, without_code(node.value), is_docstring)
    yield from comments(file, source)


def comments(file: str, source: str) -> Iterator[Text]:
    """Yield the comments of a module; those on consecutive lines are one text."""
    block: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or MACHINE_COMMENT.match(token.string):
            continue
        if block and token.start[0] != block[-1][0] + 1:
            yield Text(file, block[0][0], without_code("\n".join(text for _, text in block)))
            block = []
        block.append((token.start[0], token.string))
    if block:
        yield Text(file, block[0][0], without_code("\n".join(text for _, text in block)))


def without_code(markdown: str) -> str:
    """Return a text with code and addresses blanked; the number of lines stays."""
    return MARKDOWN_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), markdown)


def read_texts(root: Path, patterns: Sequence[str]) -> Iterator[Text]:
    """Yield the texts of the files that match one of the glob patterns below `root`."""
    files = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    for path in sorted(files):
        name, source = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            yield from python_texts(name, source)
        else:
            yield Text(name, 1, without_code(source))


def check(root: Path, settings: Mapping[str, object]) -> tuple[list[Hit], int]:
    """Return the hits in all files, and the number of words that were read.

    `settings` is the table `[tool.english]`: `files` and `not-files` are glob patterns.
    """
    files, others = _strings(settings.get("files")), _strings(settings.get("not-files"))
    everywhere, somewhere = _strings(settings.get("allow")), settings.get("allow-in")
    hits: list[Hit] = []
    count = 0
    for text in read_texts(root, files):
        if any(fnmatch.fnmatch(text.file, pattern) for pattern in others):
            continue
        count += len(re.findall(r"[A-Za-z']+", text.words))
        allowed = list(everywhere)
        for pattern, more in somewhere.items() if isinstance(somewhere, dict) else ():
            allowed += _strings(more) if fnmatch.fnmatch(text.file, pattern) else []
        hits.extend(find_hits(text, allowed))
    return sorted(hits, key=lambda hit: (hit.file, hit.line)), count


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def main() -> int:
    """Print the hits and their rate, and return the exit code."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    settings = project["tool"]["english"]
    hits, count = check(REPOSITORY, settings)
    rate = 1000 * len(hits) / max(count, 1)
    for hit in hits:
        sys.stdout.write(f"{hit}\n")
    summary = f"{len(hits)} expressions in {count} words, {rate:.2f} per 1,000"
    sys.stdout.write(f"English: {summary}; at most {settings['target']}\n")
    return 1 if rate > settings["target"] else 0


if __name__ == "__main__":
    sys.exit(main())
