"""Error families and the table of public error codes.

A family is a kind of error and is what code catches; `code` names the cause. A subclass exists only
where code catches it or where it carries data. The code is stored on a failed job and becomes the
type of the problem document; `components.http.problems` maps each family to an HTTP status.

The text of these errors is written for users and may be shown to them. The text of any other
exception is never shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, NamedTuple


class VectorError(Exception):
    """Root of every error whose text is meant for users.

    `code` is one of `CODES`; a subclass has a code of its own, and a caller may give another one.
    """

    code: str = "error"
    codes: ClassVar[Mapping[str, object]] = {}
    members: Mapping[str, object] = MappingProxyType({})
    """What clients see beside the text, by name."""
    retry_after: float
    """Seconds after which asking again can help; not set where that is not known."""

    def __init__(
        self, detail: str = "", *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        """Keep `code`, if it is not that of the class, and the seconds after which to try again."""
        super().__init__(detail)
        if retry_after is not None:
            self.retry_after = retry_after
        if code is not None:
            if code not in self.codes:
                raise LookupError(f"{code} is not in the table of error codes")
            self.code = code


class InvalidInput(VectorError):
    """Raised when what the caller asked for cannot be done, and asking again unchanged will not help."""

    code: str = "invalid-input"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        """Keep the name of the offending `field` and a `hint` beside the text, so that the edge can point at them."""
        super().__init__(detail, code=code)
        self.field = field
        self.hint = hint


class UnknownName(InvalidInput):
    """Raised when a name is not one of the choices; the text lists them."""

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
        """Word the error as `unknown <kind> '<name>'`, with the choices and the nearest of them as a hint."""
        self.choices = sorted(choices)
        shown = str(name)[:100]
        super().__init__(
            f"unknown {kind} {shown!r}; known: {', '.join(self.choices) or 'none'}",
            code=code,
            field=field,
            hint=did_you_mean(shown, self.choices),
        )


class NotFound(VectorError):
    """Raised when something named by its id does not exist (any more)."""

    code: str = "not-found"


class Conflict(VectorError):
    """Raised when the thing exists, but its state does not allow what was asked."""

    code: str = "conflict"


class Exhausted(VectorError):
    """Raised when more is asked for than a limit allows right now; asking again after `retry_after` seconds can help."""

    code: str = "exhausted"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        """Keep when to ask again beside the text."""
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(VectorError):
    """Raised when a part that is needed is away for now; asking again later can help."""

    code: str = "unavailable"


def did_you_mean(name: str, choices: Iterable[str]) -> str | None:
    """Return `did you mean '<choice>'?` for the choice nearest to `name`, or None when none is near."""
    near = difflib.get_close_matches(name.lower(), list(choices), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


class Code(NamedTuple):
    """A public error code: its family, and the sentence that `GET /problems/<code>` shows."""

    family: type[VectorError]
    text: str


CODES: dict[str, Code] = {
    "address-refused": Code(
        InvalidInput,
        "Given when the host of a URL is, or stands for, an address that is not public.",
    ),
    "artifact-not-found": Code(
        NotFound, "Given when a job made no file of the name that was asked for."
    ),
    "bad-arguments": Code(
        InvalidInput, "Given when the arguments of a task cannot be written as JSON."
    ),
    "bad-attachment": Code(
        InvalidInput,
        "Given when an attachment is named badly, is not there, or is more than a mail takes.",
    ),
    "bad-attribute": Code(
        InvalidInput, "Given when the value of an attribute is not one that it may have."
    ),
    "bad-batch": Code(InvalidInput, "Given when a batch has no items, or too many."),
    "bad-chart": Code(
        InvalidInput, "Given when there is nothing to draw, or more than a chart can show."
    ),
    "bad-colour": Code(
        InvalidInput,
        "Given when a colour is neither a hexadecimal one, nor a name of CSS, nor `none`.",
    ),
    "bad-content": Code(
        InvalidInput, "Given when a text is too long or holds characters that are no text."
    ),
    "bad-context": Code(
        InvalidInput,
        "Given when the values for a template are not JSON, too large, or not what the template needs.",
    ),
    "bad-cursor": Code(InvalidInput, "Given when a cursor is not one that an earlier page gave."),
    "bad-delivery": Code(
        InvalidInput,
        "Given when a delivery is asked for under an id or for an event that there cannot be.",
    ),
    "bad-file": Code(
        InvalidInput,
        "Given when a name stands for a folder, a link or a device instead of a plain file.",
    ),
    "bad-file-list": Code(InvalidInput, "Given when a list of files is not 1 to 500 names."),
    "bad-file-name": Code(
        InvalidInput,
        "Given when a file name could lead out of its folder or is unsafe on some system.",
    ),
    "bad-hatching": Code(
        InvalidInput,
        "Given when lines would lie too close or too far apart, or at an angle that is none.",
    ),
    "bad-label": Code(InvalidInput, "Given when a title or a tag is not one."),
    "bad-layer": Code(
        InvalidInput, "Given when a layer has no name, an endless one, or there are too many."
    ),
    "bad-layout": Code(
        InvalidInput,
        "Given when a size, a spacing or an alignment makes no layout; the text says which and what is possible.",
    ),
    "bad-name": Code(
        InvalidInput,
        "Given when the name of a sender is empty, too long or could start a header of its own.",
    ),
    "bad-number": Code(
        InvalidInput,
        "Given when a number cannot stand in a drawing: not a number, not finite, too large, or of the wrong sign.",
    ),
    "bad-page": Code(InvalidInput, "Given when a page has no size, or one beyond every plotter."),
    "bad-path-data": Code(InvalidInput, "Given when path data breaks the grammar."),
    "bad-pen": Code(
        InvalidInput,
        "Given when a pen has no width, or one that no pen has, or a speed that no plotter has.",
    ),
    "bad-polygon": Code(
        InvalidInput,
        "Given when a polygon has too few or too many corners, or corners that are no places.",
    ),
    "bad-preview": Code(
        InvalidInput,
        "Given when a preview has no size, one beyond all screens, or more ink than is drawn for one.",
    ),
    "bad-recipient": Code(
        InvalidInput, "Given when a recipient is not exactly one plain mail address."
    ),
    "bad-recipients": Code(
        InvalidInput, "Given when a mail to several is to go to nobody, or to too many."
    ),
    "bad-rectangle": Code(
        InvalidInput,
        "Given when a rectangle's sides are not in order, not finite, or too far away.",
    ),
    "bad-result": Code(
        InvalidInput,
        "Given in the worker when a task returned something that is not JSON, or too much of it.",
    ),
    "bad-strokes": Code(InvalidInput, "Given when arrays do not describe strokes."),
    "bad-subject": Code(
        InvalidInput, "Given when a subject is empty, too long or could start a header of its own."
    ),
    "bad-svg": Code(
        InvalidInput,
        "Given when what should be an SVG cannot be parsed, or declares or nests more than it may.",
    ),
    "bad-table": Code(
        InvalidInput,
        "Given when a data file as a whole is not a table: it is empty, has no usable columns, or is not in its format at all.",
    ),
    "bad-text": Code(
        InvalidInput, "Given when a text holds what no document can carry, or is too long."
    ),
    "bad-text-path": Code(
        InvalidInput,
        "Given when a path for text is not a line of some length through at least two points.",
    ),
    "bad-timeout": Code(
        InvalidInput, "Given when a job's timeout is not a duration between one second and one day."
    ),
    "bad-transform": Code(
        InvalidInput,
        "Given when a transform has numbers that are not finite, or presses the plane into a line where this cannot be.",
    ),
    "bad-url": Code(
        InvalidInput, "Given when a text is no URL that this service would ask, wherever it leads."
    ),
    "bad-webhook-secret": Code(
        InvalidInput, "Given when the secret of a webhook is not one; the text does not repeat it."
    ),
    "batch-not-found": Code(NotFound, "Given when an id stands for no batch of the current owner."),
    "blank-image": Code(
        InvalidInput,
        "Given when a picture is white all over, so that nothing of it would be drawn.",
    ),
    "broken-file": Code(
        InvalidInput, "Given when a file begins as one of its kind and does not go on so."
    ),
    "conflict": Code(
        Conflict,
        "A job in a state that has no result; the state is a member of the problem document.",
    ),
    "delivery-not-found": Code(
        NotFound, "Given when an id stands for no delivery of the job that was attempted yet."
    ),
    "download-too-large": Code(
        InvalidInput, "Given when a file at a URL is larger than may be fetched."
    ),
    "drawing-not-found": Code(NotFound, "Given when an id stands for no drawing of the owner's."),
    "drawing-too-large": Code(
        InvalidInput, "Given when a drawing has more vertices than are drawn for a preview."
    ),
    "empty-content": Code(InvalidInput, "Given when a text is empty, or nothing but white space."),
    "empty-picture": Code(
        InvalidInput, "Given when a picture has no strokes, so that its element would draw nothing."
    ),
    "exhausted": Code(
        Exhausted,
        "Given when more is asked for than a limit allows right now; asking again after `retry_after` seconds can help.",
    ),
    "fetch-failed": Code(
        Unavailable, "Given when a file could not be fetched for now; trying again can help."
    ),
    "file-damaged": Code(
        Unavailable, "Given when the bytes that a store gives back are not those that were written."
    ),
    "file-missing": Code(NotFound, "Given when a file that was asked for is not there."),
    "file-replaced": Code(
        NotFound, "Given when another file lies where the one that was asked for lay."
    ),
    "gallery-away": Code(
        Unavailable, "Given when the index of the gallery cannot be read or written for now."
    ),
    "host-unknown": Code(Unavailable, "Given when the host of a URL cannot be looked up for now."),
    "idempotency-conflict": Code(
        Conflict, "Given when a request with the same key is being worked on right now."
    ),
    "idempotency-mismatch": Code(
        InvalidInput, "Given when a key comes again with another request."
    ),
    "image-damaged": Code(
        InvalidInput, "Given when an image begins well but cannot be decoded to its end."
    ),
    "image-too-large": Code(
        InvalidInput,
        "Given when decoding an image would take more memory or time than one image may.",
    ),
    "invalid-fields": Code(
        InvalidInput, "Given when fields are unknown, missing or out of their range."
    ),
    "invalid-input": Code(
        InvalidInput,
        "Given when what the caller asked for cannot be done, and asking again unchanged will not help.",
    ),
    "job-failed": Code(
        Conflict, "Given when the result of a job is asked for that ended without one."
    ),
    "job-not-finished": Code(
        Conflict,
        "Given when the result of a job is asked for that waits or runs; asking again later helps.",
    ),
    "job-not-found": Code(
        NotFound,
        "Given when an id stands for no job: it never did, it belongs to somebody else, or its record was removed.",
    ),
    "job-runs": Code(
        Conflict, "Given when a job is to be deleted that runs; it has to be canceled first."
    ),
    "layer-taken": Code(InvalidInput, "Given when a layer of that name exists with another pen."),
    "mail-deferred": Code(
        Unavailable,
        "Given when the mail server works, but asks to try this mail again later (replies 4xx).",
    ),
    "mail-refused": Code(
        InvalidInput,
        "Given when the mail server will not take this mail, now or later (replies 5xx).",
    ),
    "mail-server-away": Code(
        Unavailable, "Given when the mail server cannot be reached or used for now."
    ),
    "message-too-long": Code(
        InvalidInput, "Given when a message does not fit on the card at a size that can be read."
    ),
    "model-away": Code(
        Unavailable,
        "Given when the language model gives no reply that can be used; trying again can help.",
    ),
    "no-contact-address": Code(
        Unavailable,
        "Given when a message is left for the people who run the service, and they have not said where they get mail.",
    ),
    "no-drawing": Code(NotFound, "Given when a job has finished and made no SVG."),
    "no-photo": Code(InvalidInput, "Given when a job that was named for its photo stored none."),
    "no-result": Code(
        Conflict,
        "Given when a job is asked for its result and has none to give; `record` is the job, None if it is gone.",
    ),
    "no-room-for-cells": Code(
        InvalidInput,
        "Given when a sheet has no room for as many cells as it is to have, of a size that can be seen.",
    ),
    "no-room-to-draw": Code(InvalidInput, "Given when the margins leave nothing of the page."),
    "no-webhook": Code(NotFound, "Given when a job has no webhook that could be told of it."),
    "not-an-image": Code(InvalidInput, "Given when bytes are no image of a format that is read."),
    "not-cancellable": Code(
        Conflict,
        "Given when a job is to be canceled that has ended by itself, or that did not stop in time.",
    ),
    "not-drawn": Code(Conflict, "Given when the drawing of a job is wanted that has not finished."),
    "not-linkable": Code(
        InvalidInput, "Returned when a link is requested for a path that links cannot open."
    ),
    "not-ready": Code(
        Unavailable,
        "Given when a part is missing that jobs need; `parts` says which, and what to do.",
    ),
    "not-retryable": Code(
        Conflict, "Given when a job is to be tried again that waits, runs or has finished."
    ),
    "not-supported-here": Code(
        Unavailable,
        "Given when the server that runs the application cannot hand a connection over.",
    ),
    "nothing-to-fill": Code(InvalidInput, "Given when an outline encloses nothing of the room."),
    "pattern-not-found": Code(
        NotFound,
        "Given when an address names a pattern that is not in the catalogue; the text lists those that are.",
    ),
    "previews-busy": Code(
        Exhausted, "Given when other previews are being drawn, and have been for seconds."
    ),
    "queue-full": Code(
        Exhausted, "Given when as many jobs wait as the queue may hold; nothing was queued."
    ),
    "queue-unavailable": Code(
        Unavailable, "Given when the broker cannot be reached in time; nothing was queued."
    ),
    "rate-limited": Code(
        Exhausted,
        "Given when an owner asks for more within an hour than is allowed, or one person would get more; nothing was queued.",
    ),
    "result-not-ready": Code(
        Conflict, "Given when a job has not ended within the time that its result was waited for."
    ),
    "schedules-unusable": Code(
        Unavailable, "Given when the schedules file has mistakes; no worker starts with it."
    ),
    "source-refused": Code(
        InvalidInput, "Given when a URL has no file for us, and asking again will not help."
    ),
    "still-claimed": Code(
        Unavailable,
        "Given when another attempt of the same job may be in the middle of the step right now.",
    ),
    "storage-away": Code(
        Unavailable,
        "Given when the store of files does not do its work; `trouble` says in a word why not.",
    ),
    "storage-full": Code(
        Unavailable, "Given when there is no room left for a result; nothing of it is kept."
    ),
    "sweep-too-large": Code(
        InvalidInput,
        "Given when the drawings of a sweep would be too much together; `estimate` says how many points that were.",
    ),
    "table-too-large": Code(
        InvalidInput,
        "Given when a data file, or what would be made from it, is larger than allowed.",
    ),
    "task-failed": Code(
        Conflict,
        "Given when the result of a job is waited for that failed, was stopped or was canceled.",
    ),
    "text-does-not-fit": Code(
        InvalidInput, "Given when a text does not fit into its box at a size that can be read."
    ),
    "too-complex": Code(
        InvalidInput, "Given when a drawing would have more points than the service draws."
    ),
    "too-many-crossings": Code(
        InvalidInput, "Given when a drawing and a polygon meet in too many places."
    ),
    "too-many-streams": Code(
        Unavailable, "Given when as many connections are held as the process may hold."
    ),
    "too-many-vertices": Code(
        InvalidInput,
        "Given when a drawing has, or its curves would need, more vertices than the service takes.",
    ),
    "too-tangled": Code(
        InvalidInput,
        "Given when the edges of a polygon cross each other too often for a clear inside and outside.",
    ),
    "translator-away": Code(
        Unavailable,
        "Given when the translator is installed but gives no translation; trying again can help.",
    ),
    "unavailable": Code(
        Unavailable,
        "Given when a part that is needed is away for now; asking again later can help.",
    ),
    "unbalanced-groups": Code(
        InvalidInput,
        "Given when a group, layer or clip is ended that was not begun, is nested too deep, or is still open at the end.",
    ),
    "unknown-kind": Code(InvalidInput, "Given when a file is of no kind that is taken."),
    "unknown-name": Code(
        InvalidInput, "Given when a name is not one of the choices; the text lists them."
    ),
    "unknown-pattern": Code(InvalidInput, "Given when no pattern has the name that was asked for."),
    "unknown-task": Code(
        NotFound,
        "Given when the name of a task stands for none; the document lists those that there are.",
    ),
    "unknown-template": Code(
        InvalidInput, "Given when no postcard template has the name that was asked for."
    ),
    "unreadable-text": Code(
        InvalidInput,
        "Given when the bytes of a data file are not text in an encoding that can be told for sure.",
    ),
    "upload-gone": Code(
        NotFound, "Given when the file that a job was to store is not kept any more."
    ),
    "uploads-full": Code(
        Unavailable,
        "Given when more files wait to be stored than the broker may hold; nothing of this one is kept.",
    ),
    "validation-error": Code(
        InvalidInput,
        "Given when fields of a request are missing or wrong; every one of them is named.",
    ),
    "webhook-rejected": Code(
        InvalidInput, "Given when a webhook cannot be delivered and another attempt would not help."
    ),
    "webhook-undelivered": Code(
        Unavailable, "Given when a webhook could not be delivered for now."
    ),
    "wrong-state": Code(
        Conflict,
        "Given when the state of a job does not allow what was asked; `status` says which it is in.",
    ),
}

VectorError.codes = CODES
