"""The parameters that all patterns from pictures share, and the picture laid on the page by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range

from libraries.imaging.channels import GREY
from libraries.imaging.field import image_field, open_image, rough_image
from libraries.imaging.tones import CONTAIN, COVER, Box, Tones, place


class PictureSchema(Schema):
    """The picture of a pattern, and how its greys become tones of ink."""

    image = image_field(load_default="portrait")
    fit = fields.String(
        load_default=COVER,
        validate=OneOf([COVER, CONTAIN]),
        metadata={
            "description": "Whether the picture fills the room and loses what is too much (cover), or is all seen (contain)."
        },
    )
    gamma = fields.Float(
        load_default=1.5,
        validate=Range(0.2, 5),
        metadata={
            "description": "Exponent of the tones: more than 1 leaves the middle ones lighter, less than 1 makes them darker."
        },
    )
    equalise = fields.Float(
        load_default=0.15,
        validate=Range(0, 1),
        metadata={
            "description": "How far the greys are moved towards an even spread from black to white: 0 not at all, 1 all the way."
        },
    )
    detail = fields.Float(
        load_default=0.6,
        validate=Range(0, 3),
        metadata={
            "description": "How much the small features, such as the eyes of a face, are set off from what surrounds them."
        },
    )


def lay(
    box: Box, rng: np.random.Generator, *, image: str, channel: str = GREY, **controls: Any
) -> Tones:
    """Return the tones of the picture `image` in `box`; `controls` are the other fields of `PictureSchema`.

    Those of an ink, where `channel` is one of the inks of `CHANNELS`, are not stretched: the four would not match any more.
    """
    return place(open_image(image, rng, channel), box, stretch=channel == GREY, **controls)


def lay_roughly(box: Box, *, image: str, channel: str = GREY, **controls: Any) -> Tones:
    """Return the tones of the picture as `lay` does, coarser if it is made by formula: for estimates."""
    return place(rough_image(image, channel), box, stretch=channel == GREY, **controls)
