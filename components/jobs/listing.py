"""Paginated lists of jobs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from urllib.parse import urlencode

import orjson
from flask import Response

from components.http.access import acting_for
from components.http.replies import json_response
from components.jobs.representation import job_body
from libraries.job_manager import (
    JobFilter,
    JobRecord,
    count_jobs,
    list_jobs,
)
from libraries.job_manager.listing import JobPage
from libraries.job_manager.ownership import ANONYMOUS
from libraries.json_types import JsonObject
from libraries.settings import AccessSettings, StorageSettings


def filter_of(conditions: JsonObject, states: Collection[str] | None = None) -> JobFilter:
    """Return the filter of a loaded `JobFilterSchema`, restricted to `states`."""
    chosen = {name: conditions.get(name) for name in ("task", "tag", "batch_id")}
    wanted = frozenset(conditions["status"].split(",")) if "status" in conditions else None
    if wanted is not None and states is not None:
        wanted &= frozenset(states)
    return JobFilter(
        text=conditions.get("q"), states=states if wanted is None else wanted, **chosen
    )


def list_response(query: JsonObject) -> Response:
    """Return a page of jobs for a loaded `JobListQuerySchema`. Raises EdgeError as `acting_for`."""
    owner = query.get("owner")
    with acting_for(None if owner == "*" else owner):
        page = list_of_owners(query) if owner == "*" else list_of_one(query)
    shown = (
        [own_json(record) for record in page.items]
        if owner is None
        else [orjson.Fragment(_encoded(owned_body(record))) for record in page.items]
    )
    body = {"items": shown, "next_cursor": page.next_cursor, "complete": page.complete}
    response = Response(
        orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    if page.next_cursor is not None:
        onward = urlencode({**query, "cursor": page.next_cursor})
        response.headers["Link"] = f'</jobs?{onward}>; rel="next"'
    return response


def list_of_owners(query: JsonObject) -> JobPage:
    """Return a page of the jobs of all owners, one after the other.

    The cursor is that of the list of an owner, with the name of the owner and `~` in front; it is
    empty at the first job of an owner. Raises InvalidInput for an invalid one.
    """
    first, _, cursor = (query["cursor"] or "").partition("~")
    owners = [one for one in _owners() if one >= first]
    items: list[JobRecord] = []
    complete = True
    for number, owner in enumerate(owners):
        own = {**query, "limit": query["limit"] - len(items), "cursor": cursor or None}
        with acting_for(owner):
            page = list_of_one(own)
        items += page.items
        complete = complete and page.complete
        if page.next_cursor:
            return JobPage(items, f"{owner}~{page.next_cursor}", complete)
        if len(items) == query["limit"]:
            following = owners[number + 1 : number + 2]
            return JobPage(items, f"{following[0]}~" if following else None, complete)
        cursor = ""
    return JobPage(items, None, complete)


def list_of_one(query: JsonObject) -> JobPage:
    """Return a page of the jobs of the current owner."""
    return list_jobs(
        filter_of(query),
        limit=query["limit"],
        cursor=query["cursor"],
        newest_first=query["order"] == "newest",
    )


def own_json(record: JobRecord) -> orjson.Fragment:
    """Return the JSON of a job of the caller."""
    # The paths of files are shown relative to the folders in the settings.
    settings = StorageSettings.current()
    known, text = record.renderings.get("list", (None, b""))
    if known is not settings:
        text = _encoded(job_body(record, arguments=True))
        record.renderings["list"] = settings, text
    return orjson.Fragment(text)


def owned_body(record: JobRecord) -> JsonObject:
    """Return the JSON of a job of any owner, with the owner."""
    with acting_for(record.owner):
        return {"owner": record.owner, **job_body(record, arguments=True)}


def _encoded(body: JsonObject) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # a number or a text beyond its limits
        return json.dumps(body).encode()


def counts_response(query: JsonObject) -> Response:
    """Return the numbers of jobs by state, for a loaded `CountsQuerySchema`. Raises EdgeError as `acting_for`."""
    owner = query.get("owner")
    owners: Sequence[str | None] = _owners() if owner == "*" else [owner]
    counts: Counter[str] = Counter()
    complete = True
    for one in owners:
        with acting_for(one):
            found = count_jobs(filter_of(query))
        counts.update(found.counts)
        complete = complete and found.complete
    return json_response({"counts": counts, "total": counts.total(), "complete": complete})


def _owners() -> Sequence[str]:
    return sorted({ANONYMOUS, *(key.name for key in AccessSettings.current().api_keys)})
