"""Postcards: a message in single strokes, framed by what the occasion asks for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from marshmallow import Schema, ValidationError, fields, validates
from marshmallow.validate import Length, OneOf
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import load_fields
from libraries.geometry.curves import arc_chords
from libraries.lettering import (
    DEFAULT_FONT,
    LINE_PITCH,
    BadText,
    StrokeFont,
    advance_of,
    check_text,
    is_blank,
    stroke_font,
    wrap,
)
from libraries.registry import Registry
from libraries.storage import filename_part
from libraries.svg_builder import SVGBuilder

WIDTH, HEIGHT = 210.0, 148.0
CENTRE = (105.0, 74.0)
# What every template leaves free for the message, in mm.
MESSAGE_WIDTH, MESSAGE_HEIGHT = 158.0, 66.0
LARGEST_SCALE, SMALLEST_SCALE = 0.5, 0.1
SCALE_STEP = 0.94
LONGEST_MESSAGE, LONGEST_RECIPIENT = 500, 100
RECIPIENT_FONT = "scripts"
RECIPIENT_PLACE = (105.0, 122.0)
RECIPIENT_WIDTH = 110.0
RECIPIENT_SCALE = 0.26
# Full turns are drawn with chords of at most this distance from the curve, in mm.
TOLERANCE = 0.02

Stroke = NDArray[np.float64]
Decoration = Callable[[], list[Stroke]]


class MessageTooLong(InvalidInput):
    """Raised when a message does not fit on the card at a size that can be read."""

    code = "message-too-long"


class UnknownTemplate(UnknownName):
    """Raised when no postcard template has the name that was asked for."""

    code = "unknown-template"


TEMPLATES: Registry[Decoration] = Registry("template")


def template(decoration: Decoration) -> Decoration:
    """Register the decorated function as the template of its name; it returns its pen strokes, arrays of shape (n, 2) in mm."""
    return TEMPLATES.add(decoration.__name__, decoration)


@template
def plain() -> list[Stroke]:
    """Two fine frames, the inner one with its corners turned in."""
    return [_frame(8.0, 0.0), _frame(11.0, 6.0)]


@template
def birthday() -> list[Stroke]:
    """Bunting along the upper edge and balloons at the sides."""
    strokes = _bunting()
    for x, y, size, lean in (
        (20.0, 112.0, 6.5, 1.6),
        (36.0, 119.0, 5.2, -1.4),
        (190.0, 112.0, 6.5, -1.6),
        (174.0, 119.0, 5.2, 1.4),
    ):
        strokes += _balloon(x, y, size, lean)
    return strokes


@template
def thank_you() -> list[Stroke]:
    """A sprig of leaves in each corner."""
    sprig = _sprig()
    return [
        np.where([mirror_x, mirror_y], (WIDTH, HEIGHT) - stroke, stroke)
        for mirror_x in (False, True)
        for mirror_y in (False, True)
        for stroke in sprig
    ]


def find_template(name: str) -> Decoration:
    """Return the template called `name`.

    Raises:
        UnknownTemplate: there is none; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in TEMPLATES:
        raise UnknownTemplate("template", name, TEMPLATES, field="template_name")
    return TEMPLATES[name]


class PostcardSchema(Schema):
    """A postcard as it is asked for."""

    recipient = fields.String(
        required=True,
        validate=Length(1, LONGEST_RECIPIENT),
        metadata={
            "description": "Who the card is for; written below the message and part of the file's name."
        },
    )
    message = fields.String(
        required=True,
        validate=Length(1, LONGEST_MESSAGE),
        metadata={
            "description": "What the card says. Broken into lines and made smaller until it fits; line feeds are kept."
        },
    )
    template_name = fields.String(
        required=True,
        validate=OneOf(list(TEMPLATES)),
        metadata={"description": "Name of the template."},
    )

    @validates("recipient")
    def check_recipient(self, value: str, **_: Any) -> None:
        """Refuse a recipient without a visible character, or with one that cannot be drawn."""
        _checked(value, "recipient", stroke_font(RECIPIENT_FONT))

    @validates("message")
    def check_message(self, value: str, **_: Any) -> None:
        """Refuse a message that cannot be drawn, or has too many lines."""
        try:
            font = stroke_font(DEFAULT_FONT)
            fit_message(_checked(value, "message", font), font)
        except MessageTooLong as error:
            raise ValidationError(str(error)) from None


def draw_postcard(recipient: str, message: str, template_name: str) -> SVGBuilder:
    """Return a card of 210 x 148 mm with `message` around its centre, `recipient` below, and the strokes of the template.

    Raises:
        UnknownTemplate: there is no such template.
        InvalidFields: the recipient or the message is missing, too long or cannot be drawn.
    """
    decoration = find_template(template_name)
    card = load_fields(
        PostcardSchema(),
        {"recipient": recipient, "message": message, "template_name": template_name},
    )
    lines, scale = fit_message(check_text(card["message"]), stroke_font(DEFAULT_FONT))
    name = " ".join(check_text(card["recipient"]).split())
    name_scale = min(
        RECIPIENT_SCALE, RECIPIENT_WIDTH / advance_of(name, stroke_font(RECIPIENT_FONT))
    )
    svg = SVGBuilder(WIDTH, HEIGHT).title(f"Postcard, {template_name}").polylines(decoration())
    svg.hershey_text(*CENTRE, "\n".join(lines), scale)
    return svg.set_hershey_font(RECIPIENT_FONT).hershey_text(*RECIPIENT_PLACE, name, name_scale)


def postcard_name(recipient: str, template_name: str) -> str:
    """Return the name of the card's file: `postcards/postcard_<recipient>_<template>.svg`, safe whatever the recipient is."""
    return f"postcards/postcard_{filename_part(recipient)}_{filename_part(template_name)}.svg"


def fit_message(message: str, font: StrokeFont) -> tuple[list[str], float]:
    """Return `message` in lines, and the largest scale in mm to a font unit at which they fit into the card.

    Raises:
        MessageTooLong: it does not fit at a size that can be read.
    """
    text = message.strip()
    scale = LARGEST_SCALE
    while scale >= SMALLEST_SCALE:
        lines = wrap(text, font, MESSAGE_WIDTH / scale)
        tall = font.cap_height * (1 + LINE_PITCH * (len(lines) - 1))
        if tall * scale <= MESSAGE_HEIGHT:
            return _evened(text, font, MESSAGE_WIDTH / scale, len(lines)), scale
        scale *= SCALE_STEP
    raise MessageTooLong(
        "the message does not fit on the card; use fewer lines or fewer words", field="message"
    )


def _evened(text: str, font: StrokeFont, width: float, count: int) -> list[str]:
    """Return `text` in `count` lines of the least width that keeps to that count: no line is left with a single word."""
    low, high = width / 4, width
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (low, middle) if len(wrap(text, font, middle)) <= count else (middle, high)
    return wrap(text, font, high)


def _checked(value: str, name: str, font: StrokeFont) -> str:
    try:
        text = check_text(value, field=name)
    except BadText as error:
        raise ValidationError(str(error)) from None
    if is_blank(text):
        raise ValidationError("Must hold something to draw.")
    if not any(character in font for character in text if not is_blank(character)):
        # A few boxes among words can be read past. A card of nothing else is a wasted sheet.
        raise ValidationError(
            "The font has none of these characters, so that only boxes would be drawn."
        )
    return text


def _arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> Stroke:
    """Return an arc of an ellipse from the angle `start` to `end` in degrees, clockwise from three o'clock."""
    steps = int(arc_chords(max(radii), abs(math.radians(end - start)), TOLERANCE))
    angle = np.radians(np.linspace(start, end, steps + 1))
    return np.column_stack(
        (centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle))
    )


def _frame(inset: float, corner: float) -> Stroke:
    """Return a frame `inset` mm from the edges as one closed stroke, with corners turned in by `corner` mm."""
    left, top, right, bottom = inset, inset, WIDTH - inset, HEIGHT - inset
    corners = (
        (left, top, 90.0, 0.0),
        (right, top, 180.0, 90.0),
        (right, bottom, 270.0, 180.0),
        (left, bottom, 360.0, 270.0),
    )
    if not corner:
        return np.array([(x, y) for x, y, *_ in (*corners, corners[0])])
    parts = [_arc((x, y), (corner, corner), start, end) for x, y, start, end in corners]
    return np.concatenate([*parts, parts[0][:1]])


def _bunting() -> list[Stroke]:
    """Return three swags of a string with pennants, every other one hatched."""
    swags, strokes = 3, []
    string = [
        _swag(8 + 194 * number / swags, 8 + 194 * (number + 1) / swags, 9.0, 13.0)
        for number in range(swags)
    ]
    strokes.append(np.concatenate([string[0], *(swag[1:] for swag in string[1:])]))
    flags = [corners for swag in string for corners in _pennants(swag, 7)]
    for number, (left, right, tip) in enumerate(flags):
        strokes.append(np.array([left, tip, right]))
        if number % 2 == 0:
            strokes.append(_hatching(left, right, tip))
    return strokes


def _swag(start: float, end: float, height: float, sag: float) -> Stroke:
    """Return a string that hangs as a parabola, `sag` mm deep, between two nails at `height`."""
    along = np.linspace(-1, 1, 61)
    return np.column_stack((np.linspace(start, end, 61), height + sag * (1 - along**2)))


def _pennants(swag: Stroke, count: int) -> list[tuple[Stroke, Stroke, Stroke]]:
    """Return `count` pennants along the string `swag`: where they hang at the left and the right, and their tip."""
    width, drop, flags = 6.4, 9.5, []
    for x in np.linspace(swag[0, 0], swag[-1, 0], count + 2)[1:-1]:
        left, right = (
            np.array([at, np.interp(at, *swag.T)]) for at in (x - width / 2, x + width / 2)
        )
        slope = (right - left) / np.linalg.norm(right - left)
        flags.append((left, right, (left + right) / 2 + drop * np.array([-slope[1], slope[0]])))
    return flags


def _hatching(left: Stroke, right: Stroke, tip: Stroke) -> Stroke:
    """Return one zigzag stroke that fills a pennant and keeps clear of its edges."""
    depth = np.linspace(0.14, 0.78, 9)[:, None]
    inset = 0.09
    starts, ends = left + (tip - left) * depth, right + (tip - right) * depth
    starts, ends = starts + (ends - starts) * inset, ends - (ends - starts) * inset
    rows = np.stack((starts, ends), axis=1)
    rows[1::2] = rows[1::2, ::-1]
    zigzag: Stroke = rows.reshape(-1, 2)
    return zigzag


def _balloon(x: float, y: float, size: float, lean: float) -> list[Stroke]:
    """Return a balloon of half width `size` mm around (`x`, `y`): outline, knot and string in one stroke, and a glint.

    The string swings `lean` mm aside.
    """
    turn = np.linspace(math.pi, 3 * math.pi, 73)
    # A circle that is drawn out towards the knot.
    outline = np.column_stack(
        (x + size * np.sin(turn) * (1 + 0.08 * np.cos(turn)), y - 1.18 * size * np.cos(turn))
    )
    knot_y = y + 1.18 * size
    knot = np.array(
        [(x - 1.1, knot_y + 1.6), (x + 1.1, knot_y + 1.6), (x, knot_y), (x, knot_y + 1.6)]
    )
    fall = np.linspace(0, 1, 41)[1:]
    string = np.column_stack(
        (x + lean * np.sin(2.2 * math.pi * fall) * fall, knot_y + 1.6 + 2.6 * size * fall)
    )
    glint = _arc((x, y), (size * 0.68, size * 0.8), 190.0, 245.0)
    return [np.concatenate((outline, knot, string)), glint]


def _sprig() -> list[Stroke]:
    """Return the sprig of the upper left corner: two stems that part, with leaves to both sides."""
    return [
        *_branch((17.0, 17.0), (42.0, 20.0), (70.0, 12.5), leaves=9),
        *_branch((17.0, 17.0), (20.0, 38.0), (12.5, 60.0), leaves=8),
    ]


def _branch(
    start: tuple[float, float], bend: tuple[float, float], end: tuple[float, float], *, leaves: int
) -> list[Stroke]:
    """Return a stem, a quadratic Bezier curve, and its leaves, which grow smaller towards the tip."""
    from_start, to_bend, to_end = np.array(start), np.array(bend), np.array(end)

    def at(t: float) -> tuple[Stroke, float]:
        point = (1 - t) ** 2 * from_start + 2 * t * (1 - t) * to_bend + t**2 * to_end
        ahead = 2 * (1 - t) * (to_bend - from_start) + 2 * t * (to_end - to_bend)
        return point, math.atan2(ahead[1], ahead[0])

    strokes = [np.array([at(t)[0] for t in np.linspace(0, 1, 41).tolist()])]
    for number, t in enumerate(np.linspace(0.13, 0.91, leaves).tolist()):
        point, direction = at(t)
        aside = math.radians(52.0 if number % 2 else -52.0)
        strokes.append(_leaf(point, direction + aside, 8.6 - 3.8 * t))
    return [*strokes, _leaf(*at(1.0), 5.0)]


def _leaf(base: Stroke, direction: float, length: float) -> Stroke:
    """Return a pointed leaf of `length` mm as one closed stroke from its `base`, pointing to `direction` in radians."""
    along = np.linspace(0, 1, 17)
    belly = 0.21 * np.sin(math.pi * along**0.85)
    there = np.column_stack((along, belly))
    back = np.column_stack((along, -belly))[-2::-1]
    turned = np.array(
        [[math.cos(direction), math.sin(direction)], [-math.sin(direction), math.cos(direction)]]
    )
    leaf: Stroke = base + length * np.concatenate((there, back)) @ turned
    return leaf
