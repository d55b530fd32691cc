"""HTML forms as request bodies: the members of the JSON body as text fields, and at most one file."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import Response, g, redirect, request
from marshmallow import Schema, ValidationError, fields, missing
from webargs.core import is_json

from components.http.access import prefers_page
from components.http.job_options import form_rules
from components.http.json_schemas import JsonText, pascal
from components.http.multipart import (
    FIELD,
    FORM,
    MAX_PARTS,
    MAX_TEXT_BYTES,
    UploadedFile,
    add_text,
    check_encoding,
    received_body,
    received_file,
    unknown_field,
)
from components.http.problems import BadFields, EdgeError, FieldError, flatten
from components.http.strict_json import (
    MalformedJson,
    lone_surrogates,
    own_parameters,
    parse_strictly,
    query_members,
    read_bounded,
)
from components.http.submissions import EmptySchema, Operation, Submission
from libraries.fields import TrueOrFalse, instance_of
from libraries.json_types import JsonObject, described, keywords_of
from libraries.settings import UploadSettings
from libraries.uploads import FileKind

URLENCODED = "application/x-www-form-urlencoded"


def upload_limit() -> int:
    return UploadSettings.current().upload_limit


@dataclass(frozen=True)
class Form:
    """The forms that a route accepts.

    Attributes:
        files: types of the file in the field `file`; empty for none. The body then has a member
            `file`, an `UploadedFile`.
        instead_of: field of the body that the file replaces; without one the file is required.
        limit: returns the size of the largest file in bytes.
        limit_of: returns that of a type, if it is less.
        raw: types of a file that may also be the whole body; the fields are then query parameters,
            which are accepted with the other bodies too.
    """

    FILE_SCHEMA: ClassVar[JsonObject] = {
        "type": "string",
        "format": "binary",
        "minLength": 1,
        "description": "The file.",
    }

    files: tuple[FileKind, ...] = ()
    instead_of: str = ""
    raw: tuple[FileKind, ...] = ()
    limit: Callable[[], int] = upload_limit
    limit_of: Callable[[FileKind], int] | None = None

    @property
    def raw_types(self) -> dict[str, FileKind]:
        """Return the media types of files that may be the whole body, in lower case."""
        types = [(one, kind) for kind in self.raw for one in (kind.media_type, *kind.aliases)]
        return dict(types)

    def is_sent(self, operation: Operation) -> bool:
        """Return whether the request has to be read as a form.

        Raises EdgeError for a body of another type than JSON where the body may be a file.
        """
        types = {FORM, URLENCODED, *self.raw_types}
        if self.raw and request.mimetype not in types and not is_json(request.mimetype):
            raise EdgeError(
                f"send the body as application/json or {FORM}, or the file itself as "
                f"{', '.join(kind.media_type for kind in self.raw)}; not as "
                f"{request.mimetype[:100] or 'unknown type'}",
                code="unsupported-media-type",
            )
        return request.mimetype in types or operation.body is EmptySchema

    @contextlib.contextmanager
    def received(self, operation: Operation) -> Iterator[Submission]:
        """Read the form; a file that is not bound to a job inside is discarded. Raises as `received_file`."""
        names = instance_of(operation.schema).fields
        if kind := self.raw_types.get(request.mimetype):
            with received_body(kind, query_members(), self.limit()) as file:
                yield self._submission(operation, {}, file)
            return
        if request.mimetype == URLENCODED and operation.body is not EmptySchema:
            yield self._submission(operation, read_texts(names), None)
            return
        required = bool(self.files) and not self.instead_of
        with received_file(
            self.files, names, self.limit(), required=required, limit_of=self.limit_of
        ) as (file, texts):
            yield self._submission(operation, texts, file)

    def content(self, operation: Operation) -> JsonObject:
        """Describe the form for the OpenAPI document, as a media type object."""
        declared = instance_of(operation.schema).fields
        members: dict[str, Any] = {
            name: _described(field, required=field.required and name != self.instead_of)
            for name, field in declared.items()
        }
        encoding: JsonObject = {}
        if self.files:
            members[FIELD] = fields.Raw(required=not self.instead_of, metadata=self.FILE_SCHEMA)
            types = sorted({kind.media_type for kind in self.files})
            encoding[FIELD] = {"contentType": ", ".join(types)}
        name = f"{pascal(operation.name)}{'File' if self.files else ''}FormSchema"
        schema = Schema.from_dict(members, name=name)
        # Browsers also send the fields that are not filled in.
        schema.may_be_empty = [  # type: ignore[attr-defined]
            name for name, one in members.items() if name != FIELD and not one.required
        ]
        rules = {"oneOf": self._alternatives()} if self.instead_of else _body_rules(operation)
        schema = described(anyOf=form_rules(), **rules)(schema)
        return {"schema": schema, **({"encoding": encoding} if encoding else {})}

    def _alternatives(self) -> list[JsonObject]:
        """Describe that either the file is sent or the field that it replaces."""
        unused: JsonObject = {self.instead_of: {"maxLength": 0}}
        used: JsonObject = {self.instead_of: {"minLength": 1}}
        return [
            {"required": [FIELD], "properties": unused},
            {"required": [self.instead_of], "properties": used},
        ]

    def query_fields(self, operation: Operation) -> dict[str, fields.Field[Any]]:
        """Return the fields that may be query parameters, for a body that is a file."""
        if not self.raw:
            return {}
        shown = {
            name: _described(field, required=False)
            for name, field in instance_of(operation.schema).fields.items()
            if name != self.instead_of
        }
        return {name: field for name, field in shown.items() if not isinstance(field, JsonText)}

    def read_query(self, operation: Operation) -> None:
        """Read the query parameters as members of the body; raise BadFields for unknown ones."""
        names = self.query_fields(operation)
        texts: dict[str, str] = {}
        for name, text in own_parameters(request).items(multi=True):
            if name not in names:
                raise BadFields([unknown_field(name, names)], location="query")
            add_text(texts, name, text, names[name])
        declared = instance_of(operation.schema).fields
        g.query_members = {name: _value(declared[name], text) for name, text in texts.items()}

    def _submission(
        self, operation: Operation, texts: Mapping[str, str], file: UploadedFile | None
    ) -> Submission:
        schema = instance_of(operation.schema)
        values = {name: _value(schema.fields[name], text) for name, text in texts.items() if text}
        if errors := list(lone_surrogates(values)):
            raise BadFields(errors, location="form")
        values = {**query_members(), **values}
        if file is not None and self.instead_of in values:
            text = "Cannot be combined with a file."
            raise BadFields([FieldError((self.instead_of,), text)], location="form")
        try:
            partial = (self.instead_of,) if file else None
            loaded: Submission = schema.load(values, partial=partial)
        except ValidationError as error:
            found = [self._with_hint(one, values) for one in flatten(error.messages)]
            raise BadFields(found, location="form") from None
        return loaded if file is None else loaded._replace(body=_with_file(loaded.body, file))

    def _with_hint(self, error: FieldError, values: Mapping[str, Any]) -> FieldError:
        if self.instead_of and error.path == (self.instead_of,) and self.instead_of not in values:
            return replace(error, hint=f"send it, or a file in the field {FIELD!r}")
        return error


def _body_rules(operation: Operation) -> JsonObject:
    """Describe that one of some fields is required, as the body does; an empty field is omitted."""
    names = [one["required"] for one in keywords_of(operation.body).get("anyOf", ())]
    rules = [{"required": one, "properties": {n: {"minLength": 1} for n in one}} for one in names]
    return {"allOf": [{"anyOf": rules}]} if rules else {}


def _with_file(body: Any, file: UploadedFile) -> Any:
    return {**body, FIELD: file} if isinstance(body, Mapping) else replace(body, file=file)


def read_texts(names: Mapping[str, fields.Field[Any]]) -> dict[str, str]:
    """Return the fields of a urlencoded form.

    Raises:
        EdgeError: the body is not a valid form, or is compressed.
        RequestEntityTooLarge: the body exceeds the limit of the application.
        BadFields: fields are unknown or repeated, or too long.
    """
    check_encoding()
    try:
        body = read_bounded(request).decode()
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARTS)
    except ValueError:
        text = "the form is not valid UTF-8, or has too many fields"
        raise EdgeError(text, code="malformed-form") from None
    texts: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            raise BadFields([unknown_field(name, names)], location="form")
        if len(value) > MAX_TEXT_BYTES:
            text = f"Longer than {MAX_TEXT_BYTES} characters."
            raise BadFields([FieldError((name,), text)], location="form")
        add_text(texts, name, value, names[name])
    # Replaces the body, which is consumed, when requests are compared for idempotency.
    g.json_body = texts
    return texts


def for_browser(response: Response) -> Response:
    """Redirect a browser that has sent a form to the page that shows the job."""
    response.vary.add("Accept")
    if response.status_code >= 300 or not prefers_page():  # noqa: PLR2004
        return response
    job_id = response.get_json()["job_id"]
    found: Response = redirect(f"/dashboard#job={job_id}", 303)  # type: ignore[assignment]
    found.vary.add("Accept")
    found.headers["Cache-Control"] = "no-store"
    return found


def _value(field: fields.Field[Any], text: str) -> Any:
    """Convert the text of a form field to its JSON value; that of a list is comma-separated or JSON."""
    if isinstance(field, fields.String | fields.AwareDateTime):
        return text
    if isinstance(field, TrueOrFalse):
        return TrueOrFalse.of_text(text)
    try:
        value = parse_strictly(text.encode())
    except MalformedJson:
        value = text
    if value is None:
        return text
    if isinstance(field, fields.List) and not isinstance(value, list):
        return [one for part in text.split(",") if (one := part.strip())]
    return value


def _described(field: fields.Field[Any], *, required: bool) -> fields.Field[Any]:
    """Return the form field of a field, for the OpenAPI document."""
    shown = copy.copy(field)
    shown.required, shown.allow_none = required, False
    if shown.load_default is None:
        shown.load_default = missing
    texts = isinstance(field, fields.List) and isinstance(field.inner, fields.String)
    if isinstance(field, fields.Nested | fields.Dict | fields.List) and not texts:
        return JsonText(shown, required=required)
    return shown
