"""The head of a stored drawing: its title and metadata."""

from __future__ import annotations

import html
import json
import re
from typing import NamedTuple

from libraries.errors import InvalidInput
from libraries.json_types import JsonObject
from libraries.lettering import check_text

# The recipe precedes the first stroke; very long recipes are truncated.
HEAD_BYTES = 256 * 1024


class Head(NamedTuple):
    """The first characters of a file, with the title and the JSON in its metadata, if it has them."""

    text: str
    title: str
    metadata: JsonObject


def read_head(data: bytes) -> Head:
    """Return the head of an SVG; an invalid title is empty, as is metadata that is not an object."""
    text = data[:HEAD_BYTES].decode(errors="replace")
    title = re.search(r"<title>([^<]{0,4000})</title>", text)
    metadata = re.search(r"<metadata>([^<]*)</metadata>", text)
    return Head(text, _title(title[1]) if title else "", _json(metadata[1]) if metadata else {})


def _title(text: str) -> str:
    title = " ".join(html.unescape(text).split())[:200]
    try:
        return check_text(title) if title else ""
    except InvalidInput:
        return ""


def _json(text: str) -> JsonObject:
    try:
        found = json.loads(html.unescape(text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
