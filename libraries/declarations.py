"""Rules for classes that extend the service: patterns, plotting steps and export formats.

They are checked when the module of the class is loaded. A class that breaks one is left out, and the
text of the error names the mistake.
"""

from __future__ import annotations

import dataclasses
import inspect

from marshmallow import fields
from marshmallow.validate import Range

from libraries.fields import InvalidFields, Params
from libraries.loading import LoadError


def check_method(cls: type, name: str, parameters: tuple[str, ...], form: str) -> None:
    """Check that `cls` has a plain method `name` with these parameters; `form` is shown if not.

    Raises:
        LoadError: it has not.
    """
    method = inspect.getattr_static(cls, name, None)
    rule = f"declare it as `def {name}{form}`"
    if method is None:
        raise LoadError(f"{cls.__name__} has no method {name}; {rule}")
    if not inspect.isfunction(method) or inspect.iscoroutinefunction(method):
        raise LoadError(f"{cls.__name__}.{name} is not a plain method; {rule}")
    if inspect.isasyncgenfunction(method):
        raise LoadError(f"{cls.__name__}.{name} is async; {rule}")
    found = tuple(inspect.signature(method).parameters)
    if tuple(one.lstrip("_") for one in found) != parameters:
        raise LoadError(f"{cls.__name__}.{name} takes ({', '.join(found)}); {rule}")


def check_params(cls: type) -> None:
    """Check that each field of `cls` has a declaration with description, range and default.

    Raises:
        LoadError: one has not, `cls` is not a subclass of `Params`, or its defaults are invalid.
    """
    if not issubclass(cls, Params):
        raise LoadError(f"{cls.__name__} must be a subclass of libraries.fields.Params")
    for one in dataclasses.fields(cls):  # type: ignore[arg-type]
        if "field" not in one.metadata:
            raise LoadError(
                f"{cls.__name__}.{one.name} is not declared with mm, whole, number or another"
                " function of libraries.fields"
            )
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            raise LoadError(f"{cls.__name__}.{one.name} needs a default")
        field = one.metadata["field"]
        if not field.metadata.get("description", "").endswith("."):
            raise LoadError(
                f"{cls.__name__}.{one.name} needs a description that ends with a full stop"
            )
        is_number = isinstance(field, fields.Float | fields.Integer)
        if is_number and not any(isinstance(rule, Range) for rule in field.validators):
            raise LoadError(f"{cls.__name__}.{one.name} needs a range")
    try:
        cls.load(cls().values())
    except InvalidFields as error:
        raise LoadError(f"the defaults of {cls.__name__} break its own rules: {error}") from None


def check_summary(cls: type) -> str:
    """Return the first line of the docstring of `cls`.

    Raises:
        LoadError: it is not a sentence.
    """
    summary = (inspect.getdoc(cls) or "").partition("\n\n")[0]
    if not summary.endswith("."):
        raise LoadError(f"{cls.__name__} needs a docstring that begins with a sentence")
    return " ".join(summary.split())
