"""The parameters that all patterns from pictures share, and the tones that they give."""

from __future__ import annotations

from typing import Literal

import numpy as np

from libraries.fields import Params, choice, declare, number
from libraries.imaging.channels import GREY
from libraries.imaging.field import image_field, open_image, rough_image
from libraries.imaging.reading import Greys
from libraries.imaging.tones import Box, Tones, place

Fit = Literal["cover", "contain"]


class PictureParams(Params):
    """The picture of a pattern, and how its greys become tones of ink."""

    image: str = declare(image_field(), default="portrait")
    fit: Fit = choice(
        "Whether the picture fills the room and loses what is too much (cover), or is all seen "
        "(contain).",
        Fit,
        default="cover",
    )
    gamma: float = number(
        "Exponent of the tones: more than 1 leaves the middle ones lighter, less than 1 makes "
        "them darker.",
        0.2,
        5,
        default=1.5,
    )
    equalise: float = number(
        "How far the greys are moved towards an even spread from black to white: 0 not at all, 1 "
        "all the way.",
        0,
        1,
        default=0.15,
    )
    detail: float = number(
        "How much the small features, such as the eyes of a face, are set off from what surrounds "
        "them.",
        0,
        3,
        default=0.6,
    )

    def tones(self, box: Box, rng: np.random.Generator, channel: str = GREY) -> Tones:
        """Return the tones of the picture in `box`.

        Those of an ink, where `channel` is one of the inks of `CHANNELS`, are not stretched: the
        four would not match any more.
        """
        return self._placed(open_image(self.image, rng, channel), box, channel)

    def rough_tones(self, box: Box, channel: str = GREY) -> Tones:
        """Return tones for estimates, coarser if the picture is made by formula."""
        return self._placed(rough_image(self.image, channel), box, channel)

    def _placed(self, greys: Greys, box: Box, channel: str) -> Tones:
        return place(
            greys,
            box,
            fit=self.fit,
            gamma=self.gamma,
            equalise=self.equalise,
            detail=self.detail,
            stretch=channel == GREY,
        )
