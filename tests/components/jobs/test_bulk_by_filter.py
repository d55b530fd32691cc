"""Actions on all jobs that match a filter, and the numbers of jobs by state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from components.jobs import actions
from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.job_index.maintenance import Upkeep
from libraries.job_manager import as_owner, cancel_job, listing, submit, submit_batch
from libraries.job_manager.backends import background_queue
from libraries.job_manager.listing import index_entries
from libraries.job_manager.submission import JobOptions

RunJobs = Callable[[], None]
ECHO, NOTHING, REFUSE = (f"workers.probe_tasks.{name}" for name in ("echo", "nothing", "refuse"))

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def queued(number: int, task: str = NOTHING, *tags: str, **kwargs: Any) -> list[str]:
    options = JobOptions(tags=tags, retries=0)
    return [str(submit(task, (), kwargs, options).id) for _ in range(number)]


def act(client: FlaskClient, action: str, **body: Any) -> dict[str, Any]:
    response = client.post("/jobs/bulk", json={"action": action, **body})
    assert response.status_code == 200, response.get_json()
    reply: dict[str, Any] = response.get_json()
    return reply


def all_parts(client: FlaskClient, action: str, **body: Any) -> list[dict[str, Any]]:
    """Return the replies of all requests that handle a filter."""
    replies = [act(client, action, **body)]
    while replies[-1]["next_cursor"]:
        replies.append(act(client, action, **body, cursor=replies[-1]["next_cursor"]))
    return replies


def states(client: FlaskClient) -> dict[str, int]:
    counts: dict[str, int] = client.get("/jobs/counts").get_json()["counts"]
    return counts


@pytest.mark.parametrize(
    "conditions",
    [
        {"tag": "old"},
        {"task": ECHO},
        {"q": "draft 17"},
        {"status": "scheduled"},
    ],
)
def test_jobs_that_match_a_filter_are_counted_then_deleted(
    client: FlaskClient, conditions: dict[str, str]
) -> None:
    others = queued(2)
    options = JobOptions(tags=("old", "a"), run_at=4e9)
    matching = [submit(ECHO, (), {"name": "Draft 17"}, options).id for _ in range(3)]
    counted = act(client, "delete", filter=conditions, dry_run=True)
    assert (counted["matched"], counted["done"], counted["items"]) == (3, 0, [])
    assert states(client) == {"queued": 2, "scheduled": 3}
    reply = act(client, "delete", filter=conditions)
    assert (reply["matched"], reply["done"], reply["failed"]) == (3, 3, 0)
    assert [item["id"] for item in reply["items"]] == matching[::-1]
    assert [job["id"] for job in client.get("/jobs").get_json()["items"]] == others[::-1]


def test_the_jobs_of_a_batch_are_canceled_together(client: FlaskClient) -> None:
    batch = submit_batch(NOTHING, [{}, {}])
    others = queued(1)
    reply = act(client, "cancel", filter={"batch_id": batch.id})
    assert {item["id"]: item["status"] for item in reply["items"]} == dict.fromkeys(
        batch.job_ids, "canceled"
    )
    assert [job["id"] for job in client.get("/jobs?status=queued").get_json()["items"]] == others


def test_all_conditions_of_a_filter_apply(client: FlaskClient) -> None:
    both, _, _ = queued(1, ECHO, "a")[0], queued(1, ECHO, "b"), queued(1, NOTHING, "a")
    reply = act(client, "cancel", filter={"tag": "a", "task": ECHO})
    assert [item["id"] for item in reply["items"]] == [both]


def test_jobs_whose_state_does_not_permit_the_action_are_left_out(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    failed, _ = queued(1, REFUSE, "a"), queued(1, NOTHING, "a")
    run_jobs()
    canceled, waiting = queued(1, NOTHING, "a"), queued(1, NOTHING, "a")
    assert cancel_job(canceled[0])
    counts = {
        action: act(client, action, filter={"tag": "a"}, dry_run=True)["matched"]
        for action in ("cancel", "retry", "delete")
    }
    assert counts == {"cancel": 1, "retry": 2, "delete": 4}
    reply = act(client, "retry", filter={"tag": "a"})
    assert [item["id"] for item in reply["items"]] == [*failed, *canceled]
    waiting_now = list(background_queue(web_client()).get_job_ids())
    assert waiting_now == [*waiting, *failed, *canceled]
    assert act(client, "retry", filter={"status": "finished"})["matched"] == 0


@pytest.mark.parametrize("action", ["cancel", "retry", "delete"])
def test_a_request_handles_a_part_and_the_next_one_continues(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(actions, "MAX_CHANGED", 3)
    ids = queued(7, NOTHING, "a")
    queued(2)
    if action == "retry":
        assert all(map(cancel_job, ids))
    assert act(client, action, filter={"tag": "a"}, dry_run=True)["matched"] == 7
    replies = all_parts(client, action, filter={"tag": "a"})
    assert len(replies) > 2
    handled = [item["id"] for reply in replies for item in reply["items"]]
    assert handled == (ids if action == "retry" else ids[::-1])
    assert sum(reply["done"] for reply in replies) == 7


def test_a_request_out_of_time_continues_after_the_last_handled_job(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BULK_STOP_TIMEOUT_S", -1.0)
    monkeypatch.setattr(actions, "BLOCK_SIZE", 1)
    ids = queued(3, NOTHING, "a")
    replies = all_parts(client, "cancel", filter={"tag": "a"})
    assert [[item["id"] for item in reply["items"]] for reply in replies] == [
        [job_id] for job_id in ids[::-1]
    ]
    assert [reply["matched"] for reply in replies] == [1, 1, 1]


def test_jobs_of_other_owners_are_neither_counted_nor_changed(client: FlaskClient) -> None:
    with as_owner("somebody"):
        foreign = queued(2, NOTHING, "a")
    own = queued(1, NOTHING, "a")
    assert act(client, "delete", filter={"tag": "a"}, dry_run=True)["matched"] == 1
    assert [item["id"] for item in act(client, "delete", filter={"tag": "a"})["items"]] == own
    assert states(client) == {}
    with as_owner("somebody"):
        assert listing.count_jobs().counts == {"queued": len(foreign)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": ["a"], "filter": {"tag": "a"}}, "ids"),
        ({"filter": {}}, "filter"),
        ({"filter": {"state": "queued"}}, "filter.state"),
        ({"filter": {"status": "asleep"}}, "filter.status"),
        ({"filter": {"tag": "a,b"}}, "filter.tag"),
        ({"filter": {"tag": "a"}, "cursor": "nonsense"}, "cursor"),
        ({"ids": ["a"], "dry_run": True}, "dry_run"),
        ({"ids": ["a"], "cursor": "x"}, "cursor"),
    ],
)
def test_an_unclear_request_changes_nothing(
    client: FlaskClient, body: dict[str, Any], field: str
) -> None:
    queued(1, NOTHING, "a")
    response = client.post("/jobs/bulk", json={"action": "delete", **body})
    assert response.status_code == 422
    assert [error["field"] for error in response.get_json()["errors"]] == [field]
    assert states(client) == {"queued": 1}


def test_jobs_are_counted_by_state_also_damaged_and_expired_ones(
    client: FlaskClient, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued(2, REFUSE)
    run_jobs()
    damaged, expired, odd, *_ = queued(5)
    web_client().hset(keys.job_key(odd), "status", "asleep")
    for job_id in (damaged, expired):
        web_client().delete(keys.job_key(job_id))
    web_client().set(keys.job_key(damaged), "x")
    # A worker notices what other programs did.
    assert Upkeep(web_client(), index_entries).check(limit_s=10) == 3
    assert client.get("/jobs/counts").get_json() == {
        "counts": {"failed": 2, "queued": 2, "unreadable": 2},
        "total": 6,
        "complete": True,
    }
