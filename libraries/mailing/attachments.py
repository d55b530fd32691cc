"""Attachments: artifacts of finished jobs, given by the id of a job or as `output/<name>`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libraries.errors import InvalidInput, NotFound
from libraries.storage import check_name, output_folder
from libraries.storage.artifacts import media_type_of

MAX_ATTACHMENTS = 5
# Before the transfer encoding, which adds a third. Many servers reject mails above 25 MB, some above
# 20 MB.
MAX_ATTACHMENTS_BYTES = 10_000_000
MAX_ATTACHMENT_NAME_CHARS = 500

# Returns the records (`Artifact.as_record`) of the files that a job made.
MadeBy = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Attachment:
    """A file in a mail."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class _Found:
    """A file that was found: name in the output folder, media type, bytes, and SHA-256 in hex if known."""

    name: str
    media_type: str
    size: int
    sha256: str | None = None


def check_attachments(names: object, *, field: str = "attachments") -> list[str]:
    """Return `names` (None means none) if they are at most five job ids or names such as `output/a.svg`."""
    if names is None:
        return []
    if not isinstance(names, list | tuple) or len(names) > MAX_ATTACHMENTS:
        raise _invalid(f"expected at most {MAX_ATTACHMENTS} ids of jobs or names of files", field)
    for index, name in enumerate(names):
        _check_one(name, f"{field}.{index}")
    return list(names)


def _check_one(name: object, field: str) -> None:
    if not isinstance(name, str) or len(name) > MAX_ATTACHMENT_NAME_CHARS:
        raise _invalid(
            "expected the id of a job or the name of a file such as output/drawings/a.svg", field
        )
    if name.startswith("output/"):
        check_name(name.removeprefix("output/"), field=field)
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name, re.ASCII):
        raise _invalid("neither the id of a job nor a name that begins with output/", field)


def _invalid(problem: str, field: str) -> InvalidInput:
    return InvalidInput(problem, field=field, code="bad-attachment")


def find_attachments(names: object, made_by: MadeBy, *, field: str = "attachments") -> list[_Found]:
    """Find the files that `names` refer to, without reading them; a job refers to all of its files.

    Raises InvalidInput for missing files and over five files or 10 MB; Unavailable for the storage.
    """
    found: list[_Found] = []
    for index, name in enumerate(check_attachments(names, field=field)):
        found += _find(name, made_by, f"{field}.{index}")
    if len(found) > MAX_ATTACHMENTS:
        raise _invalid(f"{len(found)} files; a mail may have {MAX_ATTACHMENTS}", field)
    total = sum(one.size for one in found)
    if total > MAX_ATTACHMENTS_BYTES:
        raise _invalid(f"{total} bytes of files; a mail may have {MAX_ATTACHMENTS_BYTES}", field)
    return found


def _find(name: str, made_by: MadeBy, field: str) -> list[_Found]:
    try:
        if name.startswith("output/"):
            stored = output_folder().stat(name.removeprefix("output/"))
            return [_Found(stored.name, media_type_of(stored.name), stored.size)]
        made = made_by(name)
        for one in made:
            # The file may have been removed before the record.
            output_folder().stat(one["name"])
    except NotFound as error:
        raise _invalid(str(error), field) from error
    if not made:
        raise _invalid("the job has no files yet", field)
    return [_Found(one["name"], one["media_type"], one["size"], one["sha256"]) for one in made]


def read_attachments(
    names: object, made_by: MadeBy, *, field: str = "attachments"
) -> tuple[Attachment, ...]:
    """Return the files that `names` refer to, with unique names; raise the errors of `find_attachments`."""
    found = find_attachments(names, made_by, field=field)
    unique_names = _unique(one.name.rsplit("/", 1)[-1] for one in found)
    return tuple(
        Attachment(name, one.media_type, _read(one, field))
        for name, one in zip(unique_names, found, strict=True)
    )


def _read(one: _Found, field: str) -> bytes:
    try:
        with output_folder().open_checked(one.name, sha256=one.sha256) as file:
            data = file.read(MAX_ATTACHMENTS_BYTES + 1)
    except NotFound as error:
        raise _invalid(str(error), field) from error
    if len(data) != one.size:
        raise _invalid("a file was replaced while it was read", field)
    return data


def _unique(names: Iterable[str]) -> list[str]:
    """Append a number to the stem of each repeated name."""
    unique: list[str] = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        number, new = 2, name
        while new in unique:
            new = f"{stem} ({number}){dot}{ending}" if dot else f"{name} ({number})"
            number += 1
        unique.append(new)
    return unique
