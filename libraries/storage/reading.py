"""Reading an object of an S3-compatible server as a file: block after block, from any place in it, and held to its checksum."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from libraries.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A reader that goes on asks for more and more at once; one that jumps begins anew.
FIRST_BLOCK = 256 * 1024
MAX_BLOCK_BYTES = 4 * 1024 * 1024


class ObjectReader(io.RawIOBase):
    """An object as a file to read. At most one block of it is in memory.

    Whoever reads all of it from the beginning gets the last block only if all bytes together have
    the right checksum.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], first: bytes, size: int, sha256: str | None
    ) -> None:
        """Read `size` bytes. The `first` of them are here already.

        `fetch(start, end)` returns those from start to end.

        Raises:
            Unavailable: `first` is all, and its SHA-256 in hex is not `sha256`.
        """
        super().__init__()
        self._fetch, self._size, self._sha256 = fetch, size, sha256
        self._digest, self._hashed = hashlib.sha256(), 0
        self._place, self._start, self._block = 0, 0, first
        self._length = FIRST_BLOCK
        self._check()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from any place."""
        return True

    def tell(self) -> int:
        """Return the place that the next byte is read from."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the place `offset` from the beginning, the present place or the end.

        Return it from the beginning.
        """
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("there is no place before the beginning")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read some bytes into `buffer`, none at the end only.

        Raises:
            StorageUnavailable: the store does not answer.
            NotFound: another file has taken the place of this one.
            Unavailable: this was the end, and the bytes are not those that were written.
        """
        target = memoryview(buffer).cast("B")
        if self._place >= self._size or not target:
            return 0
        if not self._start <= self._place < self._start + len(self._block):
            self._load()
        found = self._block[self._place - self._start :][: len(target)]
        target[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _load(self) -> None:
        goes_on = self._place == self._start + len(self._block)
        self._length = min(self._length * 2, MAX_BLOCK_BYTES) if goes_on else FIRST_BLOCK
        self._block = self._fetch(self._place, min(self._place + self._length, self._size))
        self._start = self._place
        self._check()

    def _check(self) -> None:
        """Add what is new of the block to the checksum, and compare at the end."""
        if self._start <= self._hashed < self._start + len(self._block):
            self._digest.update(memoryview(self._block)[self._hashed - self._start :])
            self._hashed = self._start + len(self._block)
        if self._hashed == self._size and self._sha256 not in (None, self._digest.hexdigest()):
            self._block = b""
            raise Unavailable(
                "the store of files gave back other bytes than were written", code="file-damaged"
            )
