"""A file in the body of a request, as forms send it: read in pieces, told by its content, and put into the broker at once.

What forms send is read by ourselves, because the frameworks' own way waits for all of it, in memory and on the disk.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from flask import g, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
    State,
)

from components.http.problems import BadFields, EdgeError, FieldError
from libraries.broker.errors import QueueUnavailable
from libraries.settings import UploadSettings
from libraries.uploads import FileKind, UnknownKind, checked, recognise
from libraries.uploads.kinds import HEAD
from libraries.uploads.staging import StagedUpload, bind_to_job, discard, stage

FORM = "multipart/form-data"
FIELD = "file"
BLOCK = 65536
# What a form may need beside its file: boundaries and the heads of its parts.
OVERHEAD = 65536
MAX_TEXT_BYTES = 8192
MAX_HEAD_BYTES = 8192
MAX_FILE_NAME_CHARS = 1000
# RFC 2046 allows 70 characters; clients in use, Werkzeug's among them, make longer ones now and then.
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)
FORM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "string", "format": "binary", "description": "The file."}},
}


@dataclass
class UploadedFile:
    """A file that came with the request: what it is called and what it is, how it begins, and the parcel that it is in."""

    name: str
    kind: FileKind
    head: bytes
    parcel: StagedUpload
    addressed: bool = False

    def hand_to(self, job_id: str, file: str = "") -> None:
        """Leave the parcel to a job, which will store it as `file` if that is known."""
        self.addressed = True
        # The job is queued. Without this note the parcel is thrown away later than it could be.
        with contextlib.suppress(QueueUnavailable):
            bind_to_job(self.parcel.id, job_id, file)


@dataclass
class _Form:
    """A form that is being read: what it may have, and what it has had so far."""

    kinds: tuple[FileKind, ...]
    names: Collection[str]
    files: list[UploadedFile] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def is_form() -> bool:
    """Tell whether the request brings a form."""
    return request.mimetype == FORM


@contextlib.contextmanager
def received_file(
    kinds: tuple[FileKind, ...], names: Collection[str] = ()
) -> Iterator[tuple[UploadedFile, dict[str, str]]]:
    """Read the form of the request, and yield the file and the texts in it; if no job gets the file inside, it is thrown away.

    Args:
        kinds: what the file may be.
        names: the fields that the form may have beside it.

    Raises:
        EdgeError: the body is no form, or a broken one; the file is none of these kinds, or larger than the setting
            `UPLOAD_LIMIT`; no more than that is read.
        BadFields: the form has no file in its field `file`, an empty one, or other fields beside it.
        InvalidInput: the file is not what it began as.
        Unavailable: too many files wait to be stored.
        QueueUnavailable: the broker cannot be reached.
    """
    decoder = _decoder()
    limit = UploadSettings.current().upload_limit
    request.max_content_length = limit + OVERHEAD
    if (request.content_length or 0) > limit + OVERHEAD:
        raise _too_large(limit)
    form = _Form(kinds, names)
    try:
        _read(form, _events(request.stream, decoder), limit)
        (file,) = form.files
        # In place of the body, which is gone: a request that is sent again is the same if its file and its fields are.
        g.json_body = {**form.texts, "name": file.name, "sha256": file.parcel.sha256}
        yield file, form.texts
    finally:
        for file in form.files:
            if not file.addressed:
                with contextlib.suppress(QueueUnavailable):
                    discard(file.parcel.id)


def _decoder() -> MultipartDecoder:
    if not is_form():
        raise EdgeError(
            f"send the file as {FORM}, in a field of the name {FIELD!r}",
            code="unsupported-media-type",
        )
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EdgeError("send the body without a content encoding", code="unsupported-media-type")
    boundary = request.mimetype_params.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise EdgeError(
            "the header Content-Type names no boundary that a form could have",
            code="malformed-form",
        )
    return MultipartDecoder(boundary.encode("ascii"), 2 * BLOCK + MAX_HEAD_BYTES, max_parts=20)


def _events(stream: IO[bytes], decoder: MultipartDecoder) -> Iterator[Event]:
    """Yield what the decoder makes of the body, piece by piece."""
    while decoder.state is not State.COMPLETE:
        block = _next_block(stream)
        try:
            decoder.receive_data(block or None)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                yield event
        except (ValueError, RequestEntityTooLarge):
            raise EdgeError(
                "the form is broken, or has too many parts", code="malformed-form"
            ) from None
        if decoder.state is State.PART and len(decoder.buffer) > MAX_HEAD_BYTES:
            raise EdgeError(
                f"the head of a part of the form has more than {MAX_HEAD_BYTES} bytes",
                code="malformed-form",
            )


def _next_block(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(BLOCK)
    except ClientDisconnected:
        raise EdgeError("the form is cut off", code="malformed-form") from None
    except RequestEntityTooLarge:
        raise _too_large(UploadSettings.current().upload_limit) from None


def _read(form: _Form, events: Iterator[Event], limit: int) -> None:
    """Read all of a form; its file is added as soon as it is in the broker."""
    for event in events:
        if isinstance(event, Field) and event.name in form.names:
            if event.name in form.texts:
                raise BadFields([FieldError((event.name,), "Given twice.")], location="form")
            form.texts[event.name] = _text(event.name, _data(events))
        elif isinstance(event, Field | File):
            if event.name != FIELD or not isinstance(event, File) or form.files:
                raise BadFields([_misplaced(event, form.files)], location="form")
            form.files.append(_put(event, _bounded(_data(events), limit), form.kinds))
    if not form.files:
        raise BadFields([FieldError((FIELD,), "Missing data for required field.")], location="form")


def _text(name: str, blocks: Iterator[bytes]) -> str:
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > MAX_TEXT_BYTES:
            raise BadFields(
                [FieldError((name,), f"Longer than {MAX_TEXT_BYTES} bytes.")], location="form"
            )
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadFields([FieldError((name,), "Must be UTF-8.")], location="form") from None


def _misplaced(event: Field | File, received: list[UploadedFile]) -> FieldError:
    if event.name != FIELD:
        return FieldError(((event.name or "")[:100],), "Unknown field.")
    return FieldError((FIELD,), "One file at a time." if received else "Must be a file.")


def _put(event: File, blocks: Iterator[bytes], kinds: tuple[FileKind, ...]) -> UploadedFile:
    name, head = event.filename[:MAX_FILE_NAME_CHARS], bytearray()
    for block in blocks:
        head += block
        if len(head) >= HEAD:
            break
    if not head:
        raise BadFields([FieldError((FIELD,), "The file is empty.")], location="form")
    try:
        kind = recognise(bytes(head[:HEAD]), name, among=kinds)
        return UploadedFile(
            name, kind, bytes(head), stage(checked(_joined(bytes(head), blocks), kind))
        )
    except UnknownKind as error:
        raise EdgeError(str(error), code="unsupported-media-type") from None


def _joined(head: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _data(events: Iterator[Event]) -> Iterator[bytes]:
    """Yield the bytes of the part whose head was the last event."""
    for event in events:
        if isinstance(event, Data):
            yield event.data
            if not event.more_data:
                return


def _bounded(blocks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > limit:
            raise _too_large(limit)
        if block:
            yield block


def _too_large(limit: int) -> EdgeError:
    return EdgeError(f"a file may have at most {limit / 10**6:g} MB", code="file-too-large")
