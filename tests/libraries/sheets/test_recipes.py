"""Recipes and plot statistics stored in drawings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.fields import InvalidFields
from libraries.sheets.artboard import draw_artboard, load_artboard
from libraries.sheets.plot_stats import plot_stats
from libraries.sheets.recipes import cache_key

SVG = "{http://www.w3.org/2000/svg}"


def kept_in(drawing: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        ElementTree.fromstring(drawing).findtext(f"{SVG}metadata") or ""
    )
    return found


def test_the_recipe_in_a_drawing_draws_the_same_bytes_again() -> None:
    first = draw_artboard(
        120, 90, "spiral", params={"pitch": 3}, seed=7, margin=12, pen_width=0.4
    ).to_string()
    recipe = kept_in(first)["recipe"]
    assert recipe.pop("version") >= 1
    assert draw_artboard(**recipe).to_string() == first


def test_recipes_that_differ_in_anything_have_different_hashes() -> None:
    base: dict[str, Any] = {"width": 120, "height": 90, "pattern": "spiral", "seed": 7}
    others = [
        base | more
        for more in ({}, {"seed": 8}, {"width": 121}, {"params": {"pitch": 4}}, {"margin": 5})
    ]
    hashes = {kept_in(draw_artboard(**one).to_string())["recipe_sha256"] for one in others}
    assert len(hashes) == len(others)


def test_a_hostile_text_in_a_recipe_stays_text() -> None:
    with pytest.raises(Exception, match="params"):
        draw_artboard(100, 100, "spiral", params={"</metadata><script>": 1})
    drawing = draw_artboard(100, 100).metadata({"note": '</metadata><path d="@0" /><script>'})
    assert kept_in(drawing.to_string())["note"].startswith("</metadata>")
    assert ElementTree.fromstring(drawing.to_string()).find(f"{SVG}script") is None


def test_the_plot_stats_of_a_square_are_those_of_its_outline() -> None:
    from libraries.svg_builder import SVGBuilder

    costs = plot_stats(SVGBuilder(100, 100).rect(10, 10, 50, 50), 100, 100)
    assert costs["pen_down_mm"] == pytest.approx(200)
    assert (costs["lifts"], costs["out_of_bounds_mm"]) == (1, 0)
    assert costs["bounding_box"] == {"left": 10, "top": 10, "right": 60, "bottom": 60}
    assert 200 / 50 < costs["time"]["saxi"]["seconds"] < 10
    assert json.dumps(costs, allow_nan=False)


def test_the_encoding_is_part_of_a_recipe_only_where_it_is_not_plain() -> None:
    hashes = {
        encoding: load_artboard(120, 90, "spiral", encoding=encoding).recipe().sha256
        for encoding in (None, "plain", "compact")
    }
    assert hashes[None] == hashes["plain"] != hashes["compact"]
    assert kept_in(draw_artboard(120, 90, "spiral").to_string())["recipe_sha256"] == hashes[None]
    with pytest.raises(InvalidFields, match="encoding"):
        load_artboard(120, 90, "spiral", encoding="zip")


def test_a_drawing_reports_its_progress() -> None:
    reported: list[float] = []
    load_artboard(210, 297, "flow_field").draw(reported.append)
    assert len(reported) > 2
    assert reported == sorted(reported)
    assert 0 <= reported[0] < reported[-1] <= 1


def test_the_cache_key_depends_on_the_recipe_and_the_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = cache_key("00")
    assert before != cache_key("01")
    monkeypatch.setattr("libraries.sheets.recipes.CODE_HASH", "another")
    assert cache_key("00") != before
