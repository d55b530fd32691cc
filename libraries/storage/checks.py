"""Write checks of the output and upload storage, with the reason and the remedy of a failure."""

from __future__ import annotations

import errno
from types import MappingProxyType
from typing import NamedTuple

from libraries.errors import VectorError
from libraries.settings import StorageSettings
from libraries.storage.artifacts import StorageUnavailable
from libraries.storage.locations import (
    check_storage,
    image_account,
    output_folder,
    upload_folder,
)
from libraries.storage.store import Store

BUCKET_FIXES = MappingProxyType(
    {
        "": "Check the log of the server in STORAGE_URL.",
        "failing": "Check the log of the server in STORAGE_URL.",
        "bucket": "Create the bucket, or correct its name in STORAGE_URL.",
        "credentials": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        "refused": "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or grant them permission "
        "to read, write, list and delete.",
        "slow": "Start the server in STORAGE_URL, or increase STORAGE_TIMEOUT.",
        "unreachable": "Start the server in STORAGE_URL, or correct its endpoint.",
    }
)
FULL = (errno.ENOSPC, errno.EDQUOT)


class StoreProblem(NamedTuple):
    """Reason for which a store cannot be written to, and the remedy."""

    setting: str
    reason: str
    fix: str


def store_problem(patience_s: float = 1.0) -> StoreProblem | None:
    """Write to the output and upload storage, and ping Cloudflare Images; return the first problem, None without any."""
    return _files_problem(patience_s) or _images_problem()


def _images_problem() -> StoreProblem | None:
    images = image_account()
    try:
        if images is not None:
            images.ping()
    except StorageUnavailable as error:
        fix = "Check the connection to CF_API_URL, and https://www.cloudflarestatus.com."
        if error.kind == "refused":
            fix = "Correct CF_ACCT_ID and CF_IMG_TOKEN; the token needs the permission to edit Cloudflare Images."
        return StoreProblem("CF_IMG_TOKEN", f"Cloudflare Images: {error}", fix)
    return None


def _files_problem(patience_s: float) -> StoreProblem | None:
    if StorageSettings.current().storage_url is None:
        folders = {"OUTPUT_DIR": output_folder(), "UPLOAD_DIR": upload_folder()}
        found = (_folder_problem(setting, store) for setting, store in folders.items())
        return next((problem for problem in found if problem), None)
    # Detects an unreachable server quickly; writing would retry.
    problem: VectorError | None = check_storage(patience_s)
    try:
        if problem is None:
            output_folder().check_writable()
    except VectorError as error:
        problem = error
    if problem is None:
        return None
    kind = getattr(problem, "kind", "")
    return StoreProblem("STORAGE_URL", str(problem), BUCKET_FIXES[kind])


def _folder_problem(setting: str, store: Store) -> StoreProblem | None:
    try:
        store.check_writable()
    except (VectorError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = getattr(cause, "strerror", None) or str(error) or type(error).__name__
        if getattr(cause, "errno", None) in FULL:
            return StoreProblem(setting, reason.lower(), f"Free space on the disk of {setting}.")
        return StoreProblem(
            setting, reason.lower(), f"Set {setting} to a writable folder with free space."
        )
    return None
