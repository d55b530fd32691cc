"""The store in a bucket of an S3-compatible server: results and uploads that several machines share."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, ClassVar, NamedTuple

from botocore.exceptions import ClientError

from libraries.errors import InvalidInput, NotFound, VectorError
from libraries.settings import BucketAddress
from libraries.storage.artifacts import (
    NO_SPACE,
    Artifact,
    FileMissing,
    FileReplaced,
    StorageFull,
    StorageUnavailable,
    StoredFile,
    before_commit,
    blocks_of,
    media_type_of,
)
from libraries.storage.connection import (
    CHANGED,
    MISSING,
    OUT_OF_RANGE,
    client_for,
    code_of,
    translated_errors,
)
from libraries.storage.names import check_name
from libraries.storage.reading import FIRST_BLOCK, ObjectReader
from libraries.storage.store import Store

# A file of up to so many bytes goes in one request, a larger one in parts of at least so many, of which there may be 10,000.
PART = 8 * 1024 * 1024
# The server copies up to so many bytes in one request.
MAX_COPY_BYTES = 5 * 1024**3
# What is asked in passing is asked once, and not for long.
PASSING_TIMEOUT = 1.0


class Spooled(NamedTuple):
    """What is to be written, whole: in memory, or in a file without a name if it is large."""

    file: IO[bytes]
    size: int
    sha256: str


class BucketStore(Store):
    """A folder of objects in a bucket. An object holds the SHA-256 of its bytes, and is held to it by who reads it."""

    # Parts of a large file may be under way for as long as a job may run.
    patience: ClassVar[float] = 86400.0
    sweep_pause: ClassVar[float] = 600.0

    def __init__(self, address: BucketAddress, folder: str, shown_as: str, timeout: float) -> None:
        """Use the objects below `folder` of the bucket at `address`; each answer may take `timeout` seconds."""
        super().__init__(shown_as)
        self._address, self._timeout = address, timeout
        self._bucket = address.bucket
        self._prefix = "/".join(filter(None, (address.prefix, folder))) + "/"

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        """Write an object; see `Store.publish`. It takes its name with the server's last answer, and not before."""
        check_name(name)
        with _spooled(blocks_of(data)) as whole, self._writing(name) as mark:
            about = {
                "ContentType": media_type_of(name),
                "Metadata": {"sha256": whole.sha256, "writing": mark},
            }
            if whole.size <= PART:
                self._put(name, whole, about)
            else:
                self._put_in_parts(name, whole, about)
        return Artifact(name, self.path_of(name), media_type_of(name), whole.size, whole.sha256)

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open an object; see `Store.open_checked`. A small one is here after one request, a large one comes in blocks as it is read.

        Raises:
            Unavailable: its bytes are not those that were written; of a large one, this is found at the end.
        """
        check_name(name)
        first, answer = self._first_block(name)
        kept = answer["Metadata"].get("sha256")
        if sha256 is not None and kept != sha256:
            raise FileReplaced(f"another file lies in the place of {name!r}")
        size = (
            int(answer["ContentRange"].rpartition("/")[2])
            if "ContentRange" in answer
            else answer["ContentLength"]
        )

        def fetch(start: int, end: int) -> bytes:
            return self._range(name, start, end, IfMatch=answer["ETag"])[0]

        return io.BufferedReader(ObjectReader(fetch, first, size, kept), 64 * 1024)

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        """Remove an object; see `Store.remove`."""
        try:
            found = self.stat(name)
        except NotFound:
            return False
        if sha256 is not None and found.sha256 != sha256:
            return False
        self._request("delete_object", Key=self._prefix + name)
        return True

    def stat(self, name: str) -> StoredFile:
        """Return size, time and checksum; see `Store.stat`."""
        answer = self._about(name)
        return StoredFile(
            name,
            answer["ContentLength"],
            answer["LastModified"].timestamp(),
            answer["Metadata"].get("sha256"),
        )

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the names of the objects; see `Store.names`. Keys that `check_name` refuses are passed over."""
        below = f"{check_name(folder)}/" if folder else ""
        # `.owners/` comes before all names: the list begins behind it.
        for item in self._listed(below, StartAfter=f"{self._prefix}.owners0"):
            name = item["Key"][len(self._prefix) :]
            with contextlib.suppress(InvalidInput):
                yield check_name(name)

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        """Let the server copy an object; see `Store.copy`."""
        check_name(to)
        found = self._about(name)
        kept, size = found["Metadata"].get("sha256"), found["ContentLength"]
        if sha256 not in (None, kept):
            raise FileReplaced(f"another file lies in the place of {name!r}")
        if kept is None or size > MAX_COPY_BYTES:
            return super().copy(name, to)
        with self._writing(to) as mark:
            before_commit()
            self._request(
                "copy_object",
                Key=self._prefix + to,
                CopySource={"Bucket": self._bucket, "Key": self._prefix + name},
                CopySourceIfMatch=found["ETag"],
                MetadataDirective="REPLACE",
                ContentType=media_type_of(to),
                Metadata={"sha256": kept, "writing": mark},
            )
        return Artifact(to, self.path_of(to), media_type_of(to), size, kept)

    def remove_temporary(self, older_than: float) -> int:
        """Give up large files that were begun long ago and never ended; see `Store.remove_temporary`."""
        swept = 0
        for upload in self._pages("list_multipart_uploads", "Uploads", Prefix=self._prefix):
            if upload["Initiated"].timestamp() < older_than:
                # Another sweeper may have been here.
                with contextlib.suppress(NotFound):
                    self._request(
                        "abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    swept += 1
        return swept

    def remove_older(self, older_than: float) -> int:
        """Remove old objects; see `Store.remove_older`."""
        swept = 0
        for item in self._listed():
            if item["LastModified"].timestamp() < older_than:
                self._request("delete_object", Key=item["Key"])
                swept += 1
        return swept

    def path_of(self, name: str) -> str:
        """Return the address of an object, `s3://bucket/folder/name`."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def ping(self) -> None:
        """Ask the server something, once and not for long; do nothing if it answers as it should.

        Raises:
            StorageUnavailable: it does not.
        """
        with contextlib.suppress(NotFound):
            try:
                self._probe("get_object", Key=f"{self._prefix}.knock")
            except StorageUnavailable as away:
                # Who may not list a bucket is told so instead of hearing that there is no such object.
                if not _was_denied(away):
                    raise

    def _put(self, name: str, whole: Spooled, about: dict[str, Any]) -> None:
        data = whole.file.read()
        before_commit()
        self._request(
            "put_object", Key=self._prefix + name, Body=data, ContentMD5=_md5_of(data), **about
        )

    def _put_in_parts(self, name: str, whole: Spooled, about: dict[str, Any]) -> None:
        key = self._prefix + name
        upload = self._request("create_multipart_upload", Key=key, **about)["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            # S3 takes up to 10,000 parts.
            while data := whole.file.read(max(PART, -(-whole.size // 9_000))):
                number = len(parts) + 1
                answer = self._request(
                    "upload_part",
                    Key=key,
                    UploadId=upload,
                    PartNumber=number,
                    Body=data,
                    ContentMD5=_md5_of(data),
                )
                parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            before_commit()
            self._request(
                "complete_multipart_upload",
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
            )
        except BaseException:
            # What cannot be given up now is swept later.
            with contextlib.suppress(VectorError):
                self._probe("abort_multipart_upload", Key=key, UploadId=upload)
            raise

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[str]:
        """Yield a mark for the object that is written inside. When that fails, an object with the mark is removed.

        A server that answered too late may have stored it all the same.
        """
        mark = secrets.token_hex(8)
        try:
            yield mark
        except StorageUnavailable:
            with contextlib.suppress(VectorError):
                key = self._prefix + name
                if self._probe("head_object", Key=key)["Metadata"].get("writing") == mark:
                    self._probe("delete_object", Key=key)
            raise

    def _first_block(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """Return the first bytes of an object, and what the server says of all of it."""
        try:
            return self._range(name, 0, FIRST_BLOCK, whole=False)
        except _EmptyObject:
            return b"", self._about(name)

    def _range(
        self, name: str, start: int, end: int, *, whole: bool = True, **only: str
    ) -> tuple[bytes, dict[str, Any]]:
        """Return the bytes from `start` to `end` of an object, `whole` or as far as there are, and the server's answer."""
        wanted = {"Key": self._prefix + name, "Range": f"bytes={start}-{end - 1}", **only}
        trouble = StorageUnavailable("failing")
        for _ in range(2):
            answer = self._request("get_object", **wanted)
            try:
                with translated_errors(), contextlib.closing(answer["Body"]) as body:
                    data = body.read(end - start)
            except StorageUnavailable as error:
                trouble = error
                continue
            if len(data) == min(end - start, answer["ContentLength"]) and (
                not whole or len(data) == end - start
            ):
                return data, answer
        raise trouble

    def _about(self, name: str) -> dict[str, Any]:
        return self._request("head_object", Key=self._prefix + check_name(name))

    def _listed(self, below: str = "", **more: str) -> Iterator[dict[str, Any]]:
        yield from self._pages("list_objects_v2", "Contents", Prefix=self._prefix + below, **more)

    def _pages(self, operation: str, items: str, **wanted: str) -> Iterator[dict[str, Any]]:
        with translated_errors():
            pages = (
                client_for(self._address, self._timeout)
                .get_paginator(operation)
                .paginate(Bucket=self._bucket, **wanted)
            )
        pages = iter(pages)
        while True:
            with translated_errors():
                page = next(pages, None)
            if page is None:
                return
            yield from page.get(items, [])

    def _request(self, operation: str, **wanted: Any) -> dict[str, Any]:
        return self._response(client_for(self._address, self._timeout), operation, wanted)

    def _probe(self, operation: str, **wanted: Any) -> dict[str, Any]:
        return self._response(
            client_for(self._address, PASSING_TIMEOUT, attempts=1), operation, wanted
        )

    def _response(self, client: Any, operation: str, wanted: dict[str, Any]) -> dict[str, Any]:
        ask: Callable[..., dict[str, Any]] = getattr(client, operation)
        name = wanted["Key"][len(self._prefix) :]
        with translated_errors():
            try:
                return ask(Bucket=self._bucket, **wanted)
            except ClientError as error:
                code = code_of(error)
                if code in MISSING:
                    raise FileMissing(f"there is no file {name!r}") from None
                if code in CHANGED:
                    raise FileReplaced(f"another file has taken the place of {name!r}") from None
                if code in OUT_OF_RANGE:
                    raise _EmptyObject from None
                raise


class _EmptyObject(Exception):
    """Raised when a range of bytes was asked of an object that has none."""


def _was_denied(away: StorageUnavailable) -> bool:
    cause = away.__cause__
    return isinstance(cause, ClientError) and code_of(cause) == "AccessDenied"


@contextlib.contextmanager
def _spooled(blocks: Iterable[bytes]) -> Iterator[Spooled]:
    """Yield `blocks` as a file that is gone afterwards, however the process ends: its name is given up when it is made."""
    size, digest = 0, hashlib.sha256()
    try:
        with tempfile.SpooledTemporaryFile(PART) as file:
            for block in blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
            file.seek(0)
            yield Spooled(file, size, digest.hexdigest())
    except OSError as error:
        if error.errno in NO_SPACE:
            raise StorageFull("there is no room left to store the result") from error
        raise


def _md5_of(data: bytes) -> str:
    """Return what the server checks the bytes that arrive against; nothing else rests on it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
