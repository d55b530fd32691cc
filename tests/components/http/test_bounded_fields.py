"""Every list and object in a request has a limit that is checked before its members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length

from components.http.submissions import OPERATIONS
from libraries.fields import MAX_MEMBER_ERRORS, BoundedDict, BoundedList, OneOfField


def nested_fields(schema: Schema, path: str = "") -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, field in schema.fields.items():
        yield from with_inner(field, f"{path}.{name}")


def with_inner(field: fields.Field[Any], path: str) -> Iterator[tuple[str, fields.Field[Any]]]:
    yield path, field
    if isinstance(field, fields.List):
        yield from with_inner(field.inner, f"{path}[]")
    elif isinstance(field, fields.Nested):
        yield from nested_fields(field.schema, path)
    elif isinstance(field, OneOfField):
        for name, choice in field.choices.items():
            yield from nested_fields(choice.schema()(), f"{path}<{name}>")


def test_every_list_and_object_of_an_operation_is_bounded(client: FlaskClient) -> None:
    assert len(client.application.blueprints) > 10
    seen = 0
    for name, operation in OPERATIONS.items():
        for path, field in nested_fields(operation.body(), name):
            if isinstance(field, fields.List):
                seen += 1
                limits = [one for one in field.validators if isinstance(one, Length)]
                assert isinstance(field, BoundedList), path
                assert any(one.max or one.equal for one in limits), path
    assert seen >= 8


@pytest.mark.parametrize("length", [4, 1_000_000])
def test_a_list_that_is_too_long_is_not_parsed(length: int) -> None:
    parsed: list[object] = []

    class Member(fields.Integer):
        def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
            parsed.append(value)
            return super().deserialize(value, *args, **kwargs)

    field = BoundedList(Member(), validate=Length(max=3))
    with pytest.raises(ValidationError, match="Longer than maximum length 3"):
        field.deserialize([0] * length)
    assert parsed == []
    assert field.deserialize([1, 2, 3]) == [1, 2, 3]


def test_a_list_reports_a_hundred_wrong_members_at_most() -> None:
    field = BoundedList(fields.Integer())
    with pytest.raises(ValidationError) as caught:
        field.deserialize(["x"] * 100_000)
    assert len(caught.value.messages) == MAX_MEMBER_ERRORS
    with pytest.raises(ValidationError) as caught:
        field.deserialize([1, "x", 3])
    assert caught.value.messages == {1: ["Not a valid integer."]}


def test_an_object_with_too_many_members_is_not_parsed() -> None:
    field = BoundedDict(values=fields.Integer(), validate=Length(max=2))
    with pytest.raises(ValidationError, match="Longer than maximum length 2"):
        field.deserialize({str(number): "x" for number in range(3)})
    assert field.deserialize({"a": 1}) == {"a": 1}
