"""Pages of jobs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response

from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.job_manager import JobFilter, list_jobs


def list_response(query: dict[str, Any]) -> Response:
    """Return the page of the caller's jobs that a `JobListQuerySchema` asks for, with a link to the next one if there is one.

    Raises:
        InvalidInput: the cursor is not one that an earlier page gave.
        QueueUnavailable: the broker cannot be reached.
    """
    wanted = JobFilter(
        status=query.get("status"),
        task=query.get("task"),
        text=query.get("q"),
        batch_id=query.get("batch_id"),
    )
    page = list_jobs(
        wanted,
        limit=query["limit"],
        cursor=query["cursor"],
        newest_first=query["order"] == "newest",
    )
    response = json_response(
        {"items": [job_body(record) for record in page.items], "next_cursor": page.next_cursor}
    )
    if page.next_cursor is not None:
        onward = urlencode({**query, "cursor": page.next_cursor})
        response.headers["Link"] = f'</jobs?{onward}>; rel="next"'
    return response
