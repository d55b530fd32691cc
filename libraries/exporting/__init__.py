"""Export formats of drawings; modules of this package are loaded automatically."""

from libraries.exporting.catalogue import (
    FORMATS,
    Format,
    encodings,
    format_of_encoding,
    formats_by_media_type,
)
from libraries.exporting.stored import StoredDrawing, export_stored
from libraries.loading import load_modules

__all__ = [
    "FORMATS",
    "Format",
    "StoredDrawing",
    "encodings",
    "export_stored",
    "format_of_encoding",
    "formats_by_media_type",
]

load_modules(__name__, discard=lambda module: FORMATS.discard(module.replace("_", "-")))
