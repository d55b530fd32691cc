"""Paginated lists of jobs."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response

from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.job_manager import JobFilter, list_jobs
from libraries.json_types import JsonObject


def list_response(query: JsonObject) -> Response:
    """Return a page of the caller's jobs for a loaded `JobListQuerySchema`."""
    filters = {name: query.get(name) for name in ("status", "task", "batch_id")}
    page = list_jobs(
        JobFilter(text=query.get("q"), **filters),
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
