"""Fields of a template's context, described in the template and validated with marshmallow.

A field is a TOML table with its `kind`, its `help`, an `example`, whether it is `required`, and its
limit.

| Kind | Value | Limit |
|---|---|---|
| `text` | text, or a number, which becomes text | `longest`, characters |
| `link` | an `http` or `https` address | 2000 characters |
| `texts` | a list of texts | `most` of them, each `longest` |
| `rows` | a list of objects with the fields `columns` | `most` of them |
| `counts` | an object of names and integers | `most` names |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from libraries.json_types import JsonObject

MAX_LINK_CHARS = 2000
WEB_ADDRESS = re.compile(rf"https?://[^\s<>\"'\\]{{1,{MAX_LINK_CHARS}}}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class TemplateField:
    """A field of a template's context; `longest` and `most` are limits of some kinds."""

    name: str
    kind: str
    help: str
    example: Any
    required: bool = False
    longest: int = 200
    most: int = 100
    columns: tuple[TemplateField, ...] = field(default=())

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any]) -> TemplateField:
        """Return the field that a template describes in a TOML table; raise ValueError if it is invalid."""
        columns = tuple(
            cls.read(column, inner) for column, inner in table.get("columns", {}).items()
        )
        try:
            made = cls(name=name, **{**table, "columns": columns})
        except TypeError as error:
            raise ValueError(f"the field {name!r} is described incorrectly: {error}") from error
        if made.kind not in KINDS:
            raise ValueError(f"the field {name!r} has the unknown kind {made.kind!r}")
        return made

    def as_record(self) -> JsonObject:
        """Return the documentation of the field, with the limits of its kind."""
        record: JsonObject = {
            "name": self.name,
            "kind": self.kind,
            "required": self.required,
            "help": self.help,
        }
        limits = {
            "text": ("longest",),
            "link": (),
            "texts": ("most", "longest"),
            "rows": ("most",),
            "counts": ("most",),
        }
        record |= {limit: getattr(self, limit) for limit in limits[self.kind]}
        if self.columns:
            record["columns"] = [column.as_record() for column in self.columns]
        return record | {"example": self.example}


class Words(fields.Field[str]):
    """Text; numbers are converted."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValidationError("Not a string.")
        return str(value)


def is_web_address(value: object) -> bool:
    """Return whether a mail may link to `value`."""
    return isinstance(value, str) and WEB_ADDRESS.fullmatch(value) is not None


def _check_link(value: str) -> None:
    if value and not is_web_address(value):
        raise ValidationError("Not a link: expected http:// or https:// and no spaces or quotes.")


def _presence(one: TemplateField) -> dict[str, Any]:
    return {"required": one.required, "allow_none": not one.required}


def _rows(one: TemplateField) -> fields.Field[Any]:
    return fields.List(
        fields.Nested(context_schema(one.columns)), **_presence(one), validate=Length(max=one.most)
    )


def _texts(one: TemplateField) -> fields.Field[Any]:
    return fields.List(
        Words(validate=Length(max=one.longest)), **_presence(one), validate=Length(max=one.most)
    )


def _counts(one: TemplateField) -> fields.Field[Any]:
    names = fields.String(validate=Length(1, 40))
    numbers = fields.Integer(strict=True, validate=Range(0, 10**9))
    return fields.Dict(keys=names, values=numbers, **_presence(one), validate=Length(max=one.most))


KINDS = {
    "text": lambda one: Words(
        **_presence(one), validate=Length(min=int(one.required), max=one.longest)
    ),
    "link": lambda one: fields.String(
        **_presence(one), validate=[Length(max=MAX_LINK_CHARS), _check_link]
    ),
    "texts": _texts,
    "rows": _rows,
    "counts": _counts,
}


def context_schema(described: tuple[TemplateField, ...]) -> Schema:
    """Return the schema of a context with these fields; unknown names are accepted unchanged."""
    made = {one.name: KINDS[one.kind](one) for one in described}
    return Schema.from_dict(made)(unknown=INCLUDE)
