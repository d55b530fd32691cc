"""Uploaded files: type detection and staging. `photos` stores them, and imports the image libraries."""

from libraries.uploads.kinds import (
    DRAWINGS,
    KINDS,
    PHOTOS,
    TABLES,
    FileKind,
    UnknownKind,
    checked,
    largest_upload,
    limit_of,
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
    "largest_upload",
    "limit_of",
    "recognise",
    "stem_of",
]
