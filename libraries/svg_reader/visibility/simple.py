"""Checks of all items together, before they are drawn one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.document import StrokeArray
from libraries.geometry.strokes import Pen
from libraries.svg_reader.appearance import Look
from libraries.svg_reader.colours import components
from libraries.svg_reader.items import Ink, Item


def without_wide_clips(store: StrokeArray, items: Sequence[Item]) -> Sequence[Item]:
    """Return items without the viewports that are larger than they are."""
    none = (-np.inf, -np.inf, np.inf, np.inf)
    frames = [none if item.clip is None else item.clip.frame for item in items]
    if all(frame is none or frame is None for frame in frames) or not len(store):
        return items
    # NaN fails each comparison.
    places = np.array([frame or (np.nan,) * 4 for frame in frames])[store.layers]
    starts = store.offsets[:-1]
    inside = (np.minimum.reduceat(store.coordinates, starts) >= places[:, :2]).all(axis=1)
    inside &= (np.maximum.reduceat(store.coordinates, starts) <= places[:, 2:]).all(axis=1)
    cut = np.bincount(store.layers[~inside], minlength=len(items)) > 0
    return [
        item if item.clip is None or is_cut else item._replace(clip=None)
        for item, is_cut in zip(items, cut.tolist(), strict=True)
    ]


def has_fills(store: StrokeArray, items: Sequence[Item]) -> bool:
    """Return whether a fill is visible; lines between two points have none."""
    filled = np.array([item.look.has_fill for item in items], dtype=np.bool_)
    stroked = np.array([item.look.has_stroke for item in items], dtype=np.bool_)
    edged = np.array([item.edge for item in items], dtype=np.bool_)
    if (filled & edged & ~stroked).any():
        return True
    wide = store.layers[np.diff(store.offsets) > 2]  # noqa: PLR2004 - a triangle
    return bool((filled & edged)[wide].any())


def inks_of(items: Sequence[Item]) -> list[Ink]:
    """Return the ink of each item; most items share a few."""
    known: dict[tuple[Look, str | None, float, bool], Ink] = {}
    inks: list[Ink] = []
    for look, layer, _, scale, _, edge in items:
        key = look, layer, scale, edge
        if key not in known:
            loose = not look.has_stroke or not edge
            width = Pen.width if loose else look.width * scale
            known[key] = Ink(layer, look.ink, width, loose)
        inks.append(known[key])
    return inks


def invisible_dots(store: StrokeArray, items: Sequence[Item]) -> NDArray[np.bool_]:
    """Return which strokes have no length and no caps that would show them."""
    starts = store.offsets[:-1]
    if not len(starts):
        return np.zeros(0, dtype=np.bool_)
    points = store.coordinates
    sizes = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
    flat: NDArray[np.bool_] = (sizes == 0).all(axis=1)
    for stroke in np.flatnonzero(flat).tolist():
        item = items[int(store.layers[stroke])]
        flat[stroke] = item.edge and (item.look.cap == "butt" or not item.look.has_stroke)
    return flat


@lru_cache(maxsize=1024)
def is_near_paper(colour: str, paper: str) -> bool:
    near = 3
    pairs = zip(components(colour), components(paper), strict=True)
    return all(abs(one - other) <= near for one, other in pairs)
