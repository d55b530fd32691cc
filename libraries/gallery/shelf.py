"""What its owner can do with a drawing in the gallery: show it, label it, keep it, remove it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import IO

from libraries.errors import InvalidInput, NotFound
from libraries.gallery.catalogue import Change, gallery
from libraries.gallery.drawings import KEPT, Arrival, Drawing, describe, drawing_id
from libraries.gallery.labels import (
    NO_LABEL,
    Label,
    check_tag,
    check_title,
    read_label,
    remove_label,
    write_label,
)
from libraries.gallery.owners import files_belonging_to
from libraries.storage import output_folder


def find_drawing(owner: str, drawing: str) -> Drawing:
    """Return a drawing of an owner by its id.

    Raises:
        NotFound: there is none.
    """
    found = gallery().find(owner, drawing)
    if found is None:
        raise NotFound("there is no drawing with this id in the gallery", code="drawing-not-found")
    return found


def open_drawing(drawing: Drawing) -> IO[bytes]:
    """Open the file of a drawing; the caller closes it.

    Raises:
        NotFound: it is gone, or another file lies in its place.
    """
    try:
        with files_belonging_to(drawing.owner):
            return output_folder().open_checked(drawing.name, sha256=drawing.sha256 or None)
    except (NotFound, InvalidInput):
        raise NotFound(
            "the file of this drawing is no longer there", code="drawing-not-found"
        ) from None


def label_drawing(
    owner: str, drawing: str, *, title: str | None = None, tags: Sequence[str] | None = None
) -> Drawing:
    """Give a drawing a title and tags, and return it; what is None stays as it is, an empty title gives its own back.

    Raises:
        InvalidInput: the title or a tag is not one.
        NotFound: there is no such drawing.
    """
    found = find_drawing(owner, drawing)
    wanted_title = None if title is None else check_title(title)
    wanted_tags = None if tags is None else tuple(dict.fromkeys(map(check_tag, tags)))
    with files_belonging_to(owner):
        before = read_label(drawing)
        label = replace(
            before,
            title=before.title if wanted_title is None else wanted_title,
            tags=before.tags if wanted_tags is None else wanted_tags,
        )
        own_title = describe(Arrival(owner=owner, name=found.name), NO_LABEL).title
        write_label(drawing, label)
    with gallery().changing() as change:
        change.put(replace(found, title=label.title or own_title, tags=list(label.tags)))
    return find_drawing(owner, drawing)


def keep_drawing(owner: str, drawing: str) -> Drawing:
    """Keep a drawing for good: its file is copied to where no job's end removes it.

    Safe to do twice.

    Raises:
        NotFound: there is no such drawing, or its file is gone.
        Unavailable, StorageUnavailable: it cannot be copied.
    """
    found = find_drawing(owner, drawing)
    if found.kept:
        return found
    name = f"{KEPT}/{drawing}/{found.name.rsplit('/', 1)[-1]}"
    with files_belonging_to(owner):
        told = {
            "text": found.words,
            "pattern": found.patterns,
            "color": found.colors,
            "seed": found.seed,
        }
        try:
            copied = output_folder().copy(found.name, name, sha256=found.sha256 or None)
        except (NotFound, InvalidInput):
            raise NotFound(
                "the file of this drawing is no longer there", code="drawing-not-found"
            ) from None
        outlives = Label(
            sha256=copied.sha256,
            job_id=found.job_id,
            task=found.task,
            made_at=found.made_at,
            arguments=told,
        )
        before = read_label(drawing)
        write_label(drawing, replace(outlives, title=before.title, tags=before.tags))
    with gallery().changing() as change:
        change.put(replace(found, name=name, sha256=copied.sha256, size=copied.size, kept=True))
    return find_drawing(owner, drawing)


def remove_drawing(owner: str, drawing: str) -> None:
    """Remove a drawing for good: its file, its kept copy, its label, its place in the index.

    Raises:
        NotFound: there is no such drawing.
    """
    found = find_drawing(owner, drawing)
    with files_belonging_to(owner):
        output_folder().remove(found.name, sha256=found.sha256 or None)
        remove_label(drawing)
    with gallery().changing() as change:
        change.remove(drawing)


def enter(change: Change, arrival: Arrival) -> None:
    """Enter a drawing that was finished; a kept copy of it goes before it.

    One whose file is gone is passed over.
    """
    drawing = drawing_id(arrival.owner, arrival.name)
    known = change.find(arrival.owner, drawing)
    if known is not None and known.kept:
        return
    with files_belonging_to(arrival.owner), suppress(NotFound, InvalidInput):
        change.put(describe(arrival, read_label(drawing)))


def take_out(change: Change, owner: str, files: Iterable[tuple[str, str]]) -> None:
    """Take drawings out whose files, each a name and its SHA-256, were removed with their job; what is kept or replaced stays."""
    for name, sha256 in files:
        drawing = drawing_id(owner, name)
        gone = change.remove(
            drawing,
            unless=lambda known, own=sha256: known.kept or known.sha256 not in ("", own),  # type: ignore[misc]
        )
        if gone is not None:
            with files_belonging_to(owner), suppress(InvalidInput):
                remove_label(drawing)
