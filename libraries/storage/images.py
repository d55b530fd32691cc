"""Storage of photos in Cloudflare Images, next to the store of all other files."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import NotFound
from libraries.storage.artifacts import (
    Artifact,
    StorageUnavailable,
    StoredFile,
    before_commit,
    blocks_of,
    media_type_of,
)
from libraries.storage.cloudflare import CloudflareImages, ImageRefused
from libraries.storage.names import check_name
from libraries.storage.store import Store

log = logging.getLogger(__name__)


class ImageStore(Store):
    """A store whose images below `photos/` are in Cloudflare Images, and all other files in `files`.

    Photos that Cloudflare does not accept, and those from before it was configured, are in `files`
    too. `names` does not list the images: the API cannot list those of one folder.
    """

    def __init__(self, files: Store, images: CloudflareImages, owner: str) -> None:
        super().__init__(files.shown_as)
        self.max_write_s, self.cleanup_interval_s = files.max_write_s, files.cleanup_interval_s
        self._files, self._images, self._owner = files, images, owner

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        if not is_image(check_name(name)):
            return self._files.publish(name, data)
        whole = b"".join(blocks_of(data))
        before_commit()
        try:
            self._upload(name, whole)
        except ImageRefused as error:
            log.warning("Cloudflare Images does not accept %s: %s", name, error)
            return self._files.publish(name, whole)
        sha256 = hashlib.sha256(whole).hexdigest()
        stored = Artifact(name, self.path_of(name), media_type_of(name), len(whole), sha256)
        return replace(stored, delivery_url=self._images.delivery_url(self._id(name)))

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        try:
            return self._files.open_checked(name, sha256=sha256)
        except NotFound:
            if not is_image(name):
                raise
            self._found(name, sha256)
            data = self._images.download(self._id(name))
            if data is None:
                raise
            return io.BytesIO(data)

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        removed = self._files.remove(name, sha256=sha256)
        if removed or not is_image(name):
            return removed
        try:
            self._found(name, sha256)
        except NotFound:
            return False
        return self._images.delete(self._id(name))

    def stat(self, name: str) -> StoredFile:
        try:
            return self._files.stat(name)
        except NotFound:
            return self._found(name, None) if is_image(name) else self._files.stat(name)

    def names(self, folder: str = "") -> Iterator[str]:
        return self._files.names(folder)

    def remove_temporary(self, older_than: float) -> int:
        return self._files.remove_temporary(older_than)

    def remove_older(self, older_than: float) -> int:
        return self._files.remove_older(older_than)

    def path_of(self, name: str) -> str:
        return self._files.path_of(name)

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        if is_image(name) or is_image(to):
            return super().copy(name, to, sha256=sha256)
        return self._files.copy(name, to, sha256=sha256)

    def ping(self) -> None:
        self._files.ping()

    def check_writable(self) -> None:
        self._files.check_writable()

    def _upload(self, name: str, data: bytes) -> None:
        """Store an image. One with the same id is from an earlier attempt, or is replaced."""
        image_id, media_type = self._id(name), media_type_of(name)
        file_name = name.rpartition("/")[2]
        if self._images.upload(image_id, file_name, data, media_type):
            return
        stored = self._images.find(image_id)
        if stored is not None and stored.sha256 == hashlib.sha256(data).hexdigest():
            return
        self._images.delete(image_id)
        if not self._images.upload(image_id, file_name, data, media_type):
            # Deletions take a moment to propagate; the job is retried later.
            raise StorageUnavailable("failing")

    def _found(self, name: str, sha256: str | None) -> StoredFile:
        found = self._images.find(self._id(name))
        if found is None:
            raise NotFound(f"file not found: {name!r}", code="file-missing")
        if sha256 not in (None, found.sha256):
            raise NotFound(f"{name!r} was replaced by another file", code="file-replaced")
        return StoredFile(name, found.size, 0.0, found.sha256)

    def _id(self, name: str) -> str:
        """Return the id of an image. It cannot be guessed, because the name contains the id of the job."""
        digest = hashlib.sha256("\n".join((self._owner, name)).encode()).hexdigest()
        return f"vector-{digest[:40]}"


def is_image(name: str) -> bool:
    suffix = PurePosixPath(name).suffix.lower()
    return name.startswith("photos/") and suffix in {".png", ".jpg", ".webp", ".gif"}
