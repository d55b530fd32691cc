"""Parsing of query parameters that are fields of a typed declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self, TypeVar

from marshmallow import ValidationError, fields

from components.http.problems import HINT, MAX_VALUE_CHARS, FieldError
from components.http.strict_json import MalformedJson, parse_strictly
from libraries.errors import did_you_mean
from libraries.fields import InvalidFields, TrueOrFalse
from libraries.json_types import JsonObject


class Declaration(Protocol):
    """A declaration of fields."""

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> Self: ...


Loaded = TypeVar("Loaded", bound=Declaration)


def loaded_query(
    declaration: type[Loaded],
    values: JsonObject,
    group: str,
    names: Mapping[tuple[str, str], str],
    errors: list[FieldError],
) -> Loaded | None:
    """Return a declaration loaded from `values`; None after adding its mistakes to `errors`.

    `names` has the names of the parameters by `group` and field, where they differ.
    """
    try:
        return declaration.load(values)
    except InvalidFields as error:
        for path, texts in error.errors.items():
            name, _, inside = path.partition(".")
            shown = names.get((group, name), name)
            hint = next((text for text in texts if text.startswith(HINT)), None)
            parts = (shown, *(inside.split(".") if inside else ()))
            errors += [FieldError(parts, text, hint) for text in texts if text != hint]
    return None


def unknown_parameter(name: str, known: Iterable[str]) -> FieldError:
    text = f"Unknown parameter; known: {', '.join(sorted(known))}."
    return FieldError((name[:MAX_VALUE_CHARS],), text, did_you_mean(name[:MAX_VALUE_CHARS], known))


def query_value(field: fields.Field[Any], text: str) -> Any:
    """Return a parameter as it would be in JSON, so that equal drawings have equal recipes."""
    if isinstance(field, fields.String):
        return text
    if isinstance(field, TrueOrFalse):
        return TrueOrFalse.of_text(text)
    if isinstance(field, fields.List) and not text.startswith("["):
        return [query_value(field.inner, part.strip()) for part in text.split(",")]
    try:
        return parse_strictly(text.encode("utf-8", "surrogatepass"))
    except MalformedJson as error:
        if text.startswith(("[", "{")):
            raise ValidationError(f"Not valid JSON: {error}.") from None
        return text
