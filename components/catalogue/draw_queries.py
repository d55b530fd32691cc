"""Query parameters of drawings: the fields of an artboard, of its pattern and of the file format."""

from __future__ import annotations

from typing import Any, NamedTuple

from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import MultiDict

from components.http.formats import loaded_query, query_value, unknown_parameter
from components.http.problems import BadFields, FieldError
from libraries.errors import NotFound
from libraries.exporting import FORMATS, Format
from libraries.exporting.catalogue import FormatParams
from libraries.json_types import JsonObject
from libraries.patterns import Pattern
from libraries.sheets.artboard import Artboard


class DrawQuery(NamedTuple):
    """A parsed address: the artboard, the file format and its parameters."""

    artboard: Artboard
    form: Format
    params: FormatParams
    has_seed: bool


class Parameter(NamedTuple):
    """A query parameter: the object that it belongs to, its name there, and its field."""

    group: str
    name: str
    field: fields.Field[Any]


def find_format(extension: str) -> Format:
    """Return the first format with this file extension; raise NotFound if there is none."""
    known = {form.suffix[1:]: form for form in reversed([FORMATS[name] for name in FORMATS])}
    if extension not in known:
        names = ", ".join(sorted(known))
        raise NotFound(f"no drawings with the extension {extension[:20]!r}; known: {names}")
    return known[extension]


def page_fields() -> dict[str, fields.Field[Any]]:
    """Return the fields of an artboard, except those of its pattern."""
    declared = Artboard.schema()().fields
    return {name: one for name, one in declared.items() if name not in ("pattern", "params")}


def parameters_of(pattern: Pattern, form: Format) -> dict[str, Parameter]:
    """Return the query parameters by name.

    A parameter of the pattern has the prefix `params.` if the artboard has a field of its name, and
    one of the format always has the name of the format as prefix.
    """
    page = page_fields()
    known = {name: Parameter("", name, field) for name, field in page.items()}
    for name, field in pattern.schema().fields.items():
        known[f"params.{name}" if name in page else name] = Parameter("params", name, field)
    for name, field in form.params.schema()().fields.items():
        known[f"{form.name}.{name}"] = Parameter("format", name, field)
    return known


def read_query(pattern: Pattern, form: Format, given: MultiDict[str, str]) -> DrawQuery:
    """Parse the query of a drawing; raise BadFields with all invalid parameters."""
    known = parameters_of(pattern, form)
    errors: list[FieldError] = []
    groups: dict[str, JsonObject] = {"": {}, "params": {}, "format": {}}
    for shown, texts in given.lists():
        if shown not in known and shown.startswith("_"):
            continue  # only bypasses caches
        if shown not in known:
            errors.append(unknown_parameter(shown, known))
        elif len(texts) > 1:
            errors.append(FieldError((shown,), "Must not be given more than once."))
        else:
            one = known[shown]
            try:
                groups[one.group][one.name] = query_value(one.field, texts[0])
            except ValidationError as error:
                errors.append(FieldError((shown,), str(error.messages[0])))
    page = groups[""]
    has_seed = "seed" in page
    if not page.keys() & {"paper", "width", "height"}:
        page["paper"] = "a6"
    values = {"seed": 0, **page, "pattern": pattern.name}
    names = {(one.group, one.name): shown for shown, one in known.items()}
    options = loaded_query(form.params, groups["format"], "format", names, errors)
    params = loaded_query(pattern.params, groups["params"], "params", names, errors)
    # The parameters are checked above, so that their errors have one name.
    artboard = loaded_query(Artboard, values, "", names, errors)
    if errors or options is None or params is None or artboard is None:
        raise BadFields(errors, location="query")
    artboard = Artboard.load({**values, "params": groups["params"]})
    return DrawQuery(artboard, form, options, has_seed)


class DrawQuerySchema(Schema):
    """The documented query parameters; `read_query` parses them, with those of the pattern."""

    def load(self, data: Any, **_: Any) -> Any:
        return data


def query_schema() -> type[Schema]:
    """Return the parameters that do not depend on the pattern, for the documentation."""
    members = page_fields()
    for name, form in FORMATS.items():
        for field_name, field in form.params.schema()().fields.items():
            members[f"{name}.{field_name}"] = field
    for field in members.values():
        field.required = False
    return type("DrawQuerySchema", (DrawQuerySchema,), dict(members))


def pattern_parameters() -> JsonObject:
    """Describe the parameters of patterns for the OpenAPI document."""
    text = (
        "Parameters of the pattern by name, as in `GET /patterns/{name}`; lists and objects as JSON. "
        "One that has the name of another parameter gets the prefix `params.`."
    )
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    about = {"description": text, "required": False, "style": "form", "explode": True}
    return {"in": "query", "name": "params", **about, "schema": schema}
