"""Typed declarations: dataclass fields with unit, range and default, and their schemas."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, ClassVar, Self, dataclass_transform, get_args

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    missing,
    post_load,
    pre_load,
    validates_schema,
)
from marshmallow.error_store import merge_errors
from marshmallow.validate import Length, OneOf, Range

from libraries.errors import InvalidInput, did_you_mean
from libraries.json_types import described, keywords_of
from libraries.registry import Registry

MAX_MEMBER_ERRORS = 100
# Before the first semicolon or full stop of a description, or at its end.
CLAUSE_END = re.compile(r"(?=[;.] |$)")


class InvalidFields(InvalidInput):
    """Raised when fields are invalid; `errors` maps names such as `params.pitch` to messages."""

    code = "invalid-fields"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        text = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items())
        super().__init__(text, field=next(iter(errors), None))
        self.errors = errors


class WholeNumber(fields.Integer):
    """An integer field that rejects 7.5 instead of truncating it."""

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and not value.is_integer():
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class TrueOrFalse(fields.Boolean):
    """A boolean field of JSON that rejects numbers and texts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value

    @classmethod
    def of_text(cls, text: str) -> bool | str:
        """Return the value of a text in a form or a query, such as `1` or `on`; the text itself if it has none."""
        return text in cls.truthy if text in cls.truthy | cls.falsy else text


class BoundedList(fields.List[Any]):
    """A list field that checks the length first, and stops after MAX_MEMBER_ERRORS wrong members."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise self.make_error("invalid")
        check_length(self, value)
        members, errors = [], {}
        for index, member in enumerate(value):
            try:
                members.append(self.inner.deserialize(member, **kwargs))
            except ValidationError as error:
                errors[index] = error.messages
                if len(errors) >= MAX_MEMBER_ERRORS:
                    break
        if errors:
            raise ValidationError(errors)
        return members


class BoundedDict(fields.Dict):
    """An object field that checks the number of members before the members."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, Mapping):
            check_length(self, value)
        return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]


def check_length(field: fields.Field[Any], value: Sized) -> None:
    """Raise ValidationError if `value` is too long or too short for the field."""
    for validator in field.validators:
        if isinstance(validator, Length):
            validator(value)


def find_mistakes(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return error messages by field; that of an unknown field lists the known ones."""
    messages = schema.validate(values)
    return {name: _name_choices(schema, name, texts) for name, texts in messages.items()}


def _name_choices(schema: Schema, name: str, texts: Any) -> Any:
    if texts != ["Unknown field."]:  # the message of marshmallow
        return texts
    text = f"Unknown field; known: {', '.join(sorted(schema.fields)) or 'none'}."
    hint = did_you_mean(str(name)[:100], schema.fields)
    return [text, hint] if hint else [text]


def _flatten(messages: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, dict):
        for key, deeper in messages.items():
            yield from _flatten(deeper, f"{name}.{key}" if name else str(key))
    else:
        yield name, [str(text) for text in messages]


def library_check(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a validator that calls `check`; the hint of its InvalidInput is a second message."""

    def validate(value: Any) -> None:
        try:
            check(value)
        except InvalidInput as error:
            raise ValidationError([str(error), *([error.hint] if error.hint else [])]) from None

    return described(**keywords_of(check))(validate)


# -- declarations


def declare(
    field: fields.Field[Any], *, default: Any = missing, factory: Any = missing, **facts: Any
) -> Any:
    """Return a dataclass field that the marshmallow `field` parses and describes.

    Without a `default` or a `factory` the value is required, unless `resolved=True` declares that
    `Params.resolve` provides it; a default of None also allows null. `facts` are stored in the
    metadata of the dataclass field, such as `visual=False` if it does not change the picture.
    """
    metadata = {"field": field, **facts}
    if factory is not missing:
        field.load_default = factory
        return dataclasses.field(default_factory=factory, metadata=metadata)
    if default is not missing:
        field.load_default = default
        field.allow_none = field.allow_none or default is None
        return dataclasses.field(default=default, metadata=metadata)
    field.required = not facts.get("resolved", False)
    return dataclasses.field(metadata=metadata)


def optional(field: fields.Field[Any], **facts: Any) -> Any:
    """Return a dataclass field that may be omitted, but not be null; None means omitted."""
    return dataclasses.field(default=None, metadata={"field": field, **facts})


def mm(description: str, least: float, most: float, *, default: Any = missing, **facts: Any) -> Any:
    """Declare a length; the description says "in mm" at the end of its first clause."""
    text = _with_unit(description, "in mm")
    return number(text, least, most, default=default, unit="mm", **facts)


def angle(description: str, *, default: Any = missing, **facts: Any) -> Any:
    """Declare an angle in degrees, from -360 to 360."""
    text = _with_unit(description, "in degrees")
    return number(text, -360, 360, default=default, unit="degrees", **facts)


def _with_unit(description: str, unit: str) -> str:
    return CLAUSE_END.sub(f", {unit}", description, count=1) + "."


def tolerance(of: str = "the true curve", *, default: float) -> Any:
    """Declare the maximum deviation of a line from the curve that it approximates, in mm."""
    return mm(f"Maximum deviation from {of}", 0.005, 1, default=default)


def number(
    description: str,
    least: float,
    most: float,
    *,
    default: Any = missing,
    unit: str | None = None,
    **facts: Any,
) -> Any:
    """Declare a number, in `unit` if it has one."""
    metadata = {"description": description} | ({"x-unit": unit} if unit else {})
    return declare(
        fields.Float(validate=Range(least, most), metadata=metadata), default=default, **facts
    )


def whole(description: str, least: int, most: int, *, default: Any = missing, **facts: Any) -> Any:
    field = WholeNumber(validate=Range(least, most), metadata={"description": description})
    return declare(field, default=default, **facts)


def choice(description: str, choices: Any, *, default: Any = missing, **facts: Any) -> Any:
    """Declare one of several strings; `choices` is a `Literal`, a `StrEnum` or a sequence."""
    texts = [str(one) for one in get_args(choices) or choices]
    field = fields.String(validate=OneOf(texts), metadata={"description": description})
    return declare(field, default=default, **facts)


def flag(description: str, *, default: bool, **facts: Any) -> Any:
    field = TrueOrFalse(metadata={"description": description})
    return declare(field, default=default, **facts)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(declare, optional, mm, angle, tolerance, number, whole, choice, flag),
)
class Params:
    """Base of typed declarations: each subclass is a frozen dataclass with a schema.

    Example:
        >>> class Ring(Params):
        ...     radius: float = mm("Radius", 1, 100, default=20.0)
        >>> Ring.load({"radius": "5"})
        Ring(radius=5.0)
    """

    # Ignore unknown fields instead of rejecting them.
    ignores_unknown: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def declared(cls) -> dict[str, dataclasses.Field[Any]]:
        """Return the declared fields by name, in the order of declaration."""
        declared = dataclasses.fields(cls)  # type: ignore[arg-type]
        return {one.name: one for one in declared if "field" in one.metadata}

    @classmethod
    def schema(cls) -> type[Schema]:
        """Return the marshmallow schema of this class; its `load` returns an instance."""
        if "_schema" not in cls.__dict__:
            cls._schema = _schema_of(cls)  # type: ignore[attr-defined]
        found: type[Schema] = cls.__dict__["_schema"]
        return found

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self:
        """Return an instance parsed from `values`, with defaults filled in.

        Raises:
            InvalidFields: a field is invalid; lists all invalid fields, prefixed with `inside`.
        """
        schema = instance_of(cls.schema())
        try:
            loaded: Any = schema.load(values)
        except ValidationError:
            raise InvalidFields(dict(_flatten(find_mistakes(schema, values), inside))) from None
        assert isinstance(loaded, cls)  # noqa: S101 - for the type checker
        return loaded

    def check(self, given: frozenset[str]) -> None:
        """Raise `InvalidFields` if fields contradict each other; `given` are the names passed."""

    @classmethod
    def inputs(cls) -> dict[str, fields.Field[Any]]:
        """Return the class attributes without annotation that are marshmallow fields, by name.

        They are parsed and documented, but not stored: `resolve` derives declared fields from them.
        """
        attributes = {
            name: one for base in reversed(cls.__mro__) for name, one in vars(base).items()
        }
        return {name: one for name, one in attributes.items() if isinstance(one, fields.Field)}

    @classmethod
    def prepare(cls, given: Any) -> Any:
        """Transform the raw input, of any type, before it is parsed."""
        return given

    @classmethod
    def resolve(cls, parsed: dict[str, Any]) -> dict[str, Any]:
        """Return the declared fields, derived from `parsed`, which includes the inputs."""
        return parsed

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Yield error messages by field for invalid combinations, even if other fields are invalid.

        `parsed` has the fields that could be parsed, with defaults, and `given` the raw input.
        """
        yield from ()

    def check_order(self, given: frozenset[str], least: str, most: str) -> None:
        """Raise `InvalidFields` if both fields were given and `least` exceeds `most`."""
        if {least, most} <= given and getattr(self, least) > getattr(self, most):
            raise InvalidFields({least: [f"Must not be more than {most}."]})

    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.declared()}


@functools.cache
def instance_of(schema: type[Schema]) -> Schema:
    """Return the shared instance of a schema: a new one copies its fields, which takes longer than loading."""
    return schema()


class _LenientSchema(Schema):
    class Meta:
        unknown = EXCLUDE


class OneOfField(fields.Field[Params]):
    """An object of one of several declarations, selected by its member `discriminator`."""

    def __init__(
        self, discriminator: str, choices: Registry[Any], *, name: str, **options: Any
    ) -> None:
        """Accept the declarations in `choices`; `name` is the name of their union in OpenAPI."""
        super().__init__(**options)
        self.discriminator = discriminator
        self.choices = choices
        self.union_name = name

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Params:
        if not isinstance(value, Mapping):
            raise ValidationError("Must be an object.")
        if self.discriminator not in value:
            raise ValidationError({self.discriminator: ["Missing data for required field."]})
        name = value[self.discriminator]
        if not isinstance(name, str) or name not in self.choices:
            text = f"Must be one of: {', '.join(self.choices)}."
            raise ValidationError({self.discriminator: [text]})
        schema = instance_of(self.choices[name].schema())
        try:
            loaded: Params = schema.load(value)
        except ValidationError:
            raise ValidationError(find_mistakes(schema, value)) from None
        return loaded


def _merged_mistakes(cls: type[Params], parsed: Mapping[str, Any], original: Any) -> Any:
    if not isinstance(original, Mapping):
        return {}  # reported by the schema
    return functools.reduce(merge_errors, cls.mistakes(parsed, original), {})


def _check(cls: type[Params], parsed: Mapping[str, Any], original: Any) -> None:
    if _merged_mistakes(cls, parsed, original):
        return  # reported by the other validator; `cls` may fail
    given = frozenset(original) if isinstance(original, Mapping) else frozenset()
    try:
        cls(**cls.resolve(dict(parsed))).check(given)
    except InvalidFields as error:
        raise ValidationError(dict(error.errors)) from None


def _schema_of(cls: type[Params]) -> type[Schema]:
    def find(_: Schema, parsed: Mapping[str, Any], original: Any, **__: Any) -> None:
        found = _merged_mistakes(cls, parsed, original)
        if found:
            raise ValidationError(found)

    def check(_: Schema, parsed: Mapping[str, Any], original: Any, **__: Any) -> None:
        _check(cls, parsed, original)

    def prepare(_: Schema, given: Any, **__: Any) -> Any:
        return cls.prepare(given)

    def make(_: Schema, parsed: Mapping[str, Any], **__: Any) -> Params:
        return cls(**cls.resolve(dict(parsed)))

    members: dict[str, Any] = {name: one.metadata["field"] for name, one in cls.declared().items()}
    members |= {
        **cls.inputs(),
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "json_schema": keywords_of(cls),
        "_prepare": pre_load(prepare),
        "_find": validates_schema(find, pass_original=True, skip_on_field_errors=False),
        "_make": post_load(make),
    }
    if cls.check is not Params.check:
        members["_check"] = validates_schema(check, pass_original=True)
    base = _LenientSchema if cls.ignores_unknown else Schema
    return base.from_dict(members, name=f"{cls.__name__}Schema")
