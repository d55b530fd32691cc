"""Error families and the table of public error codes.

A family is a kind of error and is the type that callers catch; `code` names the cause. Subclasses
exist only where callers catch them or where they carry data. The code is stored on a failed job
and becomes the type of the problem document; `components.http.problems` maps families to statuses.

The messages of these errors are written for users and may be shown to them. Those of all other
exceptions are shown only to the owner of the job that they ended.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple


class VectorError(Exception):
    """Base of all errors whose message may be shown to users.

    `code` is a key of `codes`; subclasses have their own, and the caller may pass another one.
    """

    code: str = "error"
    codes: ClassVar[Mapping[str, object]] = {}
    members: Mapping[str, object] = MappingProxyType({})
    """Further members of the problem document."""
    retry_after: float
    """Seconds to wait before a retry; unset if unknown."""

    def __init__(
        self, detail: str = "", *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(detail)
        if retry_after is not None:
            self.retry_after = retry_after
        if code is not None:
            if code not in self.codes:
                raise LookupError(f"unknown error code: {code}")
            self.code = code


class InvalidInput(VectorError):
    """Raised when the input is invalid; repeating the call unchanged fails again.

    `field` is the dotted name of the invalid field, and `hint` suggests a correction.
    """

    code: str = "invalid-input"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.field = field
        self.hint = hint


class UnknownName(InvalidInput):
    """Raised when a name is not one of the choices; the message lists them."""

    code: str = "unknown-name"

    def __init__(
        self,
        kind: str,
        name: object,
        choices: Iterable[str],
        *,
        code: str | None = None,
        field: str | None = None,
    ) -> None:
        """Format the message as `unknown <kind> '<name>'` with the choices, and set the hint."""
        self.choices = sorted(choices)
        shown = str(name)[:100]
        super().__init__(
            f"unknown {kind} {shown!r}; known: {', '.join(self.choices) or 'none'}",
            code=code,
            field=field,
            hint=did_you_mean(shown, self.choices),
        )


class NotFound(VectorError):
    """Raised when an id or a name does not exist, or no longer exists."""

    code: str = "not-found"


class Conflict(VectorError):
    """Raised when the state of an object does not allow the request."""

    code: str = "conflict"


class Exhausted(VectorError):
    """Raised when a limit is reached; retry after `retry_after` seconds."""

    code: str = "exhausted"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(VectorError):
    """Raised when a required component is temporarily unavailable; retry later."""

    code: str = "unavailable"


def did_you_mean(name: str, choices: Iterable[str]) -> str | None:
    """Return `did you mean '<choice>'?` for the closest of `choices`, or None if none is close."""
    near = difflib.get_close_matches(name.lower(), list(choices), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


class Code(NamedTuple):
    """The family of an error code, and the sentence that `GET /problems/<code>` shows."""

    family: type[VectorError]
    text: str


_TEXTS: dict[type[VectorError], dict[str, str]] = {
    InvalidInput: {
        "address-refused": (
            "The host of the URL has an address that is not public. Use a public host."
        ),
        "bad-arguments": "The arguments do not match the task's parameters, or are not JSON.",
        "bad-attachment": (
            "The attachment has an invalid name, is missing, or is too large for a mail."
        ),
        "bad-attribute": "The value of the SVG attribute is not allowed. Use a documented value.",
        "bad-batch": "The batch has no items or too many. Split it into smaller batches.",
        "bad-chart": (
            "The table has nothing to plot, or too much for a chart. Select other columns."
        ),
        "bad-colour": "Not a valid colour. Use a hexadecimal colour, a CSS colour name or `none`.",
        "bad-content": "The text is too long or contains invalid characters. Send Unicode text.",
        "bad-context": (
            "The values are not JSON, too large, or do not match the template's variables."
        ),
        "bad-cursor": (
            "Invalid cursor. Use that of the previous page; without one, listing starts over."
        ),
        "bad-delivery": "The id or the event of the webhook delivery is not valid.",
        "bad-drawing": "The file is damaged, or too large for its format; `detail` says why.",
        "bad-file": "The name refers to a folder, a link or a device. Name a regular file.",
        "bad-file-list": "The list of files does not have 1 to 500 names.",
        "bad-file-name": "The file name is unsafe on some systems. Use a plain relative path.",
        "bad-hatching": "The spacing or the angle of the hatching is out of range.",
        "bad-label": (
            "The title or a tag is too long or has invalid characters; `detail` has the rules."
        ),
        "bad-layer": "A layer name is empty or too long, or the drawing has too many layers.",
        "bad-layout": (
            "A size, spacing or alignment of the text is invalid; `detail` has the limits."
        ),
        "bad-name": "The sender name is empty, too long, or has line breaks or control characters.",
        "bad-notification": "The notification has an invalid name, or data that is too large.",
        "bad-number": "The number is not finite, too large or has the wrong sign. Correct it.",
        "bad-page": "The page has no size, or is too large. Check width, height and margin.",
        "bad-path-data": "The path data breaks the SVG path grammar; `detail` has the position.",
        "bad-pen": "The width or the speed of the pen is out of range.",
        "bad-polygon": "The polygon has too few or too many corners, or a corner is invalid.",
        "bad-preview": "The preview has no size, is too large, or has too many strokes.",
        "bad-recipient": "The recipient is not a mail address. Send one address, without a name.",
        "bad-recipients": "The list of recipients is empty or too long.",
        "bad-rectangle": "The sides of the rectangle are out of order, not finite or out of range.",
        "bad-result": "The value that the task returned is not JSON serializable, or is too large.",
        "bad-strokes": "The arrays do not describe strokes. Check their shapes, types and offsets.",
        "bad-subject": "The subject is empty, too long, or has line breaks or control characters.",
        "bad-svg": "The SVG is not valid, too large, nested too deeply, or has declarations.",
        "bad-table": "The file is not a table: it is empty, has no columns or has another format.",
        "bad-text": "The text is too long or contains characters that a document cannot store.",
        "bad-text-path": "The path of the text needs two or more different, finite points.",
        "bad-timeout": "The job timeout is not a duration between one second and one day.",
        "bad-transform": "The transform has numbers that are not finite, or cannot be inverted.",
        "bad-url": "The URL is not valid, or its scheme, port or redirect target is not allowed.",
        "bad-webhook-secret": "Invalid secret. Use `whsec_` and 24 to 64 random bytes in base64.",
        "blank-image": "The image is completely white, so there is nothing to draw.",
        "broken-file": (
            "The file starts like its type, but is truncated or damaged. Export it again."
        ),
        "download-too-large": "The file at the URL exceeds the size limit. Use a smaller file.",
        "drawing-too-large": "The drawing has too many vertices for an export. Download the file.",
        "empty-content": "The text is empty or contains only white space.",
        "empty-drawing": "The drawing has no strokes on the page. Use another `fit`, `crop` or margin.",
        "empty-picture": "The SVG of the element has no strokes. Use one with visible shapes.",
        "idempotency-mismatch": (
            "This `Idempotency-Key` was used with another request. Use a new key."
        ),
        "image-damaged": "The image cannot be decoded to its end. Export it again.",
        "image-too-large": "Decoding the image would exceed the memory or time limit. Shrink it.",
        "invalid-fields": "Fields are unknown, missing or out of range; `errors` lists them all.",
        "invalid-input": "The input is invalid. Correct it; the same request will fail again.",
        "layer-taken": "The layer exists with another pen. Use another name or the same pen.",
        "mail-refused": "The mail server rejected the mail permanently (reply 5xx).",
        "message-too-long": "The message does not fit on the card at a readable size. Shorten it.",
        "no-drawing": "The job given as the drawing stored none. Use the job of a drawing.",
        "no-photo": "The job given as `photo` stored no photo. Use the job of a photo upload.",
        "no-room-for-cells": "The cells would be too small. Use a larger page or fewer cells.",
        "no-room-to-draw": "The margins fill the page. Reduce the margin or enlarge the page.",
        "not-plottable": (
            "The plotter cannot draw this: its page, area or number of pens; `detail` says which."
        ),
        "not-linkable": "Links cannot open this path.",
        "not-an-image": "The file is not an image in a supported format.",
        "not-installed": "An optional package is missing; `detail` has the command to install it.",
        "nothing-to-fill": "The outline does not enclose any part of the area.",
        "source-refused": "The server of the URL did not return a usable file. Check the URL.",
        "task-not-loaded": "The module of the task cannot be imported; the job's `error` says why.",
        "sweep-too-large": "The sweep is too large; `estimate` has its points. Use fewer drawings.",
        "table-too-large": "The file, or the one it is converted to, exceeds the size limit.",
        "text-does-not-fit": "The text does not fit its box. Shorten the text or enlarge the box.",
        "too-complex": "The drawing has too many points; `estimate` has the number. Simplify it.",
        "too-much-work": "The request would take too long. Simplify the drawing, or send it to a route that queues a job.",
        "too-many-crossings": "The drawing crosses the polygon too often. Simplify one of them.",
        "too-many-vertices": "The drawing has too many vertices. Simplify it or split it.",
        "too-tangled": "The edges of the polygon cross each other too often. Simplify the polygon.",
        "unbalanced-groups": (
            "A group, layer or clip was not opened, not closed, or nested too deeply."
        ),
        "unknown-kind": "The file type is not supported; `detail` says why.",
        "unknown-name": "The name is not one of the choices; `detail` lists them.",
        "unknown-pattern": "The pattern does not exist. `GET /patterns` lists all patterns.",
        "unknown-template": "The postcard template does not exist; `detail` lists all templates.",
        "unreadable-text": "The encoding of the file cannot be determined. Save it as UTF-8.",
        "validation-error": "Fields are missing or invalid; `errors` lists all of them.",
        "webhook-rejected": "The receiver rejected the webhook permanently. Check its URL.",
    },
    NotFound: {
        "artifact-not-found": "The job has no file with this name; `artifacts` of the job has all.",
        "batch-not-found": "The batch does not exist, belongs to another owner, or has expired.",
        "delivery-not-found": "The job has no attempted webhook delivery with this id.",
        "drawing-not-found": "The gallery has no drawing with this id, or its file was deleted.",
        "file-missing": "The file does not exist. Check the name, or upload the file again.",
        "file-replaced": (
            "The file was replaced by another one with the same name. Create it again."
        ),
        "job-not-found": "The job does not exist, has another owner, or has expired.",
        "no-drawing": "The job finished without producing an SVG.",
        "no-webhook": "The job has no webhook. Set `webhook` when submitting a job.",
        "pattern-not-found": "The pattern does not exist; `detail` lists the available ones.",
        "unknown-task": "The task does not exist; `tasks` lists the available ones.",
        "upload-gone": "The uploaded file expired before the job stored it. Upload it again.",
    },
    Conflict: {
        "bad-record": "The record of the job is damaged, so it could not run. Delete the job.",
        "conflict": "The job has no result in its present state; `job_status` has the state.",
        "idempotency-conflict": (
            "A request with this `Idempotency-Key` is in progress. Retry later."
        ),
        "job-failed": "The job ended without a result. `GET /jobs/<job_id>` has the error.",
        "job-not-finished": "The job is waiting or running. Retry when it has finished.",
        "job-runs": "The job is running and cannot be deleted. Cancel it first.",
        "no-result": "The job ended without a result, or its record has expired.",
        "not-cancellable": "The job has already ended, or did not stop in time.",
        "not-drawn": "The job has not finished, so it has no drawing. Wait for it to finish.",
        "not-retryable": "The job cannot be retried: it is waiting, running or finished.",
        "result-not-ready": "The job did not finish before the timeout. Retry later.",
        "task-failed": "The job failed, was stopped or was canceled, so it has no result.",
        "wrong-state": "The job's state does not allow this action; `job_status` has the state.",
    },
    Exhausted: {
        "exhausted": "A limit is reached. Retry after `Retry-After` seconds.",
        "owner-queue-full": (
            "The owner has too many waiting jobs. Nothing was queued; wait for some, or cancel some."
        ),
        "owner-storage-full": (
            "The files of the owner are too large. Nothing was queued; delete jobs with their files."
        ),
        "queue-full": "The queue is full. Nothing was queued; retry after `Retry-After` seconds.",
        "request-limit": (
            "The owner has sent too many requests within a minute. Retry after `Retry-After` seconds."
        ),
        "rate-limited": "The hourly limit of an owner or recipient is reached. Nothing was queued.",
        "too-many-high-jobs": "Too many of your jobs with priority `high` wait. Use priority `normal`, or retry after `Retry-After` seconds.",
    },
    Unavailable: {
        "fetch-failed": "The file could not be fetched from the URL. Retry later.",
        "file-damaged": "The stored file does not match its checksum. Create it again.",
        "gallery-away": "The gallery index cannot be read or written. Retry later.",
        "index-damaged": "The index of jobs is damaged. A worker rebuilds it from the records within minutes.",
        "host-unknown": "The host of the URL cannot be resolved. Check the name, or retry later.",
        "mail-deferred": "The mail server temporarily rejected the mail (reply 4xx). Retry later.",
        "mail-server-away": "The mail server is unreachable or unusable. Retry later.",
        "model-away": "The language model did not return a usable reply. Retry later.",
        "no-contact-address": "`ADMIN_EMAIL` is not set, so contact messages cannot be delivered.",
        "not-ready": "A component that jobs need is unavailable; `parts` names it and the remedy.",
        "not-supported-here": "The server does not support WebSockets. Start it with `make run`.",
        "queue-unavailable": "The broker is unreachable. Nothing was queued; retry later.",
        "renderers-busy": (
            "Other drawings are being converted. Retry after `Retry-After` seconds."
        ),
        "schedules-unusable": "The schedules file has errors. Correct it and restart the workers.",
        "still-claimed": "Another attempt may still be executing this step. The job is retried.",
        "storage-away": "The file storage is unavailable; `detail` has the reason. Retry later.",
        "storage-full": "The file storage is full. The result was discarded.",
        "too-many-requests": (
            "Too many requests of this owner are in progress. Wait for some of them."
        ),
        "too-many-streams": "The process has too many open connections. Retry later.",
        "translator-away": "The translator did not return a translation. Retry later.",
        "unavailable": "A required component is temporarily unavailable. Retry later.",
        "uploads-full": "Too many uploads are waiting to be stored. Retry this one later.",
        "webhook-undelivered": "The receiver is unreachable or failed. The delivery is retried.",
    },
}
CODES = {
    code: Code(family, text) for family, texts in _TEXTS.items() for code, text in texts.items()
}
VectorError.codes = CODES
