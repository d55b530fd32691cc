"""Allowed attributes of SVG elements, and checks of their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from svgwrite.data.colors import colornames

from libraries.errors import InvalidInput, UnknownName, did_you_mean
from libraries.geometry.transforms import (
    Matrix,
    combined,
    matrix,
    rotation,
    scaling,
    skewing,
    translation,
)
from libraries.json_types import described, keywords_of
from libraries.svg_syntax.numbers import MAX_NUMBER, written, written_positive

TRANSFORM = re.compile(
    r"\s*+(translate|scale|rotate|skewX|skewY|matrix)\s*+\(([0-9eE+\-.,\s]{1,200}+)\)\s*+,?",
    re.ASCII,
)
TRANSFORM_ARGUMENTS = {
    "translate": {1, 2},
    "scale": {1, 2},
    "rotate": {1, 3},
    "skewX": {1},
    "skewY": {1},
    "matrix": {6},
}
MAX_TRANSFORM_CHARS = 1000


# Not every name of this form is a colour.
@described(pattern="^(#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|[a-zA-Z]{3,20})$")
def check_colour(value: object, name: str) -> str:
    """Return the colour `value` in lower case: hexadecimal, a CSS name, or `none`.

    Raises:
        InvalidInput: `value` is none of these.
    """
    text = value.lower() if isinstance(value, str) and len(value) <= 32 else ""  # noqa: PLR2004 - longer than any colour
    if (
        text != "none"
        and text not in colornames
        and not re.fullmatch(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", text, re.ASCII)
    ):
        raise InvalidInput(
            f"{name} must be a colour such as black or #1a5fb4, or none",
            field=name,
            hint=did_you_mean(text, colornames) if text else None,
            code="bad-colour",
        )
    return text


@described(**keywords_of(check_colour))
def check_ink_colour(value: str) -> None:
    """Raise InvalidInput for an invalid colour, and for `none`."""
    if check_colour(value, "color") == "none":
        raise InvalidInput("must be a colour other than none", field="color", code="bad-colour")


def check_transform(value: object, name: str) -> str:
    """Return the transform list `value` with rounded numbers."""
    steps = _transform_steps(value, name)
    return " ".join(
        f"{kind}({' '.join(written(number, name) for number in numbers)})"
        for kind, numbers in steps
    )


def transform_matrix(value: object, name: str = "transform") -> Matrix:
    """Return the transform list `value` as one matrix.

    Raises:
        InvalidInput: `value` is not a transform list, or a number is too large.
    """
    return combined(*(_MATRICES[kind](*numbers) for kind, numbers in _transform_steps(value, name)))


def _transform_steps(value: object, name: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the kind and the numbers of each transform in a list."""
    if not isinstance(value, str) or len(value) > MAX_TRANSFORM_CHARS:
        raise _bad_attribute(
            name, f"{name} must be text of at most {MAX_TRANSFORM_CHARS} characters"
        )
    position = 0
    while position < len(value):
        found = TRANSFORM.match(value, position)
        if found is None:
            raise _bad_attribute(
                name, f"{name} must be a list such as 'translate(10 20) rotate(45)'"
            )
        yield found[1], _transform_numbers(found[1], found[2], name)
        position = found.end()


def _transform_numbers(kind: str, text: str, name: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise _bad_attribute(name, f"{name}: the arguments of {kind}() must be numbers") from None
    if len(numbers) not in TRANSFORM_ARGUMENTS[kind]:
        raise _bad_attribute(name, f"{name}: wrong number of arguments in {kind}()")
    for number in numbers:
        # NaN fails this comparison.
        if not abs(number) <= MAX_NUMBER:
            written(number, name)
    return numbers


_MATRICES: Mapping[str, Callable[..., Matrix]] = {
    "translate": lambda across, down=0.0: translation(across, down),
    "scale": scaling,
    "rotate": lambda degrees, x=0.0, y=0.0: rotation(degrees, (x, y)),
    "skewX": skewing,
    "skewY": lambda degrees: skewing(0.0, degrees),
    "matrix": matrix,
}


def check_identifier(value: object, name: str) -> str:
    """Return `value` if it is a valid id of an element."""
    if not isinstance(value, str) or not re.fullmatch(
        r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", value, re.ASCII
    ):
        raise _bad_attribute(
            name,
            f"{name} must have 1 to 64 letters, digits, '_', '.' and '-', first a letter or '_'",
        )
    return value


def _share(value: object, name: str) -> str:
    text = written(value, name)
    if not 0 <= float(text) <= 1:
        raise _bad_attribute(name, f"{name} must be from 0 to 1")
    return text


def _one_of(*choices: str) -> Callable[[object, str], str]:
    def check(value: object, name: str) -> str:
        if value not in choices:
            raise _bad_attribute(name, f"{name} must be one of {', '.join(choices)}")
        return str(value)

    return check


def _bad_attribute(name: str, text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-attribute", field=name)


ATTRIBUTES: Mapping[str, Callable[[object, str], str]] = {
    "fill": check_colour,
    "fill-opacity": _share,
    "fill-rule": _one_of("nonzero", "evenodd"),
    "font-family": _one_of("serif", "sans-serif", "monospace"),
    "font-size": written_positive,
    "id": check_identifier,
    "opacity": _share,
    "stroke": check_colour,
    "stroke-linecap": _one_of("butt", "round", "square"),
    "stroke-linejoin": _one_of("miter", "round", "bevel"),
    "stroke-opacity": _share,
    "stroke-width": written_positive,
    "text-anchor": _one_of("start", "middle", "end"),
    "transform": check_transform,
}


def check_attributes(attributes: Mapping[str, object]) -> dict[str, str]:
    """Return checked `attributes` by their SVG names (`stroke_width` is `stroke-width`).

    Raises:
        UnknownName: a name is not listed in `ATTRIBUTES`.
        InvalidInput: a value is invalid.
    """
    checked = {}
    for given, value in attributes.items():
        name = str(given).replace("_", "-")
        if name not in ATTRIBUTES:
            raise UnknownName("attribute", given, ATTRIBUTES)
        checked[name] = ATTRIBUTES[name](value, name)
    return checked
