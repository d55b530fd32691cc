"""What goes with a mail: files that finished jobs made, named by the job's id or by `output/<name>`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libraries.errors import InvalidInput, NotFound
from libraries.storage import check_name, output_folder
from libraries.storage.artifacts import media_type_of

MAX_ATTACHMENTS = 5
# Bytes before they are encoded for the mail, which adds a third; many servers take no mail above 25 MB, some none above 20.
MAX_ATTACHMENTS_BYTES = 10_000_000
MAX_ATTACHMENT_NAME_CHARS = 500

# Given a job's id, the records of the files that it made, as `Artifact.as_record` has them.
MadeBy = Callable[[str], Sequence[Mapping[str, Any]]]


class BadAttachment(InvalidInput):
    """Raised when an attachment is named badly, is not there, or is more than a mail takes."""

    code = "bad-attachment"


@dataclass(frozen=True)
class Attachment:
    """A file as it goes into a mail."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class _Named:
    """A file that was found: its name below the output folder, its kind, its bytes, and their SHA-256 in hex if that is known."""

    name: str
    media_type: str
    size: int
    sha256: str | None = None


def check_attachments(names: object, *, field: str = "attachments") -> list[str]:
    """Return `names` if they are at most five ids of jobs or names such as `output/drawings/a.svg`; None counts as none.

    Raises:
        BadAttachment: they are not; `field` names the one.
        BadFileName: a name is not safe.
    """
    if names is None:
        return []
    if not isinstance(names, list | tuple) or len(names) > MAX_ATTACHMENTS:
        raise BadAttachment(
            f"attachments are a list of at most {MAX_ATTACHMENTS} ids of jobs or names of files",
            field=field,
        )
    for place, name in enumerate(names):
        _check_one(name, f"{field}.{place}")
    return list(names)


def _check_one(name: object, field: str) -> None:
    if not isinstance(name, str) or len(name) > MAX_ATTACHMENT_NAME_CHARS:
        raise BadAttachment(
            "an attachment is the id of a job, or the name of a file such as output/drawings/a.svg",
            field=field,
        )
    if name.startswith("output/"):
        check_name(name.removeprefix("output/"), field=field)
    elif not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name, re.ASCII):
        raise BadAttachment(
            "neither the id of a job nor a name that begins with output/", field=field
        )


def find_attachments(names: object, made_by: MadeBy, *, field: str = "attachments") -> list[_Named]:
    """Return what `names` stand for without reading it; a job stands for all files that it made.

    Raises:
        BadAttachment: a job or a file is not there, the job made no file, or there are more than five files or 10 MB.
        BadFileName: a name is not safe.
        Unavailable: it cannot be told now.
    """
    found: list[_Named] = []
    for place, name in enumerate(check_attachments(names, field=field)):
        found += _find(name, made_by, f"{field}.{place}")
    if len(found) > MAX_ATTACHMENTS:
        raise BadAttachment(
            f"these are {len(found)} files; a mail takes at most {MAX_ATTACHMENTS}", field=field
        )
    total = sum(one.size for one in found)
    if total > MAX_ATTACHMENTS_BYTES:
        raise BadAttachment(
            f"the files have {total} bytes; a mail takes at most {MAX_ATTACHMENTS_BYTES}",
            field=field,
        )
    return found


def _find(name: str, made_by: MadeBy, field: str) -> list[_Named]:
    try:
        if name.startswith("output/"):
            stored = output_folder().stat(name.removeprefix("output/"))
            return [_Named(stored.name, media_type_of(stored.name), stored.size)]
        made = made_by(name)
        for one in made:
            # A record may outlive its file.
            output_folder().stat(one["name"])
    except NotFound as error:
        raise BadAttachment(str(error), field=field) from error
    if not made:
        raise BadAttachment("this job has not made a file, or not yet", field=field)
    return [_Named(one["name"], one["media_type"], one["size"], one["sha256"]) for one in made]


def read_attachments(
    names: object, made_by: MadeBy, *, field: str = "attachments"
) -> tuple[Attachment, ...]:
    """Return the files that `names` stand for, ready to be attached; each gets a name of its own.

    Raises:
        BadAttachment, BadFileName, Unavailable: as `find_attachments`.
    """
    found = find_attachments(names, made_by, field=field)
    own_names = _apart(one.name.rsplit("/", 1)[-1] for one in found)
    return tuple(
        Attachment(name, one.media_type, _read(one, field))
        for name, one in zip(own_names, found, strict=True)
    )


def _read(one: _Named, field: str) -> bytes:
    try:
        with output_folder().open_checked(one.name, sha256=one.sha256) as file:
            data = file.read(MAX_ATTACHMENTS_BYTES + 1)
    except NotFound as error:
        raise BadAttachment(str(error), field=field) from error
    if len(data) != one.size:
        raise BadAttachment("a file was written anew while it was read", field=field)
    return data


def _apart(names: Iterable[str]) -> list[str]:
    """Return the names with a number in front of the ending of those that were there before."""
    told: list[str] = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        number, new = 2, name
        while new in told:
            new = f"{stem} ({number}){dot}{ending}" if dot else f"{name} ({number})"
            number += 1
        told.append(new)
    return told
