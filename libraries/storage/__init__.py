"""Storage of results and uploads, in a folder or in an S3 bucket."""

from libraries.storage.artifacts import Artifact, StorageUnavailable, StoredFile, commit_if
from libraries.storage.folder import ArtifactFolder
from libraries.storage.locations import (
    check_storage,
    clean_stores,
    open_input,
    output_folder,
    owner_folder,
    prepare_stores,
    upload_folder,
)
from libraries.storage.names import check_name, filename_part
from libraries.storage.store import Store

__all__ = [
    "Artifact",
    "ArtifactFolder",
    "StorageUnavailable",
    "Store",
    "StoredFile",
    "check_name",
    "check_storage",
    "clean_stores",
    "commit_if",
    "filename_part",
    "open_input",
    "output_folder",
    "owner_folder",
    "prepare_stores",
    "upload_folder",
]
