"""Formats of drawings from other programs; modules of this package are loaded automatically."""

from libraries.loading import load_modules
from libraries.vector_input.catalogue import (
    FORMATS,
    InputOptions,
    VectorFormat,
    check_installed,
    format_of,
    read,
    recognised,
)
from libraries.vector_input.heads import HEAD_BYTES

__all__ = [
    "FORMATS",
    "HEAD_BYTES",
    "InputOptions",
    "VectorFormat",
    "check_installed",
    "format_of",
    "read",
    "recognised",
]

load_modules(f"{__name__}.formats", discard=FORMATS.discard)
