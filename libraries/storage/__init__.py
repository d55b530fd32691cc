"""Where results live and input files come from: stores that no name can lead out of."""

from libraries.storage.artifacts import (
    Artifact,
    BadFile,
    FileMissing,
    FileReplaced,
    StorageAway,
    StorageFull,
    StoredFile,
    publishing_only_if,
)
from libraries.storage.folder import ArtifactFolder
from libraries.storage.names import BadFileName, check_name, filename_part
from libraries.storage.places import (
    files_of,
    open_input,
    output_folder,
    prepare_stores,
    storage_trouble,
    sweep_stores,
    upload_folder,
)
from libraries.storage.store import Store

__all__ = [
    "Artifact",
    "ArtifactFolder",
    "BadFile",
    "BadFileName",
    "FileMissing",
    "FileReplaced",
    "StorageAway",
    "StorageFull",
    "Store",
    "StoredFile",
    "check_name",
    "filename_part",
    "files_of",
    "open_input",
    "output_folder",
    "prepare_stores",
    "publishing_only_if",
    "storage_trouble",
    "sweep_stores",
    "upload_folder",
]
