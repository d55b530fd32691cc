"""Zip files as a stream of blocks, with bounded memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

BLOCK = 1 << 18

Opening = tuple[str, Callable[[], IO[bytes]]]


class Pipe(io.RawIOBase):
    """A writable file whose bytes are taken out by the reader."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """Return and remove the bytes written so far."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def zip_blocks(entries: Iterable[Opening], *, deflate: bool = False) -> Iterator[bytes]:
    """Yield a zip file in blocks; `deflate` compresses the files.

    Each entry is a name and a function that opens the file when it is needed.
    """
    pipe = Pipe()
    with zipfile.ZipFile(
        pipe, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    ) as archive:
        for name, opened in entries:
            # Constant times and permissions make the output reproducible.
            about = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            about.external_attr, about.compress_type = 0o644 << 16, archive.compression
            with opened() as file, archive.open(about, "w", force_zip64=True) as entry:
                while block := file.read(BLOCK):
                    entry.write(block)
                    yield pipe.taken()
    yield pipe.taken()


class UniqueNames:
    """Assigns unique names in a zip: the last path segment, with a number if it is taken.

    The comparison ignores case, as some file systems do.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = {name.lower() for name in taken}

    def name_for(self, path: str) -> str:
        base = PurePosixPath(path)
        name, number = base.name, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{base.stem}-{number}{base.suffix}"
        self._taken.add(name.lower())
        return name
