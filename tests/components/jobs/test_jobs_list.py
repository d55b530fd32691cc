"""GET /jobs: pages, filters, search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.job_manager import cancel_job, enqueue_background_job

RunJobs = Callable[[], None]
NOTHING, ECHO, REFUSE = (f"workers.probe_tasks.{name}" for name in ("nothing", "echo", "refuse"))

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def queued(number: int, task: str = NOTHING) -> list[str]:
    return [str(enqueue_background_job(task).id) for _ in range(number)]


def listed(client: FlaskClient, **query: Any) -> list[str]:
    """Return the ids on all pages."""
    found: list[str] = []
    while True:
        response = client.get("/jobs", query_string=query)
        assert response.status_code == 200, response.get_json()
        page = response.get_json()
        found += [job["id"] for job in page["items"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def test_an_empty_list_is_an_empty_page(client: FlaskClient) -> None:
    response = client.get("/jobs")
    assert response.get_json() == {"items": [], "next_cursor": None, "complete": True}
    assert "Link" not in response.headers


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
def test_every_job_is_on_one_page_newest_first_or_oldest_first(
    client: FlaskClient, limit: int
) -> None:
    ids = queued(7)
    assert listed(client, limit=limit) == ids[::-1]
    assert listed(client, limit=limit, order="oldest") == ids


def test_a_job_in_the_list_equals_the_single_job(client: FlaskClient) -> None:
    (job_id,) = queued(1)
    (item,) = client.get("/jobs").get_json()["items"]
    alone = client.get(f"/jobs/{job_id}").get_json()
    assert {**item, "position": 0} == alone


def test_the_link_header_has_the_next_page_with_the_same_query(client: FlaskClient) -> None:
    ids = queued(3, ECHO)
    queued(2)
    response = client.get("/jobs", query_string={"limit": 2, "task": ECHO, "q": "other tasks?&"})
    assert response.get_json()["items"] == []
    first = client.get("/jobs", query_string={"limit": 2, "task": ECHO, "q": "probe_tasks.echo"})
    address, relation = first.headers["Link"].removeprefix("<").split(">; ")
    assert relation == 'rel="next"'
    second = client.get(address)
    assert [job["id"] for page in (first, second) for job in page.get_json()["items"]] == ids[::-1]


def test_new_jobs_do_not_shift_the_pages(client: FlaskClient) -> None:
    ids = queued(4)
    first = client.get("/jobs?limit=2").get_json()
    queued(3)
    rest = listed(client, limit=2, cursor=first["next_cursor"])
    assert [job["id"] for job in first["items"]] + rest == ids[::-1]


def test_jobs_are_found_by_state_task_and_text(client: FlaskClient, run_jobs: RunJobs) -> None:
    (refused,) = queued(1, REFUSE)
    run_jobs()
    (canceled,) = queued(1)
    assert cancel_job(canceled)
    (waiting,) = queued(1, ECHO)
    assert listed(client, status="failed") == [refused]
    assert listed(client, status="canceled") == [canceled]
    assert listed(client, status="queued") == [waiting]
    assert listed(client, status="queued", task=NOTHING) == []
    assert listed(client, task=ECHO) == [waiting]
    assert listed(client, q="INVALID NAME") == [refused]
    assert listed(client, q=canceled[:20]) == [canceled]
    assert listed(client, q="no such words") == []


def test_the_errors_of_own_jobs_can_be_searched(client: FlaskClient, run_jobs: RunJobs) -> None:
    jobs = queued(1, "workers.probe_tasks.boom")
    run_jobs()
    assert listed(client, q="secret/place") == jobs


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "asleep"}, "status"),
        ({"order": "random"}, "order"),
        ({"q": ""}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"batch_id": "a b"}, "batch_id"),
        ({"cursor": "x" * 500}, "cursor"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "\N{SNOWMAN}"}, "cursor"),
        ({"cursor": "bmFuIHg"}, "cursor"),
    ],
)
def test_an_invalid_query_is_rejected(
    client: FlaskClient, query: dict[str, Any], parameter: str
) -> None:
    response = client.get("/jobs", query_string=query)
    assert response.status_code == 422
    assert [error["parameter"] for error in response.get_json()["errors"]] == [parameter]
