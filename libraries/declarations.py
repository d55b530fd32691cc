"""Checks for classes that extend the service: patterns, plotting steps and export formats.

They run when the module of the class is loaded. A class that fails is left out.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields
from marshmallow.validate import Range

from libraries.fields import Params
from libraries.loading import LoadError


class Preset(NamedTuple):
    """Parameters to start from: a name in lower case, what one sees, and what is not the default."""

    name: str
    title: str
    params: dict[str, Any]


def check_method(cls: type, name: str, parameters: tuple[str, ...], form: str) -> None:
    """Raise `LoadError` unless `cls` has a plain method with these parameters.

    `form` is the signature to show in the error.
    """
    method = inspect.getattr_static(cls, name, None)
    rule = f"declare it as `def {name}{form}`"
    if method is None:
        raise LoadError(f"{cls.__name__} has no method {name}; {rule}")
    is_async = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
    if is_async or not inspect.isfunction(method):
        raise LoadError(f"{cls.__name__}.{name} is not a plain method; {rule}")
    found = tuple(inspect.signature(method).parameters)
    if tuple(one.lstrip("_") for one in found) != parameters:
        raise LoadError(f"{cls.__name__}.{name} takes ({', '.join(found)}); {rule}")


def check_params(cls: type) -> None:
    """Raise `LoadError` unless `cls` is a subclass of `Params` with complete declarations.

    Each field needs a description, a default and, if it is a number, a range.
    """
    if not issubclass(cls, Params):
        raise LoadError(f"{cls.__name__} must be a subclass of libraries.fields.Params")
    for one in dataclasses.fields(cls):  # type: ignore[arg-type]
        if "field" not in one.metadata:
            raise LoadError(
                f"{cls.__name__}.{one.name} is not declared with a function of libraries.fields, "
                "such as mm, whole or number"
            )
        _check_field(f"{cls.__name__}.{one.name}", one.metadata["field"])


def check_presets(cls: type) -> tuple[Preset, ...]:
    """Return the presets of `cls`, a subclass of `Params`; () if it has none.

    Raise `LoadError` for a name that is used twice or is no identifier with hyphens, for a missing
    title, and for parameters that are unknown, invalid or equal to their defaults.
    """
    presets = getattr(cls, "presets", ())
    if not isinstance(presets, tuple) or not all(isinstance(one, Preset) for one in presets):
        raise LoadError(f"{cls.__name__}.presets must be a tuple of Preset(name, title, params)")
    for index, one in enumerate(presets):
        label = f"the preset {one.name!r} of {cls.__name__}"
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", one.name):
            raise LoadError(f"{label} needs a name of lower-case letters, digits and hyphens")
        if one.name in {other.name for other in presets[:index]}:
            raise LoadError(f"{label} is declared twice")
        if not one.title.strip():
            raise LoadError(f"{label} needs a title")
        _check_preset_params(label, cls, one.params)
    return presets


def _check_preset_params(label: str, cls: type[Params], params: dict[str, Any]) -> None:
    # Without the method `check`, whose helpers may be defined later in the module.
    known = cls.schema()().fields
    for name, value in params.items():
        if name not in known:
            raise LoadError(f"{label}: there is no parameter {name!r}; known: {', '.join(known)}")
        try:
            parsed = known[name].deserialize(value)
        except ValidationError as error:
            texts = " ".join(map(str, error.messages))
            raise LoadError(f"{label}: {name} is {value!r}: {texts}") from None
        if parsed == _default_of(known[name]):
            raise LoadError(f"{label}: {name} has its default; leave it out")


def _default_of(field: fields.Field[Any]) -> Any:
    return field.load_default() if callable(field.load_default) else field.load_default


def _check_field(name: str, field: fields.Field[Any]) -> None:
    if not str(field.metadata.get("description", "")).endswith("."):
        raise LoadError(f"{name} needs a description that ends with a full stop")
    is_number = isinstance(field, fields.Float | fields.Integer)
    if is_number and not any(isinstance(rule, Range) for rule in field.validators):
        raise LoadError(f"{name} needs a range")
    if field.required:
        raise LoadError(f"{name} needs a default")
    default = _default_of(field)
    try:
        field.deserialize(default)
    except ValidationError as error:
        texts = " ".join(map(str, error.messages))
        raise LoadError(f"{name} has the default {default!r}: {texts}") from None


def check_summary(cls: type) -> str:
    """Return the summary line of the docstring of `cls`; raise `LoadError` if it has none."""
    summary = " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
    if not summary.endswith("."):
        raise LoadError(f"{cls.__name__} needs a docstring that begins with a sentence")
    return summary
