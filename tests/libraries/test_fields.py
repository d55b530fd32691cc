from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import pytest
from marshmallow import fields

from libraries.fields import (
    InvalidFields,
    OneOfField,
    Params,
    choice,
    declare,
    flag,
    mm,
    number,
    whole,
)
from libraries.registry import Registry


class Ring(Params):
    """A ring."""

    radius: float = mm("Radius", 1, 100, default=20.0)
    inner: float = mm("Inner radius", 0, 100, default=5.0)
    count: int = whole("Number of rings", 1, 9, default=1)
    style: str = choice("How it is drawn", ["plain", "double"], default="plain")
    closed: bool = flag("Whether the ends meet", default=True)
    names: list[str] = declare(fields.List(fields.String()), factory=list)

    def check(self, given: frozenset[str]) -> None:
        self.check_order(given, "inner", "radius")


class LabelledRing(Ring):
    """A ring with a label."""

    label: str = declare(fields.String(), visual=False)


def test_defaults_and_texts_of_numbers_load_as_typed_values() -> None:
    assert Ring.load({"radius": "7.5"}) == Ring(radius=7.5)
    assert Ring() == Ring.load({})


def test_every_invalid_field_is_reported_below_its_object() -> None:
    with pytest.raises(InvalidFields) as caught:
        Ring.load({"radius": 0, "count": 1.5, "colour": "red"}, inside="params")
    assert set(caught.value.errors) == {"params.radius", "params.count", "params.colour"}


def test_fields_that_contradict_each_other_are_refused_only_where_both_were_given() -> None:
    assert Ring.load({"radius": 3}).inner == 5.0
    with pytest.raises(InvalidFields) as caught:
        Ring.load({"radius": 3, "inner": 4})
    assert caught.value.errors == {"inner": ["Must not be more than radius."]}


def test_a_subclass_adds_fields_and_keeps_those_of_its_base() -> None:
    ring = LabelledRing.load({"label": "a", "radius": 2})
    assert (ring.radius, ring.label) == (2.0, "a")
    assert list(LabelledRing.declared()) == [*Ring.declared(), "label"]
    assert LabelledRing.declared()["label"].metadata["visual"] is False
    with pytest.raises(InvalidFields):
        LabelledRing.load({})


def test_an_instance_cannot_be_changed_and_mutable_defaults_are_not_shared() -> None:
    ring = Ring()
    with pytest.raises(AttributeError):
        ring.radius = 3.0  # type: ignore[misc]
    assert ring.names is not Ring().names


class Style(StrEnum):
    """The style of a disc."""

    PLAIN = "plain"
    DOUBLE = "double"


class Disc(Params):
    """A disc."""

    fill: Literal["none", "solid"] = choice("Filling", Literal["none", "solid"], default="none")
    style: Style = choice("Style", Style, default=Style.PLAIN)
    hole: float | None = mm("Radius of the hole", 1, 9, default=None)
    turn: float = number("Turn in turns", 0, 1, unit="turns", default=0.5)


def test_choices_come_from_a_literal_or_an_enumeration() -> None:
    assert Disc.load({"fill": "solid", "style": "double"}).style == Style.DOUBLE
    with pytest.raises(InvalidFields, match="fill: Must be one of: none, solid"):
        Disc.load({"fill": "double"})


def test_a_field_whose_default_is_none_takes_null_and_its_range_otherwise() -> None:
    assert Disc.load({"hole": None}).hole is None
    with pytest.raises(InvalidFields):
        Disc.load({"hole": 10})
    with pytest.raises(InvalidFields):
        Disc.load({"turn": None})


def test_a_unit_is_part_of_the_description_of_a_field() -> None:
    declared = Disc.schema()().fields
    assert declared["hole"].metadata["x-unit"] == "mm"
    assert declared["turn"].metadata["x-unit"] == "turns"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Size", "Size, in mm."),
        ("Size; 0 for none", "Size, in mm; 0 for none."),
        ("Size up to 0.5. If not given, 2", "Size up to 0.5, in mm. If not given, 2."),
    ],
)
def test_the_unit_follows_the_first_clause_of_a_description(
    description: str, expected: str
) -> None:
    declared = mm(description, 0, 10)
    assert declared.metadata["field"].metadata["description"] == expected


def test_values_are_what_a_schema_loads() -> None:
    ring = Ring(radius=9.0)
    assert Ring.load(ring.values()) == ring


class Square(Params):
    """A square, defined by its side or its area."""

    area = fields.Float()

    kind: str = choice("What it is", ["square"], default="square")
    side: float = mm("Side", 1, 100, resolved=True)

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        if "side" not in given and "area" not in given:
            yield {"side": ["Missing."]}

    @classmethod
    def resolve(cls, parsed: dict[str, Any]) -> dict[str, Any]:
        area = parsed.pop("area", None)
        return parsed if area is None else {**parsed, "side": area**0.5}


def test_an_input_is_parsed_and_becomes_a_declared_field() -> None:
    assert Square.load({"area": "16"}) == Square(side=4.0)
    assert list(Square.declared()) == ["kind", "side"]
    assert set(Square.schema()().fields) == {"kind", "side", "area"}


def test_invalid_combinations_are_reported_with_invalid_fields() -> None:
    with pytest.raises(InvalidFields) as caught:
        Square.load({"kind": "round", "colour": 1})
    assert set(caught.value.errors) == {"kind", "side", "colour"}


def test_unknown_fields_are_ignored_only_if_declared() -> None:
    class Lenient(Ring):
        ignores_unknown = True

    assert Lenient.load({"colour": "red"}) == Lenient()


def test_one_of_several_declarations_is_chosen_by_its_name() -> None:
    choices: Registry[type[Params]] = Registry("shape")
    choices.add("ring", Ring)
    choices.add("square", Square)

    class Sheet(Params):
        shapes: list[Params] = declare(fields.List(OneOfField("kind", choices, name="Shape")))

    assert Sheet.load({"shapes": [{"kind": "square", "side": 2}]}).shapes == [Square(side=2.0)]
    with pytest.raises(InvalidFields) as caught:
        Sheet.load({"shapes": [{"kind": "square", "size": 1}, {"kind": "oval"}, {}, 7]})
    assert set(caught.value.errors) == {
        "shapes.0.side", "shapes.0.size", "shapes.1.kind", "shapes.2.kind", "shapes.3",
    }  # fmt: skip
