"""Zip files that are written while they are sent: a block of bytes at a time, however much goes in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

BLOCK = 1 << 18

Opening = tuple[str, Callable[[], IO[bytes]]]


class Pipe(io.RawIOBase):
    """A file whose bytes are taken away as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Keep some bytes until they are taken."""
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_blocks(entries: Iterable[Opening], *, deflate: bool = False) -> Iterator[bytes]:
    """Yield a zip file in blocks.

    Args:
        entries: the name of each file in the zip, and what opens it; it is opened when its turn comes and closed after it.
        deflate: pack the files; by default they are stored as they are, which costs no time.
    """
    pipe = Pipe()
    with zipfile.ZipFile(
        pipe, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    ) as archive:
        for name, opened in entries:
            # The same files give the same zip: entries carry the earliest time of the format, and
            # plain rights.
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.external_attr, about.compress_type = 0o644 << 16, archive.compression
            with opened() as file, archive.open(about, "w", force_zip64=True) as entry:
                while block := file.read(BLOCK):
                    entry.write(block)
                    yield pipe.taken()
    yield pipe.taken()


class UniqueNames:
    """Gives each file of a zip a name of its own: the last part of its path, with a number where that is taken.

    Names that differ only in capitals count as the same, because on some systems they are.
    """

    def __init__(self, *taken: str) -> None:
        """Keep the names `taken` free."""
        self._taken = {name.lower() for name in taken}

    def name_for(self, path: str) -> str:
        """Return a name for the file `path`."""
        base = PurePosixPath(path)
        name, number = base.name, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{base.stem}-{number}{base.suffix}"
        self._taken.add(name.lower())
        return name
