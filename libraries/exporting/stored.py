"""Conversion of stored drawings within a request."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from libraries.errors import Exhausted, InvalidInput
from libraries.exporting.catalogue import Format, FormatParams
from libraries.previews import render_slot
from libraries.storage import output_folder
from libraries.svg_reader import read_svg

# Reading takes about a second on one core, drawing half a second.
MAX_VERTICES = 400_000


class StoredDrawing(NamedTuple):
    """A stored SVG; `sha256` is empty and `vertices` None if unknown.

    `download_name` is the name for clients, if it is not that of the file.
    """

    name: str
    sha256: str
    size: int
    vertices: int | None = None
    download_name: str = ""


def export_stored(drawing: StoredDrawing, form: Format, params: FormatParams) -> bytes:
    """Return a stored SVG in another format.

    Raises:
        InvalidInput: it is too large or not readable, or the format rejects it.
        NotFound: the file was deleted or replaced.
        Exhausted: two other exports are running.
    """
    vertices = drawing.vertices
    if vertices is None:
        # An upper bound: a vertex takes at least five bytes.
        vertices = drawing.size // 5
    if vertices > MAX_VERTICES:
        raise InvalidInput(
            f"previews have at most {MAX_VERTICES:,} vertices; this drawing has about {vertices:,}",
            code="drawing-too-large",
            field="job_id",
            hint="download the drawing instead",
        )
    written = _written_once if form.is_cached and drawing.sha256 else _written
    return written(drawing.name, drawing.sha256, params)


def _written(name: str, sha256: str, params: FormatParams) -> bytes:
    with render_slot(5.0) as is_free:
        if not is_free:
            raise Exhausted(
                "other previews are being drawn; retry later", code="previews-busy", retry_after=2
            )
        with output_folder().open_checked(name, sha256=sha256 or None) as file:
            document = read_svg(file.read()).document
        return b"".join(params.write(document))


_written_once = lru_cache(maxsize=64)(_written)
