"""Files in multipart forms: streamed into the broker, with their type detected from the content.

The body is parsed here because Flask buffers the whole form in memory and on disk first.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from flask import g, request
from marshmallow import fields
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

from components.http.idempotency import request_random
from components.http.problems import BadFields, EdgeError, FieldError
from libraries.broker.errors import QueueUnavailable
from libraries.errors import did_you_mean
from libraries.uploads import FileKind, UnknownKind, checked, recognise, stem_of
from libraries.uploads.staging import StagedUpload, bind_to_job, discard, stage
from libraries.vector_input import HEAD_BYTES

FORM = "multipart/form-data"
FIELD = "file"
BLOCK = 65536
MAX_TEXT_BYTES = 32768
MAX_HEAD_BYTES = 8192
MAX_PARTS = 64
# RFC 2046 allows 70 characters; some clients, Werkzeug among them, send longer ones.
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)


@dataclass
class UploadedFile:
    """A file of the request: name, type, first bytes and staged upload."""

    name: str
    kind: FileKind
    head: bytes
    staged: StagedUpload
    bound: bool = False

    def upload_name(self) -> str:
        """Return a new name in the upload folder, the same for a repeated request."""
        token = f"{request_random().getrandbits(128):032x}"
        return f"{token[:2]}/{token[2:]}/{stem_of(self.name, otherwise='file')}{self.kind.suffix}"

    def bind_to(self, job_id: str, file: str = "") -> None:
        """Bind the staged upload to a job, which stores it as `file` if that is known."""
        self.bound = True
        # The job is queued; unbound, the upload is only discarded later.
        with contextlib.suppress(QueueUnavailable):
            bind_to_job(self.staged.id, job_id, file)


@dataclass
class _Form:
    """A form that is being read: accepted file types and fields, and the parts so far."""

    kinds: tuple[FileKind, ...]
    names: Mapping[str, fields.Field[Any]]
    limit_of: Callable[[FileKind], int] | None = None
    files: list[UploadedFile] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def received_file(
    kinds: tuple[FileKind, ...],
    names: Mapping[str, fields.Field[Any]],
    limit: int,
    *,
    required: bool = True,
    limit_of: Callable[[FileKind], int] | None = None,
) -> Iterator[tuple[UploadedFile | None, dict[str, str]]]:
    """Read the form, and yield its file and texts; discard a file that is not bound to a job.

    Args:
        kinds: accepted file types; none if the form has no file.
        names: accepted fields besides the file.
        limit: size of the largest file in bytes.
        required: whether the form must have a file.
        limit_of: returns the smaller limit of a type, if there is one.

    Raises:
        EdgeError: the body is not a valid form, or the file has another type or is too large.
        BadFields: the field `file` is missing or empty, or other fields are unknown or invalid.
        InvalidInput: the file is damaged.
        Unavailable: too many files wait to be stored.
    """
    decoder = _decoder()
    # With an allowance for boundaries, part headers and texts.
    request.max_content_length = limit + 65536
    if (request.content_length or 0) > request.max_content_length:
        raise _too_large(limit)
    form = _Form(kinds, names, limit_of=limit_of)
    with _discarding(form.files):
        _read(form, _events(request.stream, decoder, limit), limit)
        if required and not form.files:
            text = "Missing data for required field."
            raise BadFields([FieldError((FIELD,), text)], location="form")
        file = form.files[0] if form.files else None
        _remember(form.texts, file)
        yield file, form.texts


@contextlib.contextmanager
def received_body(kind: FileKind, members: Mapping[str, Any], limit: int) -> Iterator[UploadedFile]:
    """Read a body that is the file itself, and yield it; discard it if it is not bound to a job.

    `members` are the other members of the request. Raises as `received_file`.
    """
    check_encoding()
    # One block more, because a longer body without a Content-Length ends silently at the limit.
    request.max_content_length = limit + BLOCK
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    blocks = _bounded(iter(lambda: _next_block(request.stream, limit), b""), limit)
    files: list[UploadedFile] = []
    with _discarding(files):
        # Only an empty body without a name has no file.
        files += filter(None, [_put(f"drawing{kind.suffix}", blocks, (kind,))])
        _remember(members, files[0])
        yield files[0]


@contextlib.contextmanager
def _discarding(files: list[UploadedFile]) -> Iterator[None]:
    """Discard the files that are not bound to a job at the end."""
    try:
        yield
    finally:
        for file in files:
            if not file.bound:
                with contextlib.suppress(QueueUnavailable):
                    discard(file.staged.id)


def _remember(members: Mapping[str, Any], file: UploadedFile | None) -> None:
    """Store what replaces the body, which is consumed, when requests are compared for idempotency."""
    content = {"name": file.name, "sha256": file.staged.sha256} if file else {}
    g.json_body = {**members, **content}


def _decoder() -> MultipartDecoder:
    if request.mimetype != FORM:
        raise EdgeError(
            f"send the file as {FORM} in the field {FIELD!r}",
            code="unsupported-media-type",
        )
    check_encoding()
    boundary = request.mimetype_params.get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise EdgeError("Content-Type has no valid boundary", code="malformed-form")
    return MultipartDecoder(
        boundary.encode("ascii"), 2 * BLOCK + MAX_HEAD_BYTES, max_parts=MAX_PARTS
    )


def check_encoding() -> None:
    """Raise EdgeError if the body is compressed."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EdgeError("send the body without a content encoding", code="unsupported-media-type")


def _events(stream: IO[bytes], decoder: MultipartDecoder, limit: int) -> Iterator[Event]:
    while decoder.state is not State.COMPLETE:
        block = _next_block(stream, limit)
        try:
            decoder.receive_data(block or None)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                yield event
        except (ValueError, RequestEntityTooLarge):
            text = "the form is malformed or has too many parts"
            raise EdgeError(text, code="malformed-form") from None
        if decoder.state is State.PART and len(decoder.buffer) > MAX_HEAD_BYTES:
            text = f"the headers of a part exceed {MAX_HEAD_BYTES} bytes"
            raise EdgeError(text, code="malformed-form")


def _next_block(stream: IO[bytes], limit: int) -> bytes:
    try:
        return stream.read(BLOCK)
    except ClientDisconnected:
        raise EdgeError(
            "the form is incomplete: the connection was closed", code="malformed-form"
        ) from None
    except RequestEntityTooLarge:
        raise _too_large(limit) from None


def _read(form: _Form, events: Iterator[Event], limit: int) -> None:
    for event in events:
        if isinstance(event, Field) and event.name in form.names:
            text = _text(event.name, _data(events))
            add_text(form.texts, event.name, text, form.names[event.name])
        elif isinstance(event, Field | File):
            if event.name != FIELD or not isinstance(event, File) or form.files or not form.kinds:
                raise BadFields([_misplaced(event, form)], location="form")
            blocks = _bounded(_data(events), limit)
            found = _put(event.filename, blocks, form.kinds, form.limit_of)
            form.files += [found] if found else []


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


def add_text(texts: dict[str, str], name: str, text: str, field: fields.Field[Any]) -> None:
    """Add a field of a form; the texts of a list are joined with commas.

    Raises BadFields for a repeated field that is not a list.
    """
    if name in texts and not isinstance(field, fields.List):
        raise BadFields([FieldError((name,), "Duplicate field.")], location="form")
    texts[name] = f"{texts[name]},{text}" if name in texts else text


def _misplaced(event: Field | File, form: _Form) -> FieldError:
    name = event.name or ""
    if name in form.names:
        return FieldError((name,), "Must be a text, not a file.")
    if name != FIELD or not form.kinds:
        return unknown_field(name, form.names)
    return FieldError((FIELD,), "Only one file is allowed." if form.files else "Must be a file.")


def unknown_field(name: str, known: Collection[str]) -> FieldError:
    return FieldError((name[:100],), "Unknown field.", did_you_mean(name[:100], known))


def _put(
    filename: str,
    blocks: Iterator[bytes],
    kinds: tuple[FileKind, ...],
    limit_of: Callable[[FileKind], int] | None = None,
) -> UploadedFile | None:
    """Stage the file; None for the empty part that a browser sends if no file was chosen."""
    name, head = filename[:1000], bytearray()
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            break
    if not head and not name:
        return None
    if not head:
        raise BadFields([FieldError((FIELD,), "The file is empty.")], location="form")
    try:
        kind = recognise(bytes(head[:HEAD_BYTES]), name, among=kinds)
        whole: Iterator[bytes] = itertools.chain([bytes(head)], blocks)
        whole = _bounded(whole, limit_of(kind)) if limit_of else whole
        return UploadedFile(name, kind, bytes(head), stage(checked(whole, kind)))
    except UnknownKind as error:
        raise EdgeError(str(error), code="unsupported-media-type") from None


def _data(events: Iterator[Event]) -> Iterator[bytes]:
    """Yield the bytes of the part whose header was the last event."""
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
    return EdgeError(f"the file exceeds the limit of {limit / 10**6:g} MB", code="file-too-large")
