"""Parameters and tones that all image patterns share."""

from __future__ import annotations

import numpy as np

from libraries.fields import Params, choice, declare, number
from libraries.imaging.channels import GREY
from libraries.imaging.field import image_field, open_image, rough_image
from libraries.imaging.reading import Greys
from libraries.imaging.tones import Box, Fit, Tones, place


class PictureParams(Params):
    """The image of a pattern and the parameters of its tones."""

    image: str = declare(image_field(), default="portrait")
    fit: Fit = choice(
        "Whether the image fills the area and is cropped (cover) or is shown completely (contain).",
        Fit,
        default="cover",
    )
    gamma: float = number(
        "Exponent of the tones: more than 1 lightens the midtones, less than 1 darkens them.",
        0.2,
        5,
        default=1.5,
    )
    equalise: float = number(
        "Amount of histogram equalisation, from 0 for none to 1 for a uniform distribution.",
        0,
        1,
        default=0.15,
    )
    detail: float = number(
        "Strength of the sharpening of details, such as the eyes of a face.",
        0,
        3,
        default=0.6,
    )

    def tones(self, box: Box, rng: np.random.Generator, channel: str = GREY) -> Tones:
        """Return the tones of the image in `box`.

        Tones of a single ink are not stretched, so that the inks match each other.
        """
        return self._placed(open_image(self.image, rng, channel), box, channel)

    def rough_tones(self, box: Box, channel: str = GREY) -> Tones:
        """Return tones for estimates, of a small version of a generated image."""
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
