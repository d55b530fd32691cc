"""Rebuild of the index from the stored files, while the old index stays in use."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from libraries.errors import InvalidInput, NotFound
from libraries.gallery.drawings import Drawing, NewDrawing, describe, drawing_id
from libraries.gallery.installation import gallery
from libraries.gallery.labels import read_label
from libraries.gallery.owners import files_belonging_to
from libraries.json_types import JsonObject
from libraries.storage import output_folder

BATCH_SIZE = 100
Progress = Callable[[int, int, str], None]


def rebuild(
    owners: Iterable[str], known: Mapping[tuple[str, str], NewDrawing], progress: Progress
) -> JsonObject:
    """Rebuild the index from the files of `owners` and from what is `known` from jobs.

    Returns the number of `drawings` and of `unreadable` files, and whether this rebuild was
    `superseded` by a later one. An interrupted rebuild leaves the old index in use.

    Raises:
        Unavailable: the index cannot be written.
        StorageUnavailable: the storage is unreachable.
    """
    files = [(owner, name) for owner in owners for name in _names(owner, known)]
    build = gallery().begin()
    entered = 0
    for first in range(0, len(files), BATCH_SIZE):
        progress(first, len(files), "reading drawings")
        drawings = [
            one
            for owner, name in files[first : first + BATCH_SIZE]
            if (one := _read(owner, name, known)) is not None
        ]
        if not gallery().fill(build, drawings):
            break
        entered += len(drawings)
    in_force = gallery().finish(build)
    progress(len(files), len(files), "done")
    return {
        "drawings": entered,
        "unreadable": len(files) - entered if in_force else 0,
        "superseded": not in_force,
    }


def has_files(owners: Iterable[str]) -> bool:
    """Return whether a rebuild would find drawings; raise StorageUnavailable if the storage is unreachable."""
    return any(_names(owner, ()) for owner in owners)


def _names(owner: str, known: Container[tuple[str, str]]) -> list[str]:
    """Return the files of an owner's drawings, of a kept drawing only the copy.

    A readable name is a copy of a job's file, unless it is `known` as the file of an earlier job.
    """
    with files_belonging_to(owner):
        names = [name for name in output_folder().names() if name.lower().endswith(".svg")]
    copies = {name.split("/", 2)[-1] for name in names if name.startswith("jobs/")}
    names = [name for name in names if name not in copies or (owner, name) in known]
    # A kept copy replaces its original, which has the same id.
    kept_last = sorted(names, key=lambda name: name.startswith("kept/"))
    return list({drawing_id(owner, name): name for name in kept_last}.values())


def _read(owner: str, name: str, known: Mapping[tuple[str, str], NewDrawing]) -> Drawing | None:
    arrival = known.get((owner, name)) or NewDrawing(owner=owner, name=name)
    with files_belonging_to(owner), suppress(NotFound, InvalidInput):
        found = output_folder().stat(name)
        label = read_label(drawing_id(owner, name))
        drawing = describe(replace(arrival, size=found.size), label)
        return drawing if drawing.made_at else replace(drawing, made_at=found.modified)
    return None
