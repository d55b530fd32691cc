"""Zip archives with all files of a batch, streamed."""

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
    """Return an uncompressed zip of the files of all finished jobs, each under a unique name.

    The last entry, `manifest.json`, lists the state and the files of every job, in order.
    """
    # The owner is not known any more when the body is streamed.
    entries = Entries(batch, output_folder())
    response = Response(zip_blocks(entries.opened()), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="batch-{batch.id}.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


class Entries:
    """The entries of a batch's zip; one file is open at a time."""

    def __init__(self, batch: Batch, folder: Store) -> None:
        self._batch, self._folder = batch, folder
        self._names = UniqueNames(MANIFEST)
        self._rows: list[JsonObject] = []

    def opened(self) -> Iterator[Opening]:
        """Yield the name of each entry and a function that opens it."""
        for job_id, job in zip(self._batch.job_ids, self._batch.jobs, strict=True):
            row = _row(job_id, job)
            self._rows.append(row)
            for artifact in job.artifacts if job and job.status == "finished" else []:
                file = self._open(artifact)
                name = self._names.name_for(artifact["name"])
                facts = {"size": artifact["size"], "sha256": artifact["sha256"]}
                row["files"].append({"name": name, **facts, "there": file is not None})
                if file is not None:
                    yield name, _opener(file)
        yield MANIFEST, _opener(io.BytesIO(self._manifest()))

    def _open(self, artifact: JsonObject) -> IO[bytes] | None:
        """Open the file of a job; return None if it was deleted or replaced."""
        try:
            return self._folder.open_checked(artifact["name"], sha256=artifact["sha256"])
        except (NotFound, InvalidInput):
            return None

    def _manifest(self) -> bytes:
        manifest = {
            "batch_id": self._batch.id,
            "done": self._batch.done,
            "counts": self._batch.counts,
            "jobs": self._rows,
        }
        return json.dumps(manifest, indent=2).encode() + b"\n"


def _opener(file: IO[bytes]) -> Callable[[], IO[bytes]]:
    return lambda: file


def _row(job_id: str, job: JobRecord | None) -> JsonObject:
    status, error = (job.status, job.public_error) if job else (GONE, None)
    return {"id": job_id, "status": status, "error": error, "files": []}
