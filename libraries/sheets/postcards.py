"""Postcards: a message in single strokes, framed by a template."""

from __future__ import annotations

from marshmallow import ValidationError, fields
from marshmallow.validate import OneOf

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import Params, declare
from libraries.json_types import described, keywords_of
from libraries.lettering import (
    DEFAULT_FONT,
    LINE_PITCH,
    StrokeFont,
    advance_of,
    check_visible,
    is_blank,
    stroke_font,
    wrap,
)
from libraries.sheets.checks import checked_text
from libraries.sheets.planned import optimize_flag
from libraries.sheets.postcard_templates import HEIGHT, TEMPLATES, WIDTH
from libraries.storage import filename_part
from libraries.svg_builder import SVGBuilder

MAX_MESSAGE_CHARS, MAX_RECIPIENT_CHARS = 500, 100
# Free area for the message in every template.
MESSAGE_WIDTH_MM, MESSAGE_HEIGHT_MM = 158.0, 66.0
# Scales of the message, in mm per unit of the font.
MAX_SCALE, MIN_SCALE = 0.5, 0.1
RECIPIENT_FONT = "scripts"


@described(**keywords_of(check_visible))
def _check_recipient(value: str) -> None:
    _check_drawable(value, "recipient", stroke_font(RECIPIENT_FONT))


@described(**keywords_of(check_visible))
def _check_message(value: str) -> None:
    font = stroke_font(DEFAULT_FONT)
    fit_message(_check_drawable(value, "message", font), font)


class Postcard(Params):
    """A postcard of 210 x 148 mm."""

    recipient: str = checked_text(
        "Recipient of the card; drawn below the message and part of the file name.",
        1,
        MAX_RECIPIENT_CHARS,
        _check_recipient,
    )
    message: str = checked_text(
        "Message of the card. Wrapped and reduced until it fits; line feeds are kept.",
        1,
        MAX_MESSAGE_CHARS,
        _check_message,
    )
    template_name: str = declare(
        fields.String(
            validate=OneOf(list(TEMPLATES)), metadata={"description": "Name of the template."}
        )
    )
    optimize: bool = optimize_flag()

    @property
    def file_name(self) -> str:
        return postcard_name(self.recipient, self.template_name)

    @property
    def title(self) -> str:
        """Return the file name for clients, with the recipient as it was given."""
        return f"postcard_{self.recipient.replace('/', '_')}_{self.template_name}.svg"

    def draw(self) -> SVGBuilder:
        lines, scale = fit_message(check_visible(self.message), stroke_font(DEFAULT_FONT))
        name = " ".join(check_visible(self.recipient).split())
        name_scale = min(0.26, 110.0 / advance_of(name, stroke_font(RECIPIENT_FONT)))
        svg = SVGBuilder(WIDTH, HEIGHT).title(f"Postcard, {self.template_name}")
        svg.polylines(TEMPLATES[self.template_name]())
        svg.hershey_text(105.0, 74.0, "\n".join(lines), scale)
        return svg.set_hershey_font(RECIPIENT_FONT).hershey_text(105.0, 122.0, name, name_scale)


def load_postcard(recipient: str, message: str, template_name: str) -> Postcard:
    """Return a postcard; raises UnknownName for the template, and InvalidFields."""
    if not isinstance(template_name, str) or template_name not in TEMPLATES:
        raise UnknownName(
            "template", template_name, TEMPLATES, code="unknown-template", field="template_name"
        )
    return Postcard.load(
        {"recipient": recipient, "message": message, "template_name": template_name}
    )


def postcard_name(recipient: str, template_name: str) -> str:
    """Return `postcards/postcard_<recipient>_<template>.svg`, safe for any recipient."""
    return f"postcards/postcard_{filename_part(recipient)}_{filename_part(template_name)}.svg"


def fit_message(message: str, font: StrokeFont) -> tuple[list[str], float]:
    """Return the lines of a message and the largest scale that fits, in mm per font unit.

    Raises InvalidInput if the message does not fit at a readable size.
    """
    text = message.strip()
    scale = MAX_SCALE
    while scale >= MIN_SCALE:
        lines = wrap(text, font, MESSAGE_WIDTH_MM / scale)
        tall = font.cap_height * (1 + LINE_PITCH * (len(lines) - 1))
        if tall * scale <= MESSAGE_HEIGHT_MM:
            return _evened(text, font, MESSAGE_WIDTH_MM / scale, len(lines)), scale
        scale *= 0.94
    raise InvalidInput(
        "the message does not fit on the card; shorten it",
        code="message-too-long",
        field="message",
    )


def _evened(text: str, font: StrokeFont, width: float, count: int) -> list[str]:
    """Break `text` into `count` lines of minimum width, which avoids lines with one word."""
    low, high = width / 4, width
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (low, middle) if len(wrap(text, font, middle)) <= count else (middle, high)
    return wrap(text, font, high)


def _check_drawable(value: str, name: str, font: StrokeFont) -> str:
    text = check_visible(value, field=name)
    if not any(character in font for character in text if not is_blank(character)):
        raise ValidationError("The font has none of these characters.")
    return text
