"""Entries of jobs in the index: `t` task, `b` batch, `g` tag, `w` word, `i` beginning of the id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from libraries.json_types import JsonObject


class Words:
    """The words of texts: lower case, without accents, cut to 24 characters.

    A job has up to 32 of its arguments, tags and id, and 16 of its error or result.
    """

    PATTERN = re.compile(r"[^\W_]+")
    MAX_CHARS, MAX_OF_CALL, MAX_OF_OUTCOME = 24, 32, 16
    MAX_SEARCHED_CHARS = 4000

    @classmethod
    def of(cls, text: str) -> list[str]:
        text = text[: cls.MAX_SEARCHED_CHARS].casefold()
        if not text.isascii():
            decomposed = unicodedata.normalize("NFKD", text)
            text = "".join(one for one in decomposed if not unicodedata.combining(one))
        return cls.PATTERN.findall(text)

    @classmethod
    def distinct(cls, texts: Iterable[str], most: int) -> list[str]:
        """Return up to `most` different words of texts, in their order."""
        cut = (word[: cls.MAX_CHARS] for text in texts for word in cls.of(text))
        return list(islice(dict.fromkeys(cut), most))


class IdEntry:
    """The beginning of an id of this service, enough to find it among those of the same seconds."""

    PATTERN = re.compile(r"(?:(.*)_)?([a-z2-7]{32})", re.ASCII | re.DOTALL)
    # Ids that are derived from a request begin with the time zero.
    TIMELESS, CHARS, TIMELESS_CHARS = "aaaaaa", 6, 12

    @classmethod
    def of(cls, job_id: str) -> tuple[str | None, str]:
        """Return the entry of an id, and the part of the id whose words are entered."""
        found = cls.PATTERN.fullmatch(job_id)
        if found is None:
            return None, job_id
        own = found[2]
        width = cls.TIMELESS_CHARS if own.startswith(cls.TIMELESS) else cls.CHARS
        return f"i{own[:width]}", found[1] or ""


def entry_of(kind: str, text: str) -> str:
    """Return the entry of a task (`t`), batch (`b`) or tag (`g`)."""
    # Line breaks separate entries in scripts.
    return kind + text.replace("\n", " ")


def entries_of(
    *,
    job_id: str,
    task: str,
    batch_id: str | None,
    tags: Sequence[str],
    arguments: JsonObject | None,
) -> str:
    """Return the entries of a new job, separated by newlines; `arguments` are those that are shown."""
    id_entry, rest = IdEntry.of(job_id)
    entries = [entry_of("t", task), *(entry_of("g", tag) for tag in tags)]
    if batch_id:
        entries.append(entry_of("b", batch_id))
    if id_entry:
        entries.append(id_entry)
    entries += [f"w{word}" for word in call_words(rest, tags, arguments)]
    return "\n".join(entries)


def call_words(id_part: str, tags: Sequence[str], arguments: JsonObject | None) -> list[str]:
    call = arguments or {"args": [], "kwargs": {}}
    texts = _texts_in([call["kwargs"], call["args"]])
    return Words.distinct((id_part, *tags, *texts), Words.MAX_OF_CALL)


def outcome_entries(text: object) -> str:
    """Return the entries for the error or the result of a job; only texts have words."""
    return "\n".join(f"w{word}" for word in outcome_words(text))


def outcome_words(text: object) -> list[str]:
    if not isinstance(text, str) or not text:
        return []
    # Of a path only the name of the file.
    name = text.rpartition("/")[2] if text.startswith("/") else text
    return Words.distinct((name,), Words.MAX_OF_OUTCOME)


def terms_of(text: str) -> tuple[str, ...]:
    """Return the beginnings of words that a text asks for."""
    return tuple(dict.fromkeys(Words.of(text)))


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts and whole numbers in JSON, in their order, and then the names of members."""
    pending, names = [value], list[str]()
    while pending:
        one = pending.pop()
        if isinstance(one, dict | list):
            pending.extend(reversed(list(one.values() if isinstance(one, dict) else one)))
            names.extend(one if isinstance(one, dict) else ())
        elif isinstance(one, str):
            yield one
        elif isinstance(one, int) and not isinstance(one, bool):
            yield str(one)
    yield from names


def record_matches(
    terms: Sequence[str],
    *,
    job_id: str,
    task: str,
    tags: Sequence[str],
    arguments: JsonObject | None,
    outcome: object,
) -> bool:
    """Return whether a job has a word with each of the beginnings, as the index does."""
    id_entry, rest = IdEntry.of(job_id)
    words = [*call_words(rest, tags, arguments), *outcome_words(outcome), *Words.of(task)]
    own_id = job_id.rpartition("_")[2] if id_entry else ""
    return all(
        own_id.startswith(term) or any(word.startswith(term[: Words.MAX_CHARS]) for word in words)
        for term in terms
    )
