"""JSON representation of mail and postcard templates."""

from __future__ import annotations

import inspect
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.json_types import JsonObject
from libraries.mailing import TEMPLATES
from libraries.sheets import postcard_templates
from libraries.sheets.postcards import Postcard


def all_templates() -> JsonObject:
    """Return a `TemplateListSchema`."""
    mail = [{**one.as_record(), "example": one.example} for _, one in TEMPLATES.items()]
    members = Postcard.schema()().fields.items()
    text_fields = [
        _field_json(name, field)
        for name, field in members
        if isinstance(field, fields.String) and name != "template_name"
    ]
    cards = [
        {"name": name, "summary": inspect.getdoc(decoration) or "", "fields": text_fields}
        for name, decoration in postcard_templates.TEMPLATES.items()
    ]
    return {"mail": mail, "postcards": cards}


def _field_json(name: str, field: fields.Field[Any]) -> JsonObject:
    longest = next((one.max for one in field.validators if isinstance(one, Length)), None)
    return {
        "name": name,
        "kind": "text",
        "required": field.required,
        "help": field.metadata["description"],
        **({"longest": longest} if longest else {}),
    }
