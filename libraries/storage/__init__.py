"""Where results live and input files come from: folders that no name can lead out of."""

from libraries.storage.artifacts import (
    Artifact,
    ArtifactFolder,
    BadFile,
    FileMissing,
    StorageFull,
    files_of,
    open_input,
    output_folder,
    publishing_only_if,
)
from libraries.storage.names import BadFileName, check_name, filename_part

__all__ = [
    "Artifact",
    "ArtifactFolder",
    "BadFile",
    "BadFileName",
    "FileMissing",
    "StorageFull",
    "check_name",
    "filename_part",
    "files_of",
    "open_input",
    "output_folder",
    "publishing_only_if",
]
