"""Halftone: a picture in the tones of lines, waves, a spiral, dots, or crossed hatches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

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
    """A picture in evenly spaced lines that make its tones by waves, or in dots that grow, or in hatches that cross.

    Where the picture is darker, waves are higher and shorter. Neighbouring lines are joined at
    their ends, and a spiral is one stroke from its middle to its rim. Dots are spirals that the pen
    fills from the middle. Hatches lie in up to four directions over each other, one more for each
    step into the dark. White paper stays empty, but for the spiral.

    Send a picture of your own as `image`. The seed varies pictures that are made by formula, and
    where the waves begin.
    """

    style: Style = choice(
        "How tones are made: waves on parallel lines (squiggle) or on one spiral (spiral), filled "
        "dots that grow (dots), or up to four hatches over each other (cross-hatch).",
        Style,
        default="squiggle",
    )
    channel: str = choice(
        "What of the picture is drawn: its greys, or what one ink has to print of its colours, so "
        "that four halftones, each with its own pen and angle, make one picture in colour. Black "
        "takes over what is grey in a colour: K = 1 - max(R, G, B), C = (1 - R - K) / (1 - K), M "
        "and Y likewise. An ink that the picture does not need draws nothing. Give all four the "
        "same seed, and an equalise of 0.",
        CHANNELS,
        default=GREY,
    )
    spacing: float = mm("Distance of the lines, turns or dots", 0.4, 50, default=2.2)
    amplitude: float = number(
        "How far the waves of the darkest tone, or its dots, fill the spacing; at more than 1 "
        "they overlap.",
        0,
        1.5,
        default=0.95,
    )
    wavelength: float = mm(
        "Length of the waves of the darkest tone; those of lighter ones are longer",
        0.3,
        50,
        default=1.0,
    )
    fill: float = mm(
        "Distance of the turns that fill a dot; as wide as the pen makes it solid",
        0.15,
        5,
        default=0.35,
    )
    angle: float = angle(
        "Direction of the lines, or of the rows of dots, clockwise from three o'clock", default=0.0
    )
    tolerance: float = tolerance("the true wave", default=0.02)

    def cost(self, area: Area) -> float:
        """Return a bound of the points; the picture is sampled at a bounded number of places."""
        box = self._box(area)
        # Every line samples the tones under it; where that alone is too much, nothing is sampled.
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

        A wave of amplitude A and length L has a curvature of A * (2 pi / L)**2 at its crests, and a
        chord of length c leaves a curve of curvature k by k * c**2 / 8: points are set as closely
        as the larger of the two next ones asks.
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
        low, high = (area.left, area.top), (area.right, area.bottom)
        yield from (np.clip(stroke, low, high) for stroke in strokes)

    def _box(self, area: Area) -> Box:
        """Return where the picture is placed: the whole area, or the square around the spiral."""
        width, height = area.inner_width, area.inner_height
        if self.style == "spiral":
            width = height = min(width, height)
        return Box(area.width / 2 - width / 2, area.height / 2 - height / 2, width, height)

    def _halftone(self, box: Box, tones: Tones) -> Halftone:
        return Halftone(
            tones=tones,
            box=box,
            angle=math.radians(self.angle),
            spacing=self.spacing,
            # In a small area less than the amplitude asks.
            reach=float(min(self.amplitude * self.spacing / 2, box.width / 4, box.height / 4)),
            wavelength=self.wavelength,
            fill=self.fill,
            tolerance=self.tolerance,
        )
