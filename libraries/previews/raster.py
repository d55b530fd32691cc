"""PNG previews of strokes, drawn larger and reduced for smooth edges."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw
from PIL.PngImagePlugin import PngInfo

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.strokes import Pen, Strokes
from libraries.svg_syntax.attributes import check_colour

MIN_WIDTH_PX, MAX_SIDE_PX = 16, 4000
# Scale of the canvas, within its maximum size.
MIN_SCALE, MAX_SCALE = 2, 4
MAX_CANVAS_PX = 24_000_000
# Up to this width in canvas pixels lines are dilated by a disc; wider ones are drawn as bars.
MAX_DISC_PX = 16
INK = 255

Mask = NDArray[np.uint8]


def png(
    strokes: Strokes,
    pens: Sequence[Pen],
    page: tuple[float, float],
    *,
    width_px: int = 1000,
    paper: str = "white",
    max_ink: int = 4_000_000_000,
    texts: Mapping[str, str] | None = None,
) -> bytes:
    """Return a drawing as a PNG file of `width_px` pixels; less if it would be too high.

    Parts outside the page, of a size in mm, are not drawn. The colour `none` draws nothing, and
    makes paper transparent. `max_ink` limits the ink of a layer in pixels of the canvas.
    `texts` are stored in the file by keyword, such as `Title`.

    Raises:
        InvalidInput: the size is out of range, there is too much ink, a colour is unknown, or a
            layer has no pen.
    """
    size, scale = _size(page, width_px)
    strokes.check_pens(pens)
    ground, inks = rgba(paper, "paper"), [rgba(pen.colour, "colour") for pen in pens]
    finer = max(MIN_SCALE, min(MAX_SCALE, int(math.sqrt(MAX_CANVAS_PX / (size[0] * size[1])))))
    picture = Image.new("RGBA" if ground[3] < INK else "RGB", size, ground)
    for layer in np.unique(strokes.layers).tolist():
        ink = inks[layer]
        if ink[3]:
            width = pens[layer].width * scale
            times = max(MIN_SCALE, min(finer, int(MAX_DISC_PX / width)))
            canvas, wide = (size[0] * times, size[1] * times), max(1, round(width * times))
            mask = _inked(
                *_seen(strokes, layer, canvas, scale * times, wide), canvas, wide, max_ink
            )
            _cover(picture, mask.reduce(times), ink)
    file = io.BytesIO()
    stored = PngInfo()
    for keyword, text in (texts or {}).items():
        if text:
            stored.add_text(keyword, text)
    picture.save(file, "PNG", dpi=(scale * 25.4, scale * 25.4), pnginfo=stored)
    return file.getvalue()


def _size(page: tuple[float, float], width_px: int) -> tuple[tuple[int, int], float]:
    """Return width and height in pixels, and the number of pixels per mm."""
    if not MIN_WIDTH_PX <= width_px <= MAX_SIDE_PX:
        raise InvalidInput(
            f"the width of a preview must be from {MIN_WIDTH_PX} to {MAX_SIDE_PX} pixels",
            code="bad-preview",
            field="width_px",
        )
    # NaN fails these comparisons.
    if not (page[0] > 0 and page[1] > 0 and math.isfinite(page[0] + page[1])):
        raise InvalidInput(
            "the page must have a width and a height", code="bad-preview", field="page"
        )
    scale = min(width_px / page[0], MAX_SIDE_PX / page[1])
    return (max(1, round(page[0] * scale)), max(1, round(page[1] * scale))), scale


def rgba(colour: str, name: str) -> tuple[int, int, int, int]:
    """Return a colour as red, green, blue and alpha from 0 to 255; `none` is transparent."""
    checked = check_colour(colour, name)
    if checked == "none":
        return INK, INK, INK, 0
    red, green, blue, alpha = (*ImageColor.getrgb(checked), INK)[:4]
    return red, green, blue, alpha


def _cover(picture: Image.Image, mask: Image.Image, ink: tuple[int, int, int, int]) -> None:
    share = (
        mask if ink[3] == INK else mask.point([value * ink[3] // INK for value in range(INK + 1)])
    )
    if picture.mode == "RGB":
        picture.paste(ink[:3], mask=share)
        return
    sheet = Image.new("RGBA", picture.size, (*ink[:3], 0))
    sheet.putalpha(share)
    picture.alpha_composite(sheet)


def _inked(
    points: Floats, offsets: NDArray[np.int64], size: tuple[int, int], wide: int, most: int
) -> Image.Image:
    """Return a mask of `size` pixels with lines of `wide` pixels and at most `most` ink."""
    bars = wide > MAX_DISC_PX
    if _lengths(points, offsets) * (wide if bars else 1) > most:
        raise InvalidInput(
            "the drawing has too much ink for a preview",
            code="bad-preview",
            field="strokes",
            hint="request a smaller preview",
        )
    if not bars:
        return Image.fromarray(_spread(_thin(points, offsets, size, wide), wide))
    mask = _drawn(points, offsets, size, wide)
    _round_off(mask, _tips(points, offsets, wide), wide)
    return mask


def _drawn(
    points: Floats, offsets: NDArray[np.int64], size: tuple[int, int], wide: int
) -> Image.Image:
    mask = Image.new("L", size)
    canvas = ImageDraw.Draw(mask)
    # Pillow reads pairs of 32-bit floats from buffers.
    flat: Any = points.astype(np.float32)
    for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        canvas.line(flat[start:stop], fill=INK, width=wide)
    return mask


def _thin(points: Floats, offsets: NDArray[np.int64], size: tuple[int, int], wide: int) -> Mask:
    """Return a mask with lines of one pixel, and a border of `wide` pixels for `_spread`."""
    points = points + wide
    mask = np.array(_drawn(points, offsets, (size[0] + 2 * wide, size[1] + 2 * wide), 1))
    # Pillow draws no line for dots.
    column, row = np.floor(points[offsets[:-1]]).astype(np.int64).T
    inside = (column >= 0) & (column < mask.shape[1]) & (row >= 0) & (row < mask.shape[0])
    mask[row[inside], column[inside]] = INK
    return mask


def _spread(thin: Mask, wide: int) -> Mask:
    """Dilate the mask by a disc of `wide` pixels, and remove its border.

    The rows of the disc are processed by ascending length; longer rows extend shorter ones.
    """
    rows, columns = thin.shape[0] - 2 * wide, thin.shape[1] - 2 * wide
    spread = np.zeros((rows, columns), dtype=np.uint8)
    middle, even = (wide - 1) / 2, wide % 2 == 0
    # A row extends from `-left` to `right` around its pixel; with an even width these differ.
    reach, left, right = thin.copy(), 0, int(even)
    if even:
        np.maximum(reach[:, :-1], thin[:, 1:], out=reach[:, :-1])
    # From the outermost rows of the disc to the middle; two rows have the same length.
    for down in range((wide + 1) // 2):
        half = math.sqrt((wide / 2) ** 2 - (middle - down) ** 2)
        while (left + right) / 2 + 1 <= half:
            left, right = left + 1, right + 1
            np.maximum(reach[:, left:], thin[:, :-left], out=reach[:, left:])
            np.maximum(reach[:, :-right], thin[:, right:], out=reach[:, :-right])
        for row in {down, wide - 1 - down}:
            top = wide + row - int(middle)
            np.maximum(spread, reach[top : top + rows, wide : wide + columns], out=spread)
    return spread


def _seen(
    strokes: Strokes, layer: int, size: tuple[int, int], scale: float, wide: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the vertices in pixels of the strokes that touch the page, and their offsets.

    Vertices that hardly differ from the previous one are dropped, except the last of a stroke.
    """
    chosen = strokes.layers == layer
    counts = np.where(chosen, np.diff(strokes.offsets), 0)
    points = strokes.coordinates[np.repeat(chosen, np.diff(strokes.offsets))] * scale
    counts = counts[counts > 0]
    starts = np.cumsum(counts) - counts
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    touching = ((high >= -wide) & (low <= np.array(size) + wide)).all(axis=1)
    kept = np.repeat(touching, counts)
    cell = np.floor(points / max(1.0, wide / 8))
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = (cell[1:] != cell[:-1]).any(axis=1)
    moved[starts] = True
    moved[starts + counts - 1] = True
    kept &= moved
    left = np.add.reduceat(kept, starts, dtype=np.int64)[touching]
    return points[kept], np.concatenate(([0], np.cumsum(left)))


def _lengths(points: Floats, offsets: NDArray[np.int64]) -> float:
    steps = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    between = offsets[1:-1] - 1
    return float(steps.sum() - steps[between].sum())


def _tips(points: Floats, offsets: NDArray[np.int64], wide: int) -> Floats:
    """Return the ends and sharp corners of strokes, where bars need a disc."""
    if not len(points):
        return points
    tip = np.zeros(len(points), dtype=bool)
    tip[offsets[:-1]] = tip[offsets[1:] - 1] = True
    step = np.diff(points, axis=0)
    unit = step / np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    # Corners with a smaller cosine would show a notch.
    sharp = 0.9
    tip[1:-1] |= (unit[1:] * unit[:-1]).sum(axis=1) < sharp
    # Discs that nearly coincide are drawn once.
    first = np.unique(np.floor(points[tip] * MAX_DISC_PX / wide), axis=0, return_index=True)[1]
    return np.asarray(points[tip][np.sort(first)])


def _round_off(mask: Image.Image, tips: Floats, wide: int) -> None:
    canvas = ImageDraw.Draw(mask)
    for x, y in tips.tolist():
        canvas.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=INK)
