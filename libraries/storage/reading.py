"""File interface to an object of an S3-compatible server."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from libraries.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# The block size doubles while reading continues, and is reset after a seek.
FIRST_BLOCK_BYTES = 256 * 1024
MAX_BLOCK_BYTES = 4 * 1024 * 1024


class ObjectReader(io.RawIOBase):
    """A seekable file that keeps one block of the object in memory. Sequential readers verify the checksum."""

    def __init__(
        self, fetch: Callable[[int, int], bytes], first: bytes, size: int, sha256: str | None
    ) -> None:
        """Read an object of `size` bytes that begins with `first`; `fetch(start, end)` returns further bytes."""
        super().__init__()
        self._fetch, self._size, self._sha256 = fetch, size, sha256
        self._digest, self._hashed = hashlib.sha256(), 0
        self._position, self._start, self._block = 0, 0, first
        self._length = FIRST_BLOCK_BYTES
        self._check()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read some bytes into `buffer`; return 0 at the end, or raise Unavailable if the checksum is wrong."""
        target = memoryview(buffer).cast("B")
        if self._position >= self._size or not target:
            return 0
        if not self._start <= self._position < self._start + len(self._block):
            self._load()
        found = self._block[self._position - self._start :][: len(target)]
        target[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _load(self) -> None:
        sequential = self._position == self._start + len(self._block)
        self._length = min(self._length * 2, MAX_BLOCK_BYTES) if sequential else FIRST_BLOCK_BYTES
        self._block = self._fetch(self._position, min(self._position + self._length, self._size))
        self._start = self._position
        self._check()

    def _check(self) -> None:
        """Update the checksum with the new bytes of the block, and compare it at the end."""
        if self._start <= self._hashed < self._start + len(self._block):
            self._digest.update(memoryview(self._block)[self._hashed - self._start :])
            self._hashed = self._start + len(self._block)
        if self._hashed == self._size and self._sha256 not in (None, self._digest.hexdigest()):
            self._block = b""
            raise Unavailable("the checksum of the stored file is wrong", code="file-damaged")
