"""Fields of drawings: numbers with a unit and a range, and one error that can name every bad one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Range

from libraries.errors import InvalidInput, did_you_mean

UNKNOWN_FIELD = "Unknown field."


class InvalidFields(InvalidInput):
    """Raised when fields are unknown, missing or out of their range.

    `errors` has the texts by the dotted name of the field, such as `params.pitch`.
    """

    code = "invalid-fields"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        """Word the error from `errors`; its first field is also `field`."""
        said = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items())
        super().__init__(said, field=next(iter(errors), None))
        self.errors = errors


class WholeNumber(fields.Integer):
    """An integer field that refuses 7.5 instead of cutting it to 7."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and not value.is_integer():
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def millimetres(description: str, *, least: float, most: float, **options: Any) -> fields.Float:
    """Return a field for a length in mm from `least` to `most`; `options` go to the field."""
    metadata = {"description": f"{description}, in mm.", "x-unit": "mm"}
    return fields.Float(validate=Range(least, most), metadata=metadata, **options)


def tolerance_field(of: str = "the true curve", *, load_default: float = 0.02) -> fields.Float:
    """Return a field for how far a line may lie from what it stands for, in mm."""
    return millimetres(
        f"Farthest that a line may lie from {of}", least=0.005, most=1, load_default=load_default
    )


def degrees(description: str, **options: Any) -> fields.Float:
    """Return a field for an angle in degrees, from -360 to 360; `options` go to the field."""
    metadata = {"description": f"{description}, in degrees.", "x-unit": "degrees"}
    return fields.Float(validate=Range(-360, 360), metadata=metadata, **options)


def check_order(
    data: Mapping[str, Any], original: Mapping[str, Any], least: str, most: str
) -> None:
    """Refuse two fields that contradict each other; a default gives way to what was given.

    Args:
        data: the fields as loaded.
        original: the fields as given.
        least: name of the field that may not be more than the other.
        most: name of the other.

    Raises:
        ValidationError: both were given, and the first is more.
    """
    if least in original and most in original and data[least] > data[most]:
        raise ValidationError(f"Must not be more than {most}.", least)


def find_mistakes(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `schema` finds wrong with `values`: texts by field, with the known fields named where one is unknown."""
    messages = schema.validate(values)
    return {name: _name_choices(schema, name, texts) for name, texts in messages.items()}


def load_fields(schema: Schema, values: Mapping[str, Any], *, inside: str = "") -> dict[str, Any]:
    """Return `values` parsed by `schema`, with its defaults filled in.

    Args:
        schema: what the fields may be.
        values: the fields by name.
        inside: the dotted name of the object that the fields belong to, for the errors.

    Raises:
        InvalidFields: one or more fields are bad; all are named.
    """
    try:
        loaded: dict[str, Any] = schema.load(values)
    except ValidationError:
        raise InvalidFields(dict(_flatten(find_mistakes(schema, values), inside))) from None
    return loaded


def _name_choices(schema: Schema, name: str, texts: Any) -> Any:
    if texts != [UNKNOWN_FIELD]:
        return texts
    hint = did_you_mean(str(name)[:100], schema.fields)
    return [
        f"Unknown field; known: {', '.join(sorted(schema.fields)) or 'none'}.",
        *([hint] if hint else []),
    ]


def _flatten(messages: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, dict):
        for key, deeper in messages.items():
            yield from _flatten(deeper, f"{name}.{key}" if name else str(key))
    else:
        yield name, [str(text) for text in messages]
