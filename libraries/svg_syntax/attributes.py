"""Which attributes an element may carry, and how each value is checked and written.

What is not listed is refused.
"""

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
from libraries.svg_syntax.numbers import written, written_positive

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


class BadColour(InvalidInput):
    """Raised when a colour is neither a hexadecimal one, nor a name of CSS, nor `none`."""

    code = "bad-colour"


def check_colour(value: object, name: str) -> str:
    """Return the colour `value` in lower case: hexadecimal, a name of CSS, or `none`.

    Raises:
        BadColour: it is none of these.
    """
    text = value.lower() if isinstance(value, str) and len(value) <= 32 else ""  # noqa: PLR2004 - longer than any colour
    if (
        text != "none"
        and text not in colornames
        and not re.fullmatch(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", text, re.ASCII)
    ):
        raise BadColour(
            f"{name} must be a colour such as black or #1a5fb4, or none",
            field=name,
            hint=did_you_mean(text, colornames) if text else None,
        )
    return text


def check_transform(value: object, name: str) -> str:
    """Return the list of transforms `value` with its numbers rewritten.

    Raises:
        InvalidInput: it is not such a list.
    """
    steps = _transform_steps(value, name)
    return " ".join(
        f"{kind}({' '.join(written(number, name) for number in numbers)})"
        for kind, numbers in steps
    )


def transform_matrix(value: object, name: str = "transform") -> Matrix:
    """Return what the list of transforms `value` does, as one matrix.

    Raises:
        InvalidInput: it is no such list.
        InvalidInput: a number in it is too large.
        InvalidInput: the steps together are too large.
    """
    return combined(*(_MATRICES[kind](*numbers) for kind, numbers in _transform_steps(value, name)))


def _transform_steps(value: object, name: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the steps of a list of transforms: the kind, and its numbers."""
    if not isinstance(value, str) or len(value) > MAX_TRANSFORM_CHARS:
        raise InvalidInput(
            f"{name} must be text of at most {MAX_TRANSFORM_CHARS} characters",
            code="bad-attribute",
            field=name,
        )
    place = 0
    while place < len(value):
        found = TRANSFORM.match(value, place)
        if found is None:
            raise InvalidInput(
                f"{name} must be a list such as 'translate(10 20) rotate(45)'",
                code="bad-attribute",
                field=name,
            )
        yield found[1], _transform_numbers(found[1], found[2], name)
        place = found.end()


def _transform_numbers(kind: str, text: str, name: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise InvalidInput(
            f"{name} holds something in {kind}() that is not a number",
            code="bad-attribute",
            field=name,
        ) from None
    if len(numbers) not in TRANSFORM_ARGUMENTS[kind]:
        raise InvalidInput(
            f"{name} has the wrong count of numbers in {kind}()", code="bad-attribute", field=name
        )
    for number in numbers:
        written(number, name)
    return numbers


def _turned(degrees: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    return rotation(degrees, (x, y))


_MATRICES: Mapping[str, Callable[..., Matrix]] = {
    "translate": lambda across, down=0.0: translation(across, down),
    "scale": scaling,
    "rotate": _turned,
    "skewX": skewing,
    "skewY": lambda degrees: skewing(0.0, degrees),
    "matrix": matrix,
}


def check_identifier(value: object, name: str) -> str:
    """Return `value` if it can be the id of an element.

    It has up to 64 letters, digits, `_`, `.` and `-`, and begins with a letter or `_`.

    Raises:
        InvalidInput: it cannot.
    """
    if not isinstance(value, str) or not re.fullmatch(
        r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", value, re.ASCII
    ):
        raise InvalidInput(
            f"{name} must begin with a letter and hold letters, digits, '_', '.' and '-' only",
            code="bad-attribute",
            field=name,
        )
    return value


def _share(value: object, name: str) -> str:
    text = written(value, name)
    if not 0 <= float(text) <= 1:
        raise InvalidInput(f"{name} must lie between 0 and 1", code="bad-attribute", field=name)
    return text


def _one_of(*choices: str) -> Callable[[object, str], str]:
    def check(value: object, name: str) -> str:
        if value not in choices:
            raise InvalidInput(
                f"{name} must be one of {', '.join(choices)}", code="bad-attribute", field=name
            )
        return str(value)

    return check


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
    """Return checked `attributes` by their names in SVG (`stroke_width` is `stroke-width`).

    Raises:
        UnknownName: a name is not listed in `ATTRIBUTES`.
        InvalidInput, BadColour: a value is not one that its attribute may have.
    """
    checked = {}
    for given, value in attributes.items():
        name = str(given).replace("_", "-")
        if name not in ATTRIBUTES:
            raise UnknownName("attribute", given, ATTRIBUTES)
        checked[name] = ATTRIBUTES[name](value, name)
    return checked
