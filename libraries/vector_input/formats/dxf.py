"""DXF of CAD programs."""

from __future__ import annotations

import logging
import re
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from libraries.errors import InvalidInput
from libraries.extras import Extra
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import scaling
from libraries.svg_reader import Reading
from libraries.vector_input.canvas import Canvas, Sides
from libraries.vector_input.catalogue import (
    InputOptions,
    VectorFormat,
    damaged,
    register,
)

if TYPE_CHECKING:
    from ezdxf.document import Drawing


class _File:
    """The beginning of files, and their limits."""

    TEXT = re.compile(
        rb"(?:\xef\xbb\xbf)?(?:\s*999[ \t]*\r?\n[^\n]*\n)*\s*0[ \t]*\r?\n\s*SECTION\s"
    )
    BINARY = b"AutoCAD Binary DXF\r\n\x1a\x00"
    # A record takes about 1.5 kB of memory.
    MAX_RECORDS = 500_000
    # Sides of a page are at most a kilometre.
    MAX_FACTOR = 1e6


def matches(head: bytes) -> bool:
    """Return whether a file begins as a text or binary DXF."""
    return _File.TEXT.match(head) is not None or head.startswith(_File.BINARY)


def read(data: bytes, options: InputOptions) -> Reading:
    """Return the lines of the model space, y up in the file, with its layers or colours as pens.

    Units without a name are mm. The page is that of the header if it holds all lines, or begins at
    the origin.

    Raises:
        InvalidInput: the file is damaged.
    """
    # The package takes half a second to import.
    from libraries.vector_input.entities import Entities  # noqa: PLC0415

    document = _document(data)
    factor = _millimetres(document)
    canvas = Canvas(scaling(factor, -factor), options)
    Entities(document, canvas, factor).draw()
    page = Sides.around(canvas, _extents(document, factor))
    return canvas.reading(page, options)


def _document(data: bytes) -> Drawing:
    """Return the drawing with as many mistakes repaired as possible."""
    import ezdxf  # noqa: PLC0415
    from ezdxf import recover  # noqa: PLC0415

    _check_records(data)
    # A file could fill the log with messages on its mistakes.
    logging.getLogger("ezdxf").setLevel(logging.CRITICAL)
    with tempfile.NamedTemporaryFile(suffix=".dxf") as file:
        file.write(data)
        file.flush()
        try:
            try:
                return ezdxf.readfile(file.name)  # type: ignore[attr-defined]
            except (MemoryError, InvalidInput):
                raise
            # What repairs files takes twice as long.
            except Exception:
                if data.startswith(_File.BINARY):
                    raise
            try:
                return recover.readfile(file.name)[0]
            except ezdxf.DXFStructureError:  # type: ignore[attr-defined]
                # Skips what is no pair of a code and a value.
                _check_records(data, step=1)
                found = recover.explore(file.name)[0]
                if not len(found.modelspace()):
                    raise
                return found
        except (MemoryError, InvalidInput):
            raise
        # The package raises errors of many types for hostile files.
        except Exception as error:
            hint = "save it again, as DXF R2000 or later"
            raise damaged("DXF", "is damaged", hint) from error


def _check_records(data: bytes, step: int = 2) -> None:
    """Raise InvalidInput for too many entities and other records; they take far more memory than in the file.

    A code of 0 begins a record. Codes are in each second line; with a `step` of 1, all lines count.
    """
    if data.startswith(_File.BINARY):
        # Names in capitals after a code, which is more than there are.
        count = sum(1 for _ in re.finditer(rb"\x00[A-Z]", data))
    else:
        count = _lines_of_zero(data, step)
    if count > _File.MAX_RECORDS:
        raise damaged("DXF", f"has more than {_File.MAX_RECORDS:,} entities")


def _lines_of_zero(data: bytes, step: int) -> int:
    """Return how many of each `step` lines are 0, with blanks before it."""
    codes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    if not len(ends):
        return 0
    starts, ends = np.concatenate([[0], ends[:-1] + 1])[::step], ends[::step]
    lasts = ends - 1 - (codes[np.maximum(ends - 1, 0)] == ord("\r"))
    zeros = (lasts >= starts) & (codes[lasts] == ord("0"))
    before = codes[np.maximum(lasts - 1, 0)]
    return int((zeros & ((lasts == starts) | (before == ord(" ")) | (before == ord("\t")))).sum())


def _millimetres(document: Drawing) -> float:
    """Return the length of a unit in mm."""
    from ezdxf.enums import InsertUnits  # noqa: PLC0415
    from ezdxf.units import conversion_factor  # noqa: PLC0415

    try:
        unit = InsertUnits(document.units)
        factor = float(conversion_factor(unit, InsertUnits.Millimeters)) if unit else 1.0
    except (ArithmeticError, LookupError, TypeError, ValueError):
        factor = 1.0
    return factor if 1 / _File.MAX_FACTOR <= factor <= _File.MAX_FACTOR else 1.0


def _extents(document: Drawing, factor: float) -> Rectangle | None:
    """Return the page of the header in mm with y down, or None without a valid one."""
    try:
        first: Any = document.header["$EXTMIN"]
        last: Any = document.header["$EXTMAX"]
        page = Rectangle(
            float(first[0]) * factor,
            -float(last[1]) * factor,
            float(last[0]) * factor,
            -float(first[1]) * factor,
        )
    # Without a value, the corners are far away and exchanged.
    except (InvalidInput, LookupError, TypeError, ValueError):
        return None
    return page if page.width > 0 and page.height > 0 else None


register(
    "dxf",
    VectorFormat(
        title="DXF",
        suffixes=(".dxf",),
        media_types=("image/vnd.dxf", "application/dxf", "image/x-dxf"),
        matches=matches,
        read=read,
        extra=Extra.DXF,
    ),
)
