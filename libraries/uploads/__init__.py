"""Uploaded files: type detection and staging. `photos` stores them, and imports the image libraries."""

from libraries.uploads.kinds import (
    DRAWINGS,
    KINDS,
    PHOTOS,
    TABLES,
    FileKind,
    UnknownKind,
    checked,
    recognise,
)
from libraries.uploads.names import stem_of

__all__ = [
    "DRAWINGS",
    "KINDS",
    "PHOTOS",
    "TABLES",
    "FileKind",
    "UnknownKind",
    "checked",
    "recognise",
    "stem_of",
]
