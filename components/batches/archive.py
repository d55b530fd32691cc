"""All files of a batch as one zip, made while it is sent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import IO

from flask import Response

from components.batches.schemas import GONE
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import Batch, JobRecord
from libraries.json_types import JsonObject
from libraries.storage import Store, output_folder
from libraries.storage.zips import Opening, UniqueNames, zip_blocks

MANIFEST = "manifest.json"


def archive_response(batch: Batch) -> Response:
    """Return the files of the jobs of a batch that have finished, stored in a zip under names of their own.

    The last entry, `manifest.json`, has the state of every job, in their order, and its files.
    """
    # The owner's folder is known now, and no longer when the reply is sent.
    entries = Entries(batch, output_folder())
    response = Response(zip_blocks(entries.opened()), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="batch-{batch.id}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


class Entries:
    """The entries of a batch's zip, one file open at a time."""

    def __init__(self, batch: Batch, folder: Store) -> None:
        """Take the files from `folder`."""
        self._batch, self._folder = batch, folder
        self._names = UniqueNames(MANIFEST)
        self._rows: list[JsonObject] = []

    def opened(self) -> Iterator[Opening]:
        """Yield the name of each entry and what opens it."""
        for job_id, job in zip(self._batch.job_ids, self._batch.jobs, strict=True):
            row = self._row(job_id, job)
            self._rows.append(row)
            for artifact in job.artifacts if job and job.status == "finished" else []:
                file = self._file(artifact)
                name = self._names.name_for(artifact["name"])
                row["files"].append(
                    {
                        "name": name,
                        "size": artifact["size"],
                        "sha256": artifact["sha256"],
                        "there": file is not None,
                    }
                )
                if file is not None:
                    yield name, _given(file)
        yield MANIFEST, _given(io.BytesIO(self._manifest()))

    def _row(self, job_id: str, job: JobRecord | None) -> JsonObject:
        status = job.status if job else GONE
        return {
            "id": job_id,
            "status": status,
            "error": job.public_error if job else None,
            "files": [],
        }

    def _file(self, artifact: JsonObject) -> IO[bytes] | None:
        """Return the file that a job made, None if it is gone or another one lies in its place."""
        try:
            return self._folder.open_checked(artifact["name"], sha256=artifact["sha256"])
        except (NotFound, InvalidInput):
            return None

    def _manifest(self) -> bytes:
        about = {
            "batch_id": self._batch.id,
            "done": self._batch.done,
            "counts": self._batch.counts,
            "jobs": self._rows,
        }
        return json.dumps(about, indent=2).encode() + b"\n"


def _given(file: IO[bytes]) -> Callable[[], IO[bytes]]:
    return lambda: file
