"""Generated images, so that image patterns work without an upload."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats
from libraries.imaging.channels import GREY, LEVELS, Colours, coloured, separated
from libraries.imaging.reading import Greys

ROWS = 560
# The y coordinates of the skull's centre and the tip of the nose in the portrait.
CROWN, TIP = -0.13, 0.12


def demo_image(name: str, rng: np.random.Generator, rows: int = ROWS) -> Greys:
    """Return the image `name` of `DEMOS`, from 0 for black to 1 for white; `rng` varies it."""
    scene = _scene(name, rng, rows)
    return scene if scene.ndim == 2 else separated(scene, GREY)  # noqa: PLR2004


def demo_colours(name: str, rng: np.random.Generator, rows: int = ROWS) -> Colours:
    """Return the image of `demo_image` in colour, if it has any."""
    scene = _scene(name, rng, rows)
    return scene if scene.ndim > 2 else coloured(scene)  # noqa: PLR2004


def _scene(name: str, rng: np.random.Generator, rows: int) -> NDArray[np.float32]:
    """Return the image as it was generated, read-only, and advance `rng` past it."""
    scene, state = _generated(name, json.dumps(rng.bit_generator.state), rows)
    rng.bit_generator.state = json.loads(state)
    return scene


# The inks of an image are drawn one after another, with the same seed.
@lru_cache(maxsize=4)
def _generated(name: str, state: str, rows: int) -> tuple[NDArray[np.float32], str]:
    """Return an image, and the state of the random numbers after it; `state` is the one before it."""
    rng = np.random.default_rng(0)
    rng.bit_generator.state = json.loads(state)
    # The aspect ratio of ISO A pages.
    side = 0.7
    columns = round(rows * side)
    v, u = np.meshgrid(
        (np.arange(rows) + 0.5) / rows * 2 - 1,
        ((np.arange(columns) + 0.5) / columns * 2 - 1) * side,
        indexing="ij",
    )
    scene = DEMOS[name](u, v, rng)
    # Rounding differences of processors disappear in these steps.
    rounded = np.asarray(np.round(np.clip(scene, 0, 1) * LEVELS) / LEVELS, dtype=np.float32)
    rounded.flags.writeable = False
    return rounded, json.dumps(rng.bit_generator.state)


def _gradient(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Return a linear gradient with a disc that has the opposite gradient."""
    turn = rng.uniform(-0.5, 0.5)
    ramp = 0.5 + 0.5 * (v * math.cos(turn) + u * math.sin(turn)) / 1.2
    away = np.sqrt((u - rng.uniform(-0.25, 0.25)) ** 2 + (v - rng.uniform(-0.45, -0.05)) ** 2)
    sun = 0.36
    return np.where(away < sun, 1 - 0.95 * ramp, 0.97 * ramp)


def _sphere(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Return a lit ball on a table with its shadow."""
    side = rng.choice((-1.0, 1.0))
    light = _unit(side * rng.uniform(0.4, 0.7), -rng.uniform(0.6, 0.9), 0.75)
    radius, cx, cy = 0.46, side * 0.06, 0.08
    x, y = (u - cx) / radius, (v - cy) / radius
    inside = 1 - x * x - y * y
    z = np.sqrt(np.maximum(inside, 0))
    lit = np.maximum(x * light[0] + y * light[1] + z * light[2], 0)
    back = np.maximum(y * 0.8 - x * light[0] * 0.4, 0) * 0.22
    shine = np.maximum(2 * (x * light[0] + y * light[1] + z * light[2]) * z - light[2], 0) ** 30
    ball = 0.05 + 0.8 * lit + back + 0.5 * shine
    horizon = 0.3
    floor = 0.62 + 0.3 * (v - horizon) / (1 - horizon)
    reach = ((u - cx + light[0] * 0.55) / 0.62) ** 2 + ((v - cy - radius * 0.93) / 0.15) ** 2
    floor = floor * (1 - 0.85 * np.exp(-(reach**1.3)))
    wall = 0.5 - 0.25 * (v + 0.2) - 0.22 * u * side
    scene = _mix(wall, floor, _step(v, horizon - 0.01, horizon + 0.02))
    return _mix(scene, ball, _step(inside, -0.01, 0.01))


def _landscape(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Return hazy mountain ridges below a moon."""
    moon = np.sqrt((u - rng.uniform(-0.35, 0.35)) ** 2 + (v + rng.uniform(0.45, 0.6)) ** 2)
    scene = 0.42 + 0.45 * (v + 1) / 2 + 0.25 * np.exp(-((moon / 0.35) ** 2))
    scene = _mix(scene, 1.0, _step(-moon, -0.155, -0.145))
    ridges = 6
    for number in range(ridges):
        near = number / (ridges - 1)
        rough = sum(
            rng.uniform(0.5, 1)
            / scale
            * np.abs(np.sin(u * scale * 2.4 + rng.uniform(0, 7)) + 0.35 * np.sin(u * scale * 5.3))
            for scale in (1, 2.2, 5, 11)
        )
        ridge = -0.05 + 0.95 * near**1.2 - 0.13 * (1.4 - near) * rough
        shade = 0.75 - 0.68 * near + 0.55 * (1 - near) * np.clip((v - ridge) / 0.45, 0, 0.7)
        scene = _mix(scene, shade, _step(v - ridge, -0.004, 0.004))
    return scene


def _dusk(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Return a low sun over a bay between hills, in colour."""
    side = rng.choice((-1.0, 1.0))
    sun_x, sun_y, radius = (
        -side * rng.uniform(0.0, 0.32),
        rng.uniform(-0.2, -0.02),
        rng.uniform(0.12, 0.17),
    )
    horizon = 0.22
    away = np.sqrt((u - sun_x) ** 2 + (v - sun_y) ** 2)
    scene = _blended(
        (
            (0.13, 0.24, 0.55),
            (0.36, 0.42, 0.74),
            (0.86, 0.52, 0.66),
            (0.99, 0.62, 0.38),
            (1.0, 0.80, 0.42),
        ),
        (v + 1) / (1 + horizon),
    )
    scene = _paint(scene, (1.0, 0.86, 0.42), 0.75 * np.exp(-((away / 0.42) ** 2)))
    scene = _clouds(scene, u, v, rng, away)
    scene = _paint(scene, (1.0, 0.95, 0.55), _step(-away, -radius - 0.004, -radius + 0.004))
    for base, high, colour in ((0.2, 0.24, (0.62, 0.42, 0.68)), (0.22, 0.16, (0.36, 0.27, 0.56))):
        ridge = base - high * _range(u[:1], rng) * np.clip(0.55 + side * u, 0.05, 1.2)
        haze = np.clip((v - ridge) / 0.3, 0, 0.6)[..., None] * (
            np.array((0.98, 0.62, 0.5)) - colour
        )
        scene = _paint(
            scene,
            np.asarray(colour) + haze,
            _step(v - ridge, -0.004, 0.004) * _step(horizon - v, -0.002, 0.002),
        )
    scene = _water(scene, u, v, sun_x, horizon)
    shore = 0.72 - 0.34 * np.clip(side * u + 0.45, 0, 1.2) ** 1.4 - 0.03 * _range(2 * u[:1], rng)
    rows = np.sin(26 * (v - shore) / (0.25 + np.abs(v - shore)) + 5 * side * u)
    meadow = _blended(
        ((0.62, 0.66, 0.22), (0.30, 0.50, 0.20), (0.10, 0.24, 0.15)), (v - shore) / (1 - shore)
    ) * (1 + 0.18 * rows[..., None])
    scene = _paint(scene, meadow, _step(v - shore, -0.004, 0.004))
    return _trees(scene, u, v, rng, side)


def _blended(colours: Sequence[tuple[float, float, float]], share: Floats) -> Floats:
    """Interpolate between the colours, from the first at 0 to the last at 1."""
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(share, stops, part) for part in np.transpose(colours)], axis=-1)


def _paint(scene: Floats, colour: Floats | tuple[float, float, float], share: Floats) -> Floats:
    return scene * (1 - share[..., None]) + np.asarray(colour) * share[..., None]


def _range(u: Floats, rng: np.random.Generator) -> Floats:
    """Return the heights of a chain of hills, from about 0 to 1."""
    waves = [
        np.abs(np.sin(u * scale + rng.uniform(0, 7))) / scale**0.9
        for scale in (2.3, 4.9, 11.0, 25.0)
    ]
    return np.asarray(sum(waves) / 0.75)


def _clouds(scene: Floats, u: Floats, v: Floats, rng: np.random.Generator, away: Floats) -> Floats:
    scene = scene.copy()
    for _ in range(7):
        x, y, wide = rng.uniform(-0.7, 0.7), rng.uniform(-0.85, -0.02), rng.uniform(0.25, 0.6)
        # Only the rows of the cloud are painted.
        rows = slice(*np.searchsorted(v[:, 0], (y - 0.08, y + 0.08)))
        across = u[:1]
        bumps = 0.016 * np.sin(across * 21 + rng.uniform(0, 7)) + 0.008 * np.sin(
            across * 47 + rng.uniform(0, 7)
        )
        thick = 0.05 * np.maximum(1 - ((across - x) / wide) ** 2, 0) ** 0.7 + 1e-6
        down = (v[rows] - y + bumps * np.sqrt(thick / 0.05)) / thick
        lit = np.clip(0.5 + 0.5 * down, 0, 1) * (0.45 + 0.55 * np.exp(-away[rows] / 0.8))
        colour = _blended(((0.42, 0.34, 0.62), (0.92, 0.46, 0.52), (1.0, 0.76, 0.5)), lit)
        scene[rows] = _paint(scene[rows], colour, 0.85 * _step(1 - np.abs(down), 0, 0.5))
    return scene


def _water(scene: Floats, u: Floats, v: Floats, sun_x: float, horizon: float) -> Floats:
    """Paint the bay with waves and the reflection of the sun."""
    deep = np.maximum(v - horizon, 0)
    wave = np.sin(52 * np.log(deep * 9 + 0.35) + 2.2 * np.sin(u * 7 + deep * 22))
    water = _blended(
        ((1.0, 0.74, 0.42), (0.86, 0.50, 0.55), (0.30, 0.42, 0.66), (0.08, 0.30, 0.46)), deep / 0.5
    ) * (1 + 0.10 * wave[..., None])
    way = np.exp(-(((u - sun_x) / (0.07 + 0.25 * deep)) ** 2)) * _step(wave, -0.3, 0.5)
    return _paint(
        scene, _paint(water, (1.0, 0.90, 0.55), 0.9 * way), _step(v - horizon, -0.002, 0.002)
    )


def _trees(scene: Floats, u: Floats, v: Floats, rng: np.random.Generator, side: float) -> Floats:
    """Paint dark cypresses in the foreground."""
    for number in range(4):
        x, foot = (
            side * (0.56 - 0.155 * number + rng.uniform(-0.03, 0.03)),
            0.66 + 0.05 * number + rng.uniform(-0.03, 0.03),
        )
        tall, wide = rng.uniform(0.42, 0.72) * (1 - 0.16 * number), rng.uniform(0.05, 0.065)
        # Only the columns of the tree are painted.
        columns = slice(*np.searchsorted(u[0], (x - 0.08, x + 0.08)))
        across, down = u[:, columns] - x, v[:, columns]
        up = np.clip((foot - down) / tall, 0, 1)
        edge = (
            wide
            * (1 - up) ** 0.6
            * np.minimum(1, 0.35 + up * 9)
            * (1 + 0.12 * np.sin(down * 130 + 4 * np.sin((across + x) * 60)))
        )
        inside = _step(edge - np.abs(across), -0.003, 0.004) * _step(
            down, foot - tall, foot - tall + 0.01
        )
        shine = np.clip(0.5 - side * across / (2 * wide), 0, 1)
        colour = _blended(((0.03, 0.10, 0.12), (0.10, 0.24, 0.17), (0.45, 0.38, 0.16)), shine)
        scene[:, columns] = _paint(scene[:, columns], colour, inside * _step(foot - down, -0.01, 0))
    return scene


def _portrait(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Return a head and shoulders as a lit relief."""
    side = rng.choice((-1.0, 1.0))
    tilt, wide, gaze = rng.uniform(-0.1, 0.1), rng.uniform(0.94, 1.06), rng.uniform(-0.25, 0.25)
    elevation, length, curl = rng.uniform(0.35, 0.7), rng.uniform(0.0, 1.0), rng.uniform(0, 7)
    v = v + 0.04
    size = 1.28
    # The head is tilted around the chin.
    x = ((u * math.cos(tilt) + (v - 0.4) * math.sin(tilt)) / size) / wide
    y = (-u * math.sin(tilt) + (v - 0.4) * math.cos(tilt)) / size + 0.36
    light = _unit(side * 0.8, -elevation, 0.62)
    ground = np.ones_like(u)
    body, clothes = _bust(u, v, light)
    face, mask = _face(x, y, light, gaze, side)
    hair, cover = _hair(x, y, light, length, curl)
    drop = np.where(y > CROWN, (y - CROWN) / (1 + 0.9 * length), y - CROWN)
    behind = _step(-_oval(x, drop, 0.465, 0.5), -1.03, -0.97)
    scene = _mix(_mix(ground, hair * 0.6, behind), body, clothes)
    scene = _mix(scene, *_bust_neck(u, v, light, clothes))
    scene = _mix(scene, face, mask)
    return _mix(scene, hair, cover)


def _bust(u: Floats, v: Floats, light: Floats) -> tuple[Floats, Floats]:
    top = 0.66 + 0.3 * np.abs(u) ** 1.6 / 0.55
    z = np.sqrt(np.maximum(1 - (u / 0.85) ** 2, 0)) * 0.35 - np.maximum(0.12 - (v - top), 0) * 0.8
    tone = 0.06 + 0.3 * _lit(z, light) + 0.04 * np.sin(u * 16 + v * 9) * np.exp(-((u / 0.5) ** 2))
    return tone, _step(v - top, -0.008, 0.008)


def _bust_neck(u: Floats, v: Floats, light: Floats, clothes: Floats) -> tuple[Floats, Floats]:
    half = 0.18 + 0.16 * np.clip((v - 0.5) / 0.3, 0, 1) ** 2
    z = np.sqrt(np.maximum(1 - (u / half) ** 2, 0)) * 0.16
    shadow = 0.35 + 0.65 * _step(v + 0.25 * light[0] * u / half, 0.5, 0.74)
    neckline = _step(0.70 + 0.13 * np.sqrt(np.maximum(1 - (u / 0.3) ** 2, 0)) - v, 0, 0.008)
    inside = (
        _step(half - np.abs(u), -0.004, 0.008)
        * _step(v, 0.3, 0.34)
        * np.maximum(neckline, 1 - clothes)
    )
    return (0.12 + 0.7 * _lit(z, light)) * shadow, inside


def _face(x: Floats, y: Floats, light: Floats, gaze: float, side: float) -> tuple[Floats, Floats]:
    """Return the tone and the mask of the face."""
    jaw = 1 - 0.3 * _step(y, -0.1, 0.62)
    oval = _oval(x / jaw, y - 0.02, 0.395, 0.535)
    z = 0.42 * np.sqrt(np.maximum(1 - oval, 0.0))
    even = np.abs(x)
    relief = (
        (0.022, 0.15, -0.175, 0.10, 0.03),  # brow
        (-0.062, 0.155, -0.085, 0.075, 0.045),  # socket
        (0.038, 0.16, -0.07, 0.052, 0.034),  # eyeball
        (0.030, 0.235, 0.07, 0.07, 0.07),  # cheek bone
        (-0.022, 0.22, 0.23, 0.07, 0.10),  # hollow of the cheek
        (0.030, 0.052, 0.135, 0.026, 0.028),  # wing of the nose
        (-0.016, 0.10, 0.16, 0.03, 0.05),  # nasolabial fold
        (0.026, 0.035, 0.262, 0.045, 0.016),  # upper lip
        (0.036, 0.0, 0.318, 0.062, 0.024),  # lower lip
        (-0.024, 0.0, 0.366, 0.07, 0.02),  # under the lip
        (0.040, 0.0, 0.455, 0.085, 0.055),  # chin
        (-0.010, 0.0, 0.215, 0.012, 0.03),  # groove under the nose
        (-0.016, 0.118, 0.29, 0.022, 0.02),  # corner of the mouth
    )
    for height, at_x, at_y, wide, high in relief:
        z = z + height * np.exp(-(((even - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2)
    along = np.clip((y + 0.16) / 0.29, 0, 1)
    bridge = 0.034 + 0.022 * along**2
    tip = np.where(y > TIP, np.exp(-(((y - TIP) / 0.04) ** 2)), 1.0) * _step(y, -0.26, -0.08)
    z = z + (0.022 + 0.078 * along**1.5) * tip * np.exp(-((x / bridge) ** 2))
    lit = _lit(z, light)
    # The shadow of the nose.
    cast = np.exp(-(((x + side * 0.055) / 0.035) ** 2) - ((y - 0.10) / 0.07) ** 2)
    tone = (
        0.02
        + 0.86 * lit
        - 0.10 * cast
        - 0.10 * np.exp(-(((y - 0.172) / 0.014) ** 2) - ((even - 0.028) / 0.018) ** 2)
    )
    tone = _features(tone, x, y, gaze, light)
    return tone, _step(1 - oval, -0.01, 0.02)


def _features(tone: Floats, x: Floats, y: Floats, gaze: float, light: Floats) -> Floats:
    even, eye_y = np.abs(x), y + 0.07
    open_up = 0.036 * (1 - np.clip(np.abs(even - 0.16) / 0.078, 0, 1) ** 2)
    open_down = 0.024 * (1 - np.clip(np.abs(even - 0.16) / 0.078, 0, 1) ** 2)
    between = np.minimum(eye_y + open_up, open_down - eye_y)
    white = _step(between, 0.0, 0.005)
    tone = _mix(tone, tone * 0.45 + 0.42, white)
    round_x, round_y = x - np.sign(x) * 0.16 - gaze * 0.05, eye_y + 0.004
    apart = np.sqrt(round_x**2 + round_y**2)
    tone = _mix(tone, 0.16, white * _step(-apart, -0.037, -0.033))
    tone = _mix(tone, 0.01, white * _step(-apart, -0.02, -0.017))
    glint = np.sqrt((round_x - 0.012 * np.sign(light[0])) ** 2 + (round_y + 0.012) ** 2)
    tone = _mix(tone, 1.0, white * _step(-glint, -0.009, -0.006))
    lid = np.exp(-(((eye_y + open_up) / 0.0075) ** 2)) * _step(
        0.088 - np.abs(even - 0.16), 0, 0.012
    )
    under = np.exp(-(((eye_y - open_down) / 0.005) ** 2)) * _step(
        0.08 - np.abs(even - 0.16), 0, 0.02
    )
    crease = np.exp(-(((eye_y + open_up * 1.1 + 0.022) / 0.005) ** 2)) * _step(
        0.08 - np.abs(even - 0.165), 0, 0.03
    )
    tone = tone * (1 - 0.92 * lid) * (1 - 0.4 * under) * (1 - 0.35 * crease)
    arch = -0.178 + 0.5 * (even - 0.175) ** 2 * 6 - 0.02 * (even > 0) + 0.012 * (even - 0.1) / 0.1
    thick = 0.017 * _step(0.28 - even, 0, 0.14) * _step(even, 0.055, 0.09) + 1e-4
    tone = tone * (1 - 0.82 * np.exp(-(((y - arch) / thick) ** 2)) * (thick > 0.002))  # noqa: PLR2004 - where there is a brow
    wide = np.clip(1 - (even / 0.128) ** 2, 0, 1)
    bow = 0.284 + 0.006 * np.cos(x * 48) * wide
    upper = _step(y - (bow - 0.036 * np.sqrt(wide) - 0.006 * np.cos(x * 60)), 0, 0.008) * _step(
        bow - y, -0.003, 0.004
    )
    lower = _step(y - bow, -0.003, 0.004) * _step(bow + 0.052 * np.sqrt(wide) - y, 0, 0.008)
    tone = tone * (1 - 0.45 * upper * (wide > 0)) * (1 - 0.28 * lower * (wide > 0))
    line = np.exp(-(((y - bow) / 0.006) ** 2)) * _step(0.13 - even, 0, 0.03)
    return tone * (1 - 0.85 * line)


def _hair(x: Floats, y: Floats, light: Floats, length: float, curl: float) -> tuple[Floats, Floats]:
    """Return the tone and the mask of the hair in front of the face."""
    skull = _oval(x, y - CROWN, 0.46, 0.5)
    parting = 0.12 * math.copysign(1, light[0])
    line = -0.36 + 0.9 * np.abs(x - parting) ** 1.5 + 0.03 * np.sin(x * 17 + curl)
    strand = np.sin(
        110 * np.sqrt(np.maximum(skull, 0)) * (1 + 0.15 * np.sin(3 * x + curl))
        + 14 * np.sin(5 * x - curl)
        + 8 * y
    )
    fine = np.sin(260 * np.sqrt(np.maximum(skull, 0)) + 22 * np.sin(7 * x + curl))
    z = 0.5 * np.sqrt(np.maximum(1 - skull, 0))
    shine = np.exp(-(((skull - 0.5) / 0.22) ** 2)) * (0.6 + 0.4 * strand)
    tone = (
        0.05 + 0.2 * _lit(z, light) + 0.24 * shine * _lit(z, light) + 0.025 * strand + 0.02 * fine
    )
    sides = _step(0.15 + 0.35 * length - y + 0.02 * np.sin(x * 60), 0, 0.1)
    outside = _step(_oval(x, y - 0.08, 0.372, 0.5), 0.97, 1.05)
    cover = (
        np.maximum(_step(line - y, -0.012, 0.012), outside) * _step(1 - skull, -0.02, 0.03) * sides
    )
    return tone, cover


def _lit(z: Floats, light: Floats) -> Floats:
    """Shade a relief of height `z` by Lambert's law with ambient light."""
    down, right = np.gradient(z, 2 / len(z))
    steep = np.sqrt(down**2 + right**2 + 1)
    # Ambient light.
    fill = 0.4
    return np.asarray(
        np.clip(((light[2] - right * light[0] - down * light[1]) / steep + fill) / (1 + fill), 0, 1)
    )


def _oval(x: Floats, y: Floats, half_width: float, half_height: float) -> Floats:
    """Return 1 on an ellipse around (0, 0), less inside and more outside."""
    return (x / half_width) ** 2 + (y / half_height) ** 2


def _step(value: Floats, low: float, high: float) -> Floats:
    """Return 0 below `low`, 1 above `high`, and a smooth rise between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _mix(below: Floats, above: Floats | float, share: Floats) -> Floats:
    return below * (1 - share) + above * share


def _unit(x: float, y: float, z: float) -> Floats:
    vector = np.array([x, y, z])
    return vector / math.sqrt(float((vector**2).sum()))


# Results have the shape of the arguments, with another axis for colours.
DEMOS: dict[str, Callable[[Floats, Floats, np.random.Generator], Floats]] = {
    "dusk": _dusk,
    "gradient": _gradient,
    "landscape": _landscape,
    "portrait": _portrait,
    "sphere": _sphere,
}
