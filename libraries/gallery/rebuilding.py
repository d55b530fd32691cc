"""Building the index anew from the stored files, while the old one goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from libraries.errors import InvalidInput, NotFound
from libraries.gallery.catalogue import gallery
from libraries.gallery.drawings import Arrival, Drawing, describe, drawing_id
from libraries.gallery.labels import read_label
from libraries.gallery.owners import files_belonging_to
from libraries.json_types import JsonObject
from libraries.storage import output_folder

AT_ONCE = 100
Progress = Callable[[int, int, str], None]


def rebuild(
    owners: Iterable[str], told: Mapping[tuple[str, str], Arrival], progress: Progress
) -> JsonObject:
    """Build the index anew from the files of `owners`, and return what became of it.

    That is how many `drawings` it has, how many files were `unreadable`, and whether it was
    `superseded`: another rebuild began meanwhile, and that one will be in force.

    `told` has what jobs tell of files, by owner and name. Ended half-way, it leaves the old index
    in force.

    Raises:
        Unavailable: the index cannot be written.
        StorageUnavailable: the store does not answer.
    """
    files = [(owner, name) for owner in owners for name in _names(owner)]
    build = gallery().begin()
    entered = 0
    for first in range(0, len(files), AT_ONCE):
        progress(first, len(files), "reading drawings")
        drawings = [
            one
            for owner, name in files[first : first + AT_ONCE]
            if (one := _read(owner, name, told)) is not None
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


def _names(owner: str) -> list[str]:
    """Return the drawings of an owner, of a kept one only the copy that stays."""
    with files_belonging_to(owner):
        names = [name for name in output_folder().names() if name.lower().endswith(".svg")]
    # What is kept comes last, and takes the place of what it is a copy of.
    kept_last = sorted(names, key=lambda name: name.startswith("kept/"))
    return list({drawing_id(owner, name): name for name in kept_last}.values())


def _read(owner: str, name: str, told: Mapping[tuple[str, str], Arrival]) -> Drawing | None:
    arrival = told.get((owner, name)) or Arrival(owner=owner, name=name)
    with files_belonging_to(owner), suppress(NotFound, InvalidInput):
        found = output_folder().stat(name)
        label = read_label(drawing_id(owner, name))
        drawing = describe(replace(arrival, size=found.size), label)
        return drawing if drawing.made_at else replace(drawing, made_at=found.modified)
    return None
