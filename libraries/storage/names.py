"""File names that are safe on every system."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from libraries.errors import InvalidInput

MAX_NAME_CHARS = 100
MAX_NAME_DEPTH = 8
SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._ -]{0,98}[A-Za-z0-9_-])?", re.ASCII)
# Device names of Windows, with and without an extension.
DEVICE = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.ASCII)


def check_name(name: str, *, field: str | None = None) -> str:
    """Return `name` if it is a safe relative path such as `postcards/john.svg`, or raise InvalidInput.

    It has at most 8 segments, joined by `/`, after the `jobs/<id>/` of a job's file. A segment is 1 to 100 of A-Z, a-z, digits, dot, space,
    underscore and hyphen, begins with a letter or a digit, does not end with a dot or a space, and is
    not a device name of Windows.
    """
    segments = name.split("/") if isinstance(name, str) else []
    depth = len(segments) - (2 if segments[:1] == ["jobs"] else 0)
    if not segments or depth > MAX_NAME_DEPTH:
        raise InvalidInput(
            "expected a file name with at most 7 folders", field=field, code="bad-file-name"
        )
    for segment in segments:
        if not SEGMENT.fullmatch(segment) or DEVICE.fullmatch(segment):
            raise InvalidInput(
                f"{name[:MAX_NAME_CHARS]!r} is not a safe file name: use letters A-Z, digits, '.', '_', '-' and spaces, "
                f"begin with a letter or a digit, at most {MAX_NAME_CHARS} characters",
                field=field,
                code="bad-file-name",
            )
    return name


def filename_part(text: str, *, longest: int = 40) -> str:
    """Return `text` if it is a safe file name, else a readable form with eight hex digits of its hash."""
    if SEGMENT.fullmatch(text) and len(text) <= longest and not DEVICE.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:longest].strip("-")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest


def own_name(name: str, job_id: str) -> str:
    """Return the name of a job's file: `jobs/<job id>/<name>`, or `name` if that is in a folder of the job."""
    return name if job_id in name.split("/")[:-1] else f"{job_folder_name(job_id)}/{name}"


def job_folder_name(job_id: str) -> str:
    """Return the folder of a job's files; ids of other programs may have any characters."""
    return f"jobs/{filename_part(job_id, longest=MAX_NAME_CHARS)}"


def readable_name(name: str, job_id: str) -> str | None:
    """Return the readable name of a job's file; None if it has none, or a reserved one."""
    _, _, rest = name.partition(f"{job_folder_name(job_id)}/")
    return rest if rest and name == own_name(rest, job_id) and not is_reserved(rest) else None


def is_reserved(name: str) -> bool:
    """Return whether other jobs or the gallery store files under a name."""
    *folders, _ = name.split("/")
    return folders[:1] in (["jobs"], ["kept"], ["gallery"]) or any(
        re.fullmatch(r"(?:[A-Za-z0-9_-]{1,90}_)?[a-z2-7]{32}", one, re.ASCII) for one in folders
    )


def safe_name(segments: Sequence[str], *, free: bool = False) -> str:
    """Return a safe name for a path; invalid segments get a readable form with a hash.

    With `free`, raises InvalidInput for a reserved name.
    """
    safe = []
    for segment in segments:
        stem, dot, extension = segment.rpartition(".")
        if SEGMENT.fullmatch(segment) and not DEVICE.fullmatch(segment):
            safe.append(segment)
        elif stem and re.fullmatch(r"[A-Za-z0-9]{1,10}", extension, re.ASCII):
            safe.append(f"{filename_part(stem, longest=80)}{dot}{extension}")
        else:
            safe.append(filename_part(segment, longest=80))
    name = check_name("/".join(safe))
    return check_free(name) if free else name


def check_free(name: str, *, field: str | None = None) -> str:
    """Return a name, or raise InvalidInput if it is reserved."""
    if is_reserved(name):
        raise InvalidInput(
            f"{name[:MAX_NAME_CHARS]!r} is reserved: a file of another job or of the gallery may have this name",
            field=field,
            code="bad-file-name",
        )
    return name
