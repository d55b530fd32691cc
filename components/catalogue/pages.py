"""Pages of the catalogue for browsers: patterns, one pattern, and papers."""

from __future__ import annotations

import math
from itertools import groupby

from flask import Response, request

from components.catalogue.descriptions import describe_pattern, find_pattern
from components.catalogue.previews import HEIGHT, WIDTH
from components.http.html.reference import Reference, curl
from components.http.pages import base_address, code, script_page
from libraries.patterns import PATTERNS
from libraries.settings import AccessSettings
from libraries.sheets.papers import PAPERS, Paper


def patterns_page() -> Response:
    """Show all patterns with pictures."""
    patterns = [describe_pattern(name, pattern) for name, pattern in PATTERNS.items()]
    return script_page("patterns.html", patterns=patterns, size=(WIDTH, HEIGHT), code=code)


def pattern_page() -> Response:
    """Show the pattern in the path: pictures with several seeds, its parameters, and the request that draws it."""
    name = (request.view_args or {})["name"]
    pattern = describe_pattern(name, find_pattern(name))
    names = list(PATTERNS)
    at = names.index(name)
    key = bool(AccessSettings.current().api_keys)
    example = {
        "method": "POST",
        "path": "/artboard/create",
        "key": key,
        "body": pattern["example"],
    }
    return script_page(
        "pattern.html",
        pattern=pattern,
        rows=Reference({}, "").rows(pattern["params"]),
        request=example,
        curl=curl(base_address(), example),
        neighbours=(names[at - 1], names[(at + 1) % len(names)]),
        size=(WIDTH, HEIGHT),
        code=code,
    )


def papers_page() -> Response:
    """Show all papers by family, each with its sides."""
    by_family = groupby((paper for _, paper in PAPERS.items()), key=lambda paper: paper.family)
    families = [
        (name, [(paper, _pictured(paper)) for paper in papers]) for name, papers in by_family
    ]
    return script_page("papers.html", families=families)


def _pictured(paper: Paper) -> tuple[float, float]:
    """Return the sides of a small picture in pixels, by the square root: A7 remains visible next to A0."""
    height = 100 * math.sqrt(paper.height / 1189)
    return round(height * paper.width / paper.height, 1), round(height, 1)
