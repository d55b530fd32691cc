"""Halftone: a picture drawn as waves, a spiral, dots or crossed hatches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import angle, choice, mm, number, tolerance
from libraries.geometry.area import Area
from libraries.imaging.channels import CHANNELS, GREY
from libraries.imaging.controls import PictureParams
from libraries.imaging.halftones import Halftone, look_mm
from libraries.imaging.tones import Box, Tones
from libraries.patterns.catalogue import MAX_POINTS, Polyline, pattern

Style = Literal["squiggle", "spiral", "dots", "cross-hatch"]


@pattern
class HalftoneLines(PictureParams):
    """A picture drawn with waves, with growing dots, or with crossed hatches.

    Where the picture is darker, waves are higher and shorter. Neighbouring lines are joined at
    their ends, and a spiral is one stroke from its middle to its rim. Dots are filled with spirals.
    Hatches overlap in up to four directions, one more for each darker step. White paper stays
    empty, except for the spiral.

    Send your own picture as `image`. The seed varies generated pictures and the phase of the waves.
    """

    style: Style = choice(
        "How tones are made: waves on parallel lines (squiggle) or on one spiral (spiral), filled "
        "dots of different sizes (dots), or up to four overlapping hatches (cross-hatch).",
        Style,
        default="squiggle",
    )
    channel: str = choice(
        "Channel of the picture to draw: its greys, or one ink of a colour separation, so that "
        "four halftones, each with its own pen and angle, make one picture in colour. Black "
        "replaces the grey component: K = 1 - max(R, G, B), C = (1 - R - K) / (1 - K), M and Y "
        "likewise. An unused ink draws nothing. Use the same seed for all four, and equalise 0.",
        CHANNELS,
        default=GREY,
    )
    spacing: float = mm("Distance between lines, turns or dots", 0.4, 50, default=2.2)
    amplitude: float = number(
        "Size of the waves or dots of the darkest tone, as a share of the spacing; above 1 they "
        "overlap.",
        0,
        1.5,
        default=0.95,
    )
    wavelength: float = mm(
        "Length of the waves of the darkest tone; lighter ones are longer", 0.3, 50, default=1.0
    )
    fill: float = mm(
        "Distance between the turns that fill a dot; the width of the pen makes it solid",
        0.15,
        5,
        default=0.35,
    )
    angle: float = angle(
        "Direction of the lines, or of the rows of dots, clockwise from three o'clock", default=0.0
    )
    tolerance: float = tolerance("the true wave", default=0.02)

    presets = (
        Preset("one-line", "One spiral line", {"style": "spiral", "spacing": 1.8}),
        Preset("dots", "Slanted dots", {"style": "dots", "angle": 45.0}),
        Preset(
            "engraving", "Crossed hatches", {"style": "cross-hatch", "spacing": 1.4, "angle": 30.0}
        ),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points; the picture is sampled at a bounded number of points."""
        box = self._box(area)
        # If sampling the tones is too much work already, skip it.
        samples = box.width * box.height / self.spacing / look_mm(self.spacing)
        if samples > MAX_POINTS:
            return float(samples)
        halftone = self._halftone(box, self.rough_tones(box, self.channel))
        match self.style:
            case "squiggle":
                return halftone.squiggle_points()
            case "spiral":
                return halftone.spiral_points()
            case "dots":
                return halftone.dot_points()
            case "cross-hatch":
                return halftone.hatch_points()

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the strokes.

        A wave of amplitude A and length L has the curvature A * (2 pi / L)**2 at its crests, and a
        chord of length c deviates from a curve of curvature k by k * c**2 / 8, which determines the
        distance between points.
        """
        box = self._box(area)
        tones = self.tones(box, rng, self.channel).averaged(self.spacing / 3)
        halftone = self._halftone(box, tones)
        match self.style:
            case "squiggle":
                strokes = halftone.squiggles(rng)
            case "spiral":
                strokes = halftone.spiral(rng)
            case "dots":
                strokes = halftone.dots()
            case "cross-hatch":
                strokes = halftone.hatches()
        yield from map(area.clip, strokes)

    def _box(self, area: Area) -> Box:
        """Return the box of the picture: the whole area, or the square around the spiral."""
        width, height = area.inner_width, area.inner_height
        if self.style == "spiral":
            width = height = area.shorter_side
        return Box(area.width / 2 - width / 2, area.height / 2 - height / 2, width, height)

    def _halftone(self, box: Box, tones: Tones) -> Halftone:
        return Halftone(
            tones=tones,
            box=box,
            angle=math.radians(self.angle),
            spacing=self.spacing,
            # Limited in a small area.
            reach=float(min(self.amplitude * self.spacing / 2, box.width / 4, box.height / 4)),
            wavelength=self.wavelength,
            fill=self.fill,
            tolerance=self.tolerance,
        )
