"""Maintenance tasks, queued by the schedules file."""

from __future__ import annotations

import time

from libraries.gallery import digest, gallery
from libraries.job_manager import current_job_id, enqueue_background_job, repeatable_ids
from libraries.json_types import JsonObject
from libraries.settings import MailSettings
from libraries.storage import output_folder
from libraries.usage import is_limited, recount

TRIES = 3
HOUR, MAX_DIGEST_HOURS = 3600, 168


def clean_up() -> JsonObject:
    """Delete temporary files of dead writers, vacuum the gallery index, and count the files of owners again."""
    removed = output_folder().remove_temporary(time.time() - HOUR)
    gallery().vacuum()
    if is_limited():
        recount()
    return {"half_written_files": removed}


def send_digest(hours: int = 24) -> JsonObject:
    """Mail a list of the drawings of the last `hours`, up to 168, to ADMIN_EMAIL if that is set.

    The result has the number of `drawings` and the `job_id` of the mail, or None.
    """
    now = time.time()
    report = digest(now - HOUR * max(1, min(hours, MAX_DIGEST_HOURS)), now)
    if not MailSettings.current().admin_email:
        return {"drawings": report["counts"]["drawings"], "job_id": None}
    mail = {
        "recipient": MailSettings.current().admin_email,
        "subject": f"Drawings of {report['date']}",
        "template": "digest",
    }
    # A retry of this job must not queue a second mail.
    with repeatable_ids(f"digest\n{current_job_id()}"):
        job = enqueue_background_job(
            "workers.email_tasks.send_notification", **mail, context=report
        )
    return {"drawings": report["counts"]["drawings"], "job_id": job.id}
