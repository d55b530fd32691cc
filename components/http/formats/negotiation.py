"""The export format of a response: from `format` in the query, else from `Accept`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from flask import request
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf
from werkzeug.datastructures import MultiDict

from components.http.formats.queries import loaded_query, query_value, unknown_parameter
from components.http.pages import SVG_TYPE
from components.http.problems import BadFields, EdgeError, FieldError, with_members
from libraries.errors import UnknownName
from libraries.exporting import FORMATS, Format, formats_by_media_type
from libraries.exporting.catalogue import FormatParams
from libraries.json_types import JsonObject


class ExportChoice(NamedTuple):
    """A format and its parameters; `layer` is empty for all layers."""

    form: Format
    params: FormatParams
    layer: str = ""


class ExportQuery(NamedTuple):
    """The query of a download; `options` are the parameters of the format, not yet checked."""

    download: bool
    name: str
    layer: str
    options: MultiDict[str, str]

    def choice(self, media_type: str) -> ExportChoice | None:
        """Return the format of a stored file of `media_type`, or None for the file itself.

        Raises:
            EdgeError: `not-acceptable`, the file is no drawing, or `Accept` excludes all formats.
            BadFields: the format does not exist, or a parameter is unknown or invalid.
        """
        form = self._form(media_type)
        params = _params(form, self.options)
        return None if form is None or params is None else ExportChoice(form, params, self.layer)

    def _form(self, media_type: str) -> Format | None:
        if not self.name and not self.layer:
            return accepted_format(media_type)
        try:
            # The stored file has all layers.
            form = (
                FORMATS[self.name] if self.name else accepted_format(media_type) or FORMATS["svg"]
            )
        except UnknownName as error:
            found = FieldError(("format",), f"{error}", error.hint)
            raise BadFields([found], location="query") from None
        if not is_drawing(media_type):
            raise _not_acceptable(
                "the result is not a drawing and has no other formats", [media_type]
            )
        return form


class ExportQuerySchema(Schema):
    """The query of a download, with the parameters of all formats for the documentation."""

    OWN: ClassVar = ("download", "format", "layer")

    download = fields.Boolean(
        load_default=False, metadata={"description": "`1` to save the file, `0` to show it."}
    )
    format = fields.String(
        metadata={
            "description": "Name of an export format, which replaces `Accept`; `GET /formats` lists all.",
            "example": "pdf",
        },
    )
    layer = fields.String(
        validate=Length(1, 100),
        metadata={
            "description": "Name of a layer, to get its strokes only; the format `strokes` lists the layers.",
            "example": "red",
        },
    )

    def load(self, data: Any, **options: Any) -> Any:
        """Return an `ExportQuery`; the parameters of the format are checked once it is known."""
        own = {name: data[name] for name in self.OWN if name in data}
        loaded: Any = super().load(own, **options)
        rest = [pair for pair in data.data.items(multi=True) if pair[0] not in own]
        name, layer = loaded.get("format", ""), loaded.get("layer", "")
        return ExportQuery(loaded["download"], name, layer, MultiDict(rest))


def export_query_schema() -> type[Schema]:
    """Return the schema of downloads with the parameters of the formats loaded so far."""
    found: dict[str, list[tuple[str, fields.Field[Any]]]] = {}
    for name, form in FORMATS.items():
        for shown, field in form.params.schema()().fields.items():
            found.setdefault(shown, []).append((name, field))
    members = {shown: _documented_field(uses) for shown, uses in found.items()}
    # Documented only: an unknown name gets a hint.
    named = copy.copy(ExportQuerySchema().fields["format"])
    members["format"] = named
    named.metadata = {**named.metadata, "enum": list(FORMATS)}
    return type("ExportQuerySchema", (ExportQuerySchema,), members)


def _documented_field(uses: Sequence[tuple[str, fields.Field[Any]]]) -> fields.Field[Any]:
    """Describe a parameter of one or more formats."""
    texts = [f"`{name}`: {field.metadata['description']}" for name, field in uses]
    about = {"description": " ".join(texts)}
    if len(uses) == 1:
        field = uses[0][1]
        field.metadata = {**field.metadata, **about}
        field.required = False
        return field
    choices = [choice for _, field in uses for choice in _choices(field)]
    return fields.String(validate=OneOf(choices) if choices else None, metadata=about)


def _choices(field: fields.Field[Any]) -> list[str]:
    checks = [check for check in field.validators if isinstance(check, OneOf)]
    return [choice for check in checks for choice in check.choices]


def accepted_type(offers: Sequence[str], *, address: str | None = None) -> str:
    """Return the media type that the client prefers, the first one with equal preferences.

    Raises EdgeError (`not-acceptable`) if `Accept` excludes all of them, with the addresses of the
    formats of the drawing at `address`.
    """
    best = max(offers, key=_quality)
    if not _quality(best):
        raise _not_acceptable("Accept excludes all available media types", offers, address)
    return best


def _not_acceptable(text: str, offers: Sequence[str], address: str | None = None) -> EdgeError:
    error = EdgeError(f"{text}: {', '.join(offers)}", code="not-acceptable")
    if address is None:
        return with_members(error, available=list(offers))
    return with_members(error, available=list(offers), formats=format_links(address))


def format_links(address: str) -> dict[str, str]:
    """Return the address of a drawing in each format, by name."""
    return {name: f"{address}?format={name}" for name in FORMATS}


def drawing_types() -> list[str]:
    """Return the media types of drawings, that of the stored file first, then that of previews."""
    return list(dict.fromkeys([SVG_TYPE, FORMATS["png"].media_type, *formats_by_media_type()]))


def accepted_format(media_type: str) -> Format | None:
    """Return the preferred export format, or None for the stored file; raises as `accepted_type`."""
    if not is_drawing(media_type):
        accepted_type([media_type])
        return None
    return format_of(accepted_type(drawing_types(), address=request.path))


def format_of(media_type: str) -> Format | None:
    """Return the format with a media type of `drawing_types`; None for that of the stored file."""
    return None if media_type == SVG_TYPE else formats_by_media_type()[media_type]


def is_drawing(media_type: str) -> bool:
    return media_type == SVG_TYPE


def exported_reply(
    stored: str, *, page: bool = False, **documentation: object
) -> dict[str, object]:
    """Return the OpenAPI response for a `stored` media type or an export of it, or a `page`."""
    text, binary = {"type": "string"}, {"type": "string", "format": "binary"}
    content: dict[str, object] = {stored: {} if stored == "*/*" else {"schema": text}}
    for one in drawing_types():
        is_text = one == SVG_TYPE or one.startswith("text/") or one.endswith("+json")
        content.setdefault(one, {"schema": text if is_text else binary})
    if page:
        content["text/html"] = {"schema": text}
    return {"content": content, **documentation}


def _params(form: Format | None, given: MultiDict[str, str]) -> FormatParams | None:
    """Return the parameters of a format; the stored file has none. Raises BadFields."""
    known: Mapping[str, fields.Field[Any]] = form.params.schema()().fields if form else {}
    errors: list[FieldError] = []
    values: JsonObject = {}
    for name, texts in given.lists():
        if name not in known:
            errors.append(_foreign_parameter(name, form, known))
        elif len(texts) > 1:
            errors.append(FieldError((name,), "Must not be given more than once."))
        elif form and _is_of_others(name, texts[0], form):
            own = ", ".join(_choices(known[name]))
            text = f"Not a value of the format {form.name}; use one of {own}."
            errors.append(FieldError((name,), text))
        else:
            try:
                values[name] = query_value(known[name], texts[0])
            except ValidationError as error:
                errors.append(FieldError((name,), str(error.messages[0])))
    params = loaded_query(form.params, values, "", {}, errors) if form else None
    if errors:
        raise BadFields(errors, location="query")
    return params


def _is_of_others(name: str, value: str, form: Format) -> bool:
    """Return whether `value` is a choice of a parameter in other formats, but not in this one."""
    accepting = [
        one.name
        for _, one in FORMATS.items()
        if (field := one.params.schema()().fields.get(name)) and value in _choices(field)
    ]
    return bool(accepting) and form.name not in accepting


def _foreign_parameter(name: str, form: Format | None, known: Iterable[str]) -> FieldError:
    """Return the error of a parameter that is unknown, or that only other formats have."""
    others = [one for one, other in FORMATS.items() if name in other.params.schema()().fields]
    if not others:
        return unknown_parameter(name, [*ExportQuerySchema.OWN, *known])
    chosen = f"the format {form.name}" if form else "the stored file"
    text = f"Not a parameter of {chosen}; only of {', '.join(others)}."
    return FieldError((name,), text)


def _quality(media_type: str) -> float:
    """Return the quality from 0 to 1 that the most specific range gives to a media type."""
    accepted = [
        (media_range.partition(";")[0].strip().lower(), quality)
        for media_range, quality in request.accept_mimetypes
    ]
    ranges = [(media_range, quality) for media_range, quality in accepted if "/" in media_range]
    if not ranges:
        return 1.0
    bare = media_type.partition(";")[0].strip().lower()
    matching = ["*/*", f"{bare.partition('/')[0]}/*", bare]
    found = [
        (matching.index(media_range), quality)
        for media_range, quality in ranges
        if media_range in matching
    ]
    return max(found)[1] if found else 0.0
