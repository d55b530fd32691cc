"""Storage of results and uploads, in a folder or in an S3 bucket."""

from libraries.storage.artifacts import Artifact, StorageUnavailable, StoredFile, commit_if
from libraries.storage.folder import ArtifactFolder
from libraries.storage.locations import (
    check_storage,
    clean_stores,
    job_files,
    job_folder,
    open_input,
    output_folder,
    owner_folder,
    prepare_stores,
    shared_output_folder,
    upload_folder,
)
from libraries.storage.names import (
    check_name,
    filename_part,
    is_reserved,
    job_folder_name,
    own_name,
    readable_name,
)
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
    "is_reserved",
    "job_files",
    "job_folder",
    "job_folder_name",
    "open_input",
    "output_folder",
    "own_name",
    "owner_folder",
    "prepare_stores",
    "readable_name",
    "shared_output_folder",
    "upload_folder",
]
