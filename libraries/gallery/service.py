"""Actions on drawings of the gallery: open, label, keep and remove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput, NotFound
from libraries.gallery.drawings import KEPT, Drawing, NewDrawing, describe, drawing_id
from libraries.gallery.installation import gallery
from libraries.gallery.labels import (
    NO_LABEL,
    check_tag,
    check_title,
    read_label,
    remove_label,
    write_label,
)
from libraries.gallery.owners import files_belonging_to
from libraries.job_manager.job_files import release_readable_name
from libraries.job_manager.ownership import as_owner
from libraries.storage import output_folder

if TYPE_CHECKING:
    from libraries.gallery.writer import IndexWriter


def find_drawing(owner: str, drawing: str) -> Drawing:
    """Return a drawing of an owner by its id, or raise NotFound."""
    found = gallery().find(owner, drawing)
    if found is None:
        raise NotFound("drawing not found", code="drawing-not-found")
    return found


def open_drawing(drawing: Drawing) -> IO[bytes]:
    """Open the file of a drawing, which the caller closes; raise NotFound if it was removed or replaced."""
    try:
        with files_belonging_to(drawing.owner):
            return output_folder().open_checked(drawing.name, sha256=drawing.sha256 or None)
    except (NotFound, InvalidInput):
        raise _file_not_found() from None


def _file_not_found() -> NotFound:
    return NotFound("the file of the drawing was not found", code="drawing-not-found")


def label_drawing(
    owner: str, drawing: str, *, title: str | None = None, tags: Sequence[str] | None = None
) -> Drawing:
    """Set title and tags of a drawing, or raise InvalidInput or NotFound.

    None leaves them unchanged, an empty title restores that of the file.
    """
    found = find_drawing(owner, drawing)
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = check_title(title)
    if tags is not None:
        changes["tags"] = tuple(dict.fromkeys(map(check_tag, tags)))
    with files_belonging_to(owner):
        label = replace(read_label(drawing), **changes)
        own_title = describe(NewDrawing(owner=owner, name=found.name), NO_LABEL).title
        write_label(drawing, label)
    with gallery().changing() as writer:
        writer.put(replace(found, title=label.title or own_title, tags=list(label.tags)))
    return find_drawing(owner, drawing)


def pin_drawing(owner: str, drawing: str) -> Drawing:
    """Keep a drawing permanently, as a copy that does not expire with its job. Idempotent.

    Raises NotFound if the drawing or its file was not found.
    """
    found = find_drawing(owner, drawing)
    if found.kept:
        return found
    name = f"{KEPT}/{drawing}/{found.name.rsplit('/', 1)[-1]}"
    with files_belonging_to(owner):
        arguments = {
            "text": found.words,
            "pattern": found.patterns,
            "color": found.colors,
            "seed": found.seed,
        }
        try:
            copied = output_folder().copy(found.name, name, sha256=found.sha256 or None)
        except (NotFound, InvalidInput):
            raise _file_not_found() from None
        label = replace(
            read_label(drawing),
            sha256=copied.sha256,
            job_id=found.job_id,
            task=found.task,
            made_at=found.made_at,
            arguments=arguments,
        )
        write_label(drawing, label)
    with gallery().changing() as writer:
        writer.put(replace(found, name=name, sha256=copied.sha256, size=copied.size, kept=True))
    return find_drawing(owner, drawing)


def remove_drawing(owner: str, drawing: str) -> None:
    """Remove a drawing: its file, its kept copy, its label and its row; raise NotFound if there is none."""
    found = find_drawing(owner, drawing)
    with as_owner(owner):
        output_folder().remove(found.name, sha256=found.sha256 or None)
        client = web_client()
        retry(lambda: release_readable_name(client, found.job_id, found.name))
        remove_label(drawing)
    with gallery().changing() as writer:
        writer.remove(drawing)


def add(writer: IndexWriter, arrival: NewDrawing) -> None:
    """Add a drawing to the index, unless a kept copy is in it or the file was removed."""
    drawing = drawing_id(arrival.owner, arrival.name)
    known = writer.find(arrival.owner, drawing)
    if known is not None and known.kept:
        return
    with files_belonging_to(arrival.owner), suppress(NotFound, InvalidInput):
        writer.put(describe(arrival, read_label(drawing)))


def remove(writer: IndexWriter, owner: str, files: Iterable[tuple[str, str]]) -> None:
    """Remove drawings by file name and SHA-256, unless they are kept or were replaced."""
    for name, sha256 in files:
        drawing = drawing_id(owner, name)
        removed = writer.remove(
            drawing,
            unless=lambda known, own=sha256: known.kept or known.sha256 not in ("", own),  # type: ignore[misc]
        )
        if removed is not None:
            with files_belonging_to(owner), suppress(InvalidInput):
                remove_label(drawing)
