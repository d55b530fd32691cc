"""Conversion of stored drawings within a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from libraries.errors import InvalidInput, Unavailable
from libraries.exporting.catalogue import Format, FormatParams
from libraries.geometry.document import Document
from libraries.previews import RenderCache, render_slot
from libraries.storage import output_folder
from libraries.svg_reader import read_head, read_svg

# Reading takes about a second on one core, writing as long.
MAX_VERTICES = 500_000


class StoredDrawing(NamedTuple):
    """A stored SVG, or the `layer` of it; `sha256` is empty and `vertices` None if unknown.

    `title` replaces that of the file. `download_name` is the name for clients, if it is not that of
    the file.
    """

    name: str
    sha256: str
    size: int
    vertices: int | None = None
    title: str = ""
    download_name: str = ""
    layer: str = ""


@dataclass(frozen=True)
class Export:
    """A file of another format, and the title of the drawing."""

    data: bytes
    title: str

    def __len__(self) -> int:
        return len(self.data)


def export_stored(drawing: StoredDrawing, form: Format, params: FormatParams) -> Export:
    """Return a stored SVG in another format; the last ones are kept in memory.

    Raises:
        InvalidInput: it is too large or not readable, or the format rejects it.
        NotFound: the file was deleted or replaced.
        Unavailable: two other exports are running.
        UnknownName: it has no such layer.
    """
    check_size(drawing)
    write = partial(_in_turn, drawing, form, params)
    if not drawing.sha256:
        return write()
    key = drawing._replace(vertices=None), form.name, form.version, params
    try:
        return _exports.get(key, write, wait_s=2.0)
    except TimeoutError:
        raise _busy() from None


def check_size(drawing: StoredDrawing, most: int = MAX_VERTICES) -> None:
    """Raise InvalidInput (`drawing-too-large`) if a drawing may have more than `most` vertices."""
    vertices = drawing.vertices
    if vertices is None:
        # An upper bound: a vertex takes at least five bytes.
        vertices = drawing.size // 5
    if vertices > most:
        raise InvalidInput(
            f"exports have at most {most:,} vertices; this drawing has about {vertices:,}",
            code="drawing-too-large",
            field="job_id",
            hint="download the drawing instead",
        )


def _in_turn(drawing: StoredDrawing, form: Format, params: FormatParams) -> Export:
    with reading(drawing, wait_s=0.5) as document:
        return Export(b"".join(params.write(document)), document.title)


@contextmanager
def reading(drawing: StoredDrawing, *, wait_s: float) -> Iterator[Document]:
    """Read a stored drawing and keep a renderer until the block ends.

    Raises Unavailable (`renderers-busy`) if none is free within `wait_s`, and as `export_stored`.
    """
    with render_slot(wait_s) as is_free:
        if not is_free:
            raise _busy()
        with output_folder().open_checked(drawing.name, sha256=drawing.sha256 or None) as file:
            data = file.read()
        document, head = read_svg(data).document, read_head(data)
        document.title = drawing.title or head.title
        document.metadata.update(head.metadata)
        if drawing.layer:
            document = document.with_layer(drawing.layer)
        yield document


def _busy() -> Unavailable:
    return Unavailable(
        "other drawings are being exported; retry later", code="renderers-busy", retry_after=2
    )


_exports: RenderCache[Export] = RenderCache(1 << 25)
