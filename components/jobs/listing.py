"""Paginated lists of jobs."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlencode

from flask import Response

from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.job_manager import JobFilter, count_jobs, list_jobs
from libraries.json_types import JsonObject


def filter_of(conditions: JsonObject, states: Collection[str] | None = None) -> JobFilter:
    """Return the filter of a loaded `JobFilterSchema`, restricted to `states`."""
    names = ("status", "task", "tag", "batch_id")
    chosen = {name: conditions.get(name) for name in names}
    return JobFilter(text=conditions.get("q"), states=states, **chosen)


def list_response(query: JsonObject) -> Response:
    """Return a page of the caller's jobs for a loaded `JobListQuerySchema`."""
    page = list_jobs(
        filter_of(query),
        limit=query["limit"],
        cursor=query["cursor"],
        newest_first=query["order"] == "newest",
    )
    response = json_response(
        {
            "items": [job_body(record, arguments=True) for record in page.items],
            "next_cursor": page.next_cursor,
        }
    )
    if page.next_cursor is not None:
        onward = urlencode({**query, "cursor": page.next_cursor})
        response.headers["Link"] = f'</jobs?{onward}>; rel="next"'
    return response


def counts_response() -> Response:
    """Return the numbers of the caller's jobs by state."""
    found = count_jobs()
    body = {"counts": found.counts, "total": sum(found.counts.values()), "complete": found.complete}
    return json_response(body)
