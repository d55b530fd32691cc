"""The templates as they describe themselves."""

from __future__ import annotations

import inspect
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length

from libraries.json_types import JsonObject
from libraries.mailing import TEMPLATES
from libraries.sheets import postcard_templates
from libraries.sheets.postcards import Postcard


def all_templates() -> JsonObject:
    """Return the templates of mail and of postcards, each with its fields."""
    mail = [{**one.as_record(), "example": one.example} for _, one in TEMPLATES.items()]
    filled = text_fields(Postcard.schema()(), but="template_name")
    cards = [
        {"name": name, "summary": inspect.getdoc(decoration) or "", "fields": filled}
        for name, decoration in postcard_templates.TEMPLATES.items()
    ]
    return {"mail": mail, "postcards": cards}


def text_fields(schema: Schema, *, but: str) -> list[JsonObject]:
    """Return the texts that a schema takes as the fields of a template, all but one."""
    return [_as_field(name, field) for name, field in schema.fields.items() if name != but]


def _as_field(name: str, field: fields.Field[Any]) -> JsonObject:
    longest = next((one.max for one in field.validators if isinstance(one, Length)), None)
    described = {
        "name": name,
        "kind": "text",
        "required": field.required,
        "help": field.metadata["description"],
    }
    return described | ({"longest": longest} if longest else {})
