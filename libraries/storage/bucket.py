"""Storage in a bucket of an S3-compatible server, shared by several machines."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, NamedTuple

from botocore.exceptions import ClientError

from libraries.errors import InvalidInput, NotFound, VectorError
from libraries.json_types import JsonObject
from libraries.settings import BucketAddress
from libraries.storage.artifacts import (
    Artifact,
    StorageUnavailable,
    StoredFile,
    before_commit,
    blocks_of,
    full_disk_reported,
    media_type_of,
    write_blocks,
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
from libraries.storage.reading import FIRST_BLOCK_BYTES, ObjectReader
from libraries.storage.store import Store

# Larger files are uploaded in parts of at least this size.
PART_BYTES = 8 * 1024 * 1024
# Timeout of requests that must not block for long; they are not retried.
PROBE_TIMEOUT_S = 1.0


class Spooled(NamedTuple):
    """The complete data of a file, in memory or, if it is large, in an unnamed temporary file."""

    file: IO[bytes]
    size: int
    sha256: str


class BucketStore(Store):
    """A folder in a bucket. Objects carry the SHA-256 of their bytes, which readers verify."""

    # Limit of S3 for copies in one request.
    MAX_COPY_BYTES = 5 * 1024**3

    # An upload in parts may take as long as a job.
    max_write_s = 86400.0
    cleanup_interval_s = 600.0

    def __init__(self, address: BucketAddress, folder: str, shown_as: str, timeout: float) -> None:
        """Use the objects below `folder` of the bucket at `address`; requests time out after `timeout` seconds."""
        super().__init__(shown_as)
        self._address, self._timeout = address, timeout
        self._bucket = address.bucket
        self._prefix = "/".join(filter(None, (address.prefix, folder))) + "/"

    def publish(self, name: str, data: str | bytes | Iterable[bytes]) -> Artifact:
        check_name(name)
        with _spooled(blocks_of(data)) as whole, self._writing(name) as mark:
            headers = {
                "ContentType": media_type_of(name),
                "Metadata": {"sha256": whole.sha256, "writing": mark},
            }
            if whole.size <= PART_BYTES:
                self._put(name, whole, headers)
            else:
                self._put_in_parts(name, whole, headers)
        return Artifact(name, self.path_of(name), media_type_of(name), whole.size, whole.sha256)

    def open_checked(self, name: str, *, sha256: str | None = None) -> IO[bytes]:
        """Open an object; large ones are fetched in blocks, and their checksum is verified at the end."""
        check_name(name)
        try:
            return self._open(name, sha256)
        except NotFound:
            aside = self._open_aside(name, sha256)
            if aside is None:
                raise
            return aside

    def _open(self, name: str, sha256: str | None) -> IO[bytes]:
        first, answer = self._first_block(name)
        stored = answer["Metadata"].get("sha256")
        if sha256 is not None and stored != sha256:
            raise _replaced(name)
        size = (
            int(answer["ContentRange"].rpartition("/")[2])
            if "ContentRange" in answer
            else answer["ContentLength"]
        )

        def fetch(start: int, end: int) -> bytes:
            return self._range(name, start, end, IfMatch=answer["ETag"])[0]

        return io.BufferedReader(ObjectReader(fetch, first, size, stored), 64 * 1024)

    def remove(self, name: str, *, sha256: str | None = None) -> bool:
        try:
            found = self.stat(name)
        except NotFound:
            return False
        if sha256 is not None and found.sha256 != sha256:
            return False
        self._request("delete_object", Key=self._prefix + name)
        return True

    def stat(self, name: str) -> StoredFile:
        answer = self._head(name)
        return StoredFile(
            name,
            answer["ContentLength"],
            answer["LastModified"].timestamp(),
            answer["Metadata"].get("sha256"),
        )

    def names(self, folder: str = "") -> Iterator[str]:
        below = f"{check_name(folder)}/" if folder else ""
        # `.owners/` sorts before all names, so the listing starts after it.
        for item in self._listed(below, StartAfter=f"{self._prefix}.owners0"):
            name = item["Key"][len(self._prefix) :]
            with contextlib.suppress(InvalidInput):
                yield check_name(name)

    def copy(self, name: str, to: str, *, sha256: str | None = None) -> Artifact:
        check_name(to)
        found = self._head(name)
        stored, size = found["Metadata"].get("sha256"), found["ContentLength"]
        if sha256 not in (None, stored):
            raise _replaced(name)
        if stored is None or size > self.MAX_COPY_BYTES:
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
                Metadata={"sha256": stored, "writing": mark},
            )
        return Artifact(to, self.path_of(to), media_type_of(to), size, stored)

    def remove_temporary(self, older_than: float) -> int:
        """Abort incomplete uploads; see `Store.remove_temporary`."""
        removed = 0
        for upload in self._pages("list_multipart_uploads", "Uploads", Prefix=self._prefix):
            if upload["Initiated"].timestamp() < older_than:
                # Another process may have aborted it.
                with contextlib.suppress(NotFound):
                    self._request(
                        "abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    removed += 1
        return removed

    def remove_older(self, older_than: float) -> int:
        removed = 0
        for item in self._listed():
            if item["LastModified"].timestamp() < older_than:
                self._request("delete_object", Key=item["Key"])
                removed += 1
        return removed

    def path_of(self, name: str) -> str:
        """Return the URL of an object, `s3://bucket/folder/name`."""
        return f"s3://{self._bucket}/{self._prefix}{name}"

    def ping(self) -> None:
        with contextlib.suppress(NotFound):
            try:
                self._probe("get_object", Key=f"{self._prefix}.knock")
            except StorageUnavailable as error:
                # Without permission to list the bucket, a missing object gives AccessDenied.
                if not _was_denied(error):
                    raise

    def _put(self, name: str, whole: Spooled, headers: JsonObject) -> None:
        data = whole.file.read()
        before_commit()
        self._request(
            "put_object", Key=self._prefix + name, Body=data, ContentMD5=_md5_of(data), **headers
        )

    def _put_in_parts(self, name: str, whole: Spooled, headers: JsonObject) -> None:
        key = self._prefix + name
        upload = self._request("create_multipart_upload", Key=key, **headers)["UploadId"]
        try:
            parts: list[JsonObject] = []
            # S3 allows 10,000 parts.
            while data := whole.file.read(max(PART_BYTES, -(-whole.size // 9_000))):
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
            # `remove_temporary` aborts the upload later if this fails.
            with contextlib.suppress(VectorError):
                self._probe("abort_multipart_upload", Key=key, UploadId=upload)
            raise

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[str]:
        """Yield a mark for the object that is written inside; after a storage error remove the object with that mark.

        A server that answered too late may have stored it.
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

    def _first_block(self, name: str) -> tuple[bytes, JsonObject]:
        """Return the first bytes of an object, and the response with its metadata."""
        try:
            return self._range(name, 0, FIRST_BLOCK_BYTES, whole=False)
        except _EmptyObject:
            return b"", self._head(name)

    def _range(
        self, name: str, start: int, end: int, *, whole: bool = True, **only: str
    ) -> tuple[bytes, JsonObject]:
        """Return the bytes `start` to `end` of an object, or fewer unless `whole`, and the response. Retries once."""
        wanted = {"Key": self._prefix + name, "Range": f"bytes={start}-{end - 1}", **only}
        last_error = StorageUnavailable("failing")
        for _ in range(2):
            answer = self._request("get_object", **wanted)
            try:
                with translated_errors(), contextlib.closing(answer["Body"]) as body:
                    data = body.read(end - start)
            except StorageUnavailable as error:
                last_error = error
                continue
            if len(data) == min(end - start, answer["ContentLength"]) and (
                not whole or len(data) == end - start
            ):
                return data, answer
        raise last_error

    def _head(self, name: str) -> JsonObject:
        return self._request("head_object", Key=self._prefix + check_name(name))

    def _listed(self, below: str = "", **more: str) -> Iterator[JsonObject]:
        return self._pages("list_objects_v2", "Contents", Prefix=self._prefix + below, **more)

    def _pages(self, operation: str, items: str, **wanted: str) -> Iterator[JsonObject]:
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

    def _request(self, operation: str, **wanted: Any) -> JsonObject:
        return self._response(client_for(self._address, self._timeout), operation, wanted)

    def _probe(self, operation: str, **wanted: Any) -> JsonObject:
        return self._response(
            client_for(self._address, PROBE_TIMEOUT_S, attempts=1), operation, wanted
        )

    def _response(self, client: Any, operation: str, wanted: JsonObject) -> JsonObject:
        call: Callable[..., JsonObject] = getattr(client, operation)
        name = wanted["Key"][len(self._prefix) :]
        with translated_errors():
            try:
                return call(Bucket=self._bucket, **wanted)
            except ClientError as error:
                code = code_of(error)
                if code in MISSING:
                    raise NotFound(f"file not found: {name!r}", code="file-missing") from None
                if code in CHANGED:
                    raise _replaced(name) from None
                if code in OUT_OF_RANGE:
                    raise _EmptyObject from None
                raise


class _EmptyObject(Exception):
    """Raised when a byte range of an empty object was requested."""


def _replaced(name: str) -> NotFound:
    return NotFound(f"{name!r} was replaced by another file", code="file-replaced")


def _was_denied(error: StorageUnavailable) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) == "AccessDenied"


@contextlib.contextmanager
def _spooled(blocks: Iterable[bytes]) -> Iterator[Spooled]:
    """Yield `blocks` as a temporary file that the operating system removes even after a crash."""
    with full_disk_reported(), tempfile.SpooledTemporaryFile(PART_BYTES) as file:
        size, sha256 = write_blocks(file, blocks)
        file.seek(0)
        yield Spooled(file, size, sha256)


def _md5_of(data: bytes) -> str:
    """Return the checksum with which the server verifies the transfer; not used for security."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
