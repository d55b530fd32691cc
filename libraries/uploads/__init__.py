"""Uploaded files: type detection, staging and storage."""

from libraries.uploads.kinds import KINDS, PHOTOS, TABLES, FileKind, UnknownKind, checked, recognise
from libraries.uploads.names import stem_of
from libraries.uploads.photos import store_photo

__all__ = [
    "KINDS",
    "PHOTOS",
    "TABLES",
    "FileKind",
    "UnknownKind",
    "checked",
    "recognise",
    "stem_of",
    "store_photo",
]
