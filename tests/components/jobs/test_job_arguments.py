"""Arguments of jobs: shown, found, and changed for a retry."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.job_manager import JobOptions, as_owner, enqueue_background_job, find_job, submit
from libraries.job_manager.representation import job_body
from libraries.settings import Settings
from tests.components.http.test_access import ANN, with_keys
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
ECHO, POSTCARD = "workers.probe_tasks.echo", "workers.svg_tasks.generate_postcard_svg"
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
ADDRESS = "https://ann:pa55word@example.com/a.png?token=t0ken"

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


def queued(client: FlaskClient, task: str = POSTCARD, **fields: Any) -> str:
    response = client.post("/jobs", json={"task": task, **fields})
    assert response.status_code == 202, response.get_json()
    return str(response.get_json()["job_id"])


def shown(client: FlaskClient, job_id: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/jobs/{job_id}").get_json()
    return body


def found(client: FlaskClient, text: str) -> list[str]:
    return [job["id"] for job in client.get("/jobs", query_string={"q": text}).get_json()["items"]]


def failed_card(client: FlaskClient, run_jobs: RunJobs, **options: Any) -> str:
    kwargs = {**CARD, "template_name": "plaid"}
    job_id = queued(client, kwargs=kwargs, retry={"max": 0}, **options)
    run_jobs()
    assert shown(client, job_id)["status"] == "failed"
    return job_id


def retried(client: FlaskClient, job_id: str, **body: Any) -> dict[str, Any]:
    response = client.post(f"/jobs/{job_id}/retry", json=body)
    assert response.status_code == 202, response.get_json()
    job: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/jobs/{job['id']}"
    return job


def fields_in(response: TestResponse) -> list[str]:
    assert response.status_code == 422, response.get_json()
    return [error["field"] for error in response.get_json()["errors"]]


def test_positional_arguments_are_shown_by_name_in_the_job_and_in_the_list(
    client: FlaskClient,
) -> None:
    job_id = queued(client, args=["Ann"], kwargs={"message": "Hello", "template_name": "plain"})
    expected = {"args": [], "kwargs": CARD, "masked": [], "truncated": []}
    assert shown(client, job_id)["arguments"] == expected
    assert client.get("/jobs").get_json()["items"][0]["arguments"] == expected


def test_arguments_without_a_name_are_shown_by_position(client: FlaskClient) -> None:
    job_id = queued(client, ECHO, args=[1, None, {"a": 2.5}], kwargs={"b": [True]})
    arguments = shown(client, job_id)["arguments"]
    assert (arguments["args"], arguments["kwargs"]) == ([1, None, {"a": 2.5}], {"b": [True]})


def test_secrets_are_neither_shown_nor_found(client: FlaskClient) -> None:
    kwargs = {"password": "pa55word", "source": ADDRESS, "options": {"apiKey": "pa55word"}}
    job_id = queued(client, ECHO, kwargs=kwargs)
    arguments = shown(client, job_id)["arguments"]
    assert arguments["kwargs"] == {
        "password": "***",
        "source": "https://***@example.com/a.png?token=***",
        "options": {"apiKey": "***"},
    }
    assert arguments["masked"] == ["kwargs.password", "kwargs.source", "kwargs.options"]
    assert "pa55word" not in client.get("/jobs").text
    assert found(client, "example.com/a.png") == [job_id]
    assert found(client, "pa55word") == found(client, "t0ken") == []


def test_paths_in_the_output_folder_are_shown_without_the_folder(
    client: FlaskClient, settings: Settings
) -> None:
    job_id = enqueue_background_job(ECHO, str(settings.storage.output_dir / "a" / "b.svg")).id
    assert shown(client, job_id)["arguments"]["args"] == ["output/a/b.svg"]


def test_large_arguments_are_cut_and_noted(client: FlaskClient) -> None:
    job_id = queued(client, ECHO, kwargs={"svg": "<" * 200_000, "name": "Ann"})
    arguments = shown(client, job_id)["arguments"]
    assert len(json.dumps(arguments)) < 5000
    assert (arguments["truncated"], arguments["kwargs"]["name"]) == (["kwargs.svg"], "Ann")


def test_jobs_are_found_by_their_arguments_and_tags(client: FlaskClient) -> None:
    first = queued(client, kwargs={**CARD, "recipient": "Zoë \N{SNOWMAN}"}, tags=["order-17"])
    second = queued(client, ECHO, kwargs={"size": {"width": 1234}})
    assert found(client, "zoë \N{SNOWMAN}") == [first]
    assert found(client, "ORDER-17") == found(client, "recipient: zoë") == [first]
    assert found(client, "1234") == found(client, "width") == [second]


def test_jobs_of_an_older_version_or_another_program_show_their_stored_call(
    client: FlaskClient,
) -> None:
    small = queued(client, kwargs={**CARD, "recipient": "Zoe"})
    gone = queued(client, ECHO, kwargs={"password": "pa55word"})
    large = queued(client, ECHO, kwargs={"noise": [f"{n * n * n:x}" for n in range(30_000)]})
    broker = web_client()
    for job_id in (small, gone, large):
        assert broker.hdel(keys.job_key(job_id), "arguments") == 1
    broker.hset(keys.job_key(gone), "description", "workers.lost_tasks.gone")
    assert found(client, "Zoe") == [small]
    kwargs = {
        job["id"]: job["arguments"] and job["arguments"]["kwargs"]
        for job in client.get("/jobs").get_json()["items"]
    }
    assert kwargs == {small: {**CARD, "recipient": "Zoe"}, gone: {"password": "***"}, large: None}


def test_an_unreadable_call_is_shown_as_null(client: FlaskClient) -> None:
    job_id = queued(client, kwargs=CARD)
    web_client().hset(keys.job_key(job_id), "arguments", '{"args": 1, "kwargs": {}}')
    assert shown(client, job_id)["status"] == "unreadable"
    web_client().hdel(keys.job_key(job_id), "arguments")
    for data in (b"x", b"\x80\x04N.", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        web_client().hset(keys.job_key(job_id), "data", data)
        job = shown(client, job_id)
        assert (job["status"], job["arguments"]) == ("queued", None)


def test_only_the_owner_sees_arguments(settings: Settings) -> None:
    client = watchful_client(with_keys(settings))
    headers = {"X-API-Key": ANN}
    job_id = client.post(
        "/jobs", json={"task": POSTCARD, "kwargs": CARD}, headers=headers
    ).get_json()["job_id"]
    assert client.get(f"/jobs/{job_id}", headers=headers).get_json()["arguments"]["kwargs"] == CARD
    token = client.post(f"/jobs/{job_id}/token", headers=headers).get_json()["token"]
    with_token = client.get(f"/jobs/{job_id}?token={token}").get_json()
    assert with_token["id"] == job_id
    assert "arguments" not in with_token
    with as_owner("ann"):
        # As in events and webhooks.
        assert "arguments" not in job_body(find_job(job_id))


def test_a_retry_with_changes_is_a_new_job_that_links_to_the_old_one(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    old = failed_card(client, run_jobs, tags=["order-17"], timeout=77)
    job = retried(client, old, kwargs={"template_name": "plain"}, tags=["fixed"])
    assert job["id"] != old
    assert (job["retry_of"], job["links"]["original"]) == (old, f"/jobs/{old}")
    assert (job["tags"], job["timeout"]) == (["order-17", "fixed"], 77)
    assert job["arguments"]["kwargs"] == CARD
    run_jobs()
    assert shown(client, job["id"])["status"] == "finished"
    assert shown(client, old)["status"] == "failed"
    assert [one["id"] for one in client.get("/jobs").get_json()["items"]] == [job["id"], old]


def test_a_retry_without_changes_keeps_the_id(client: FlaskClient, run_jobs: RunJobs) -> None:
    old = failed_card(client, run_jobs)
    response = client.post(f"/jobs/{old}/retry", json={})
    assert (response.status_code, response.get_json()["id"]) == (202, old)
    assert response.get_json()["retry_of"] is None


def test_hidden_and_cut_arguments_stay_as_they_are_if_others_change(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    kwargs = {"password": "pa55word", "svg": "<" * 5000, "size": 1, "left_out": True}
    old = queued(client, ECHO, args=[1, 2], kwargs=kwargs)
    run_jobs()
    job = retried(client, old, kwargs={"size": 2}, unset=["left_out"])
    run_jobs()
    del kwargs["left_out"]
    assert shown(client, job["id"])["result"] == {"args": [1, 2], "kwargs": {**kwargs, "size": 2}}
    again = retried(client, job["id"], args=[])
    run_jobs()
    assert shown(client, again["id"])["result"]["args"] == []


def test_positional_arguments_replace_those_of_the_same_name(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    old = failed_card(client, run_jobs)
    job = retried(client, old, args=["Bob", "Bye"], kwargs={"template_name": "plain"})
    assert job["arguments"]["kwargs"] == {
        "recipient": "Bob",
        "message": "Bye",
        "template_name": "plain",
    }


def test_changes_are_sent_as_json(client: FlaskClient, run_jobs: RunJobs) -> None:
    old = failed_card(client, run_jobs)
    response = client.post(f"/jobs/{old}/retry", data={"kwargs": "{}"})
    assert response.status_code == 415
    assert shown(client, old)["status"] == "failed"
    assert client.post(f"/jobs/{old}/retry", data={}).get_json()["id"] == old


def test_jobs_that_wait_for_others_have_arguments_and_tags(client: FlaskClient) -> None:
    first = queued(client, kwargs=CARD)
    job = shown(client, queued(client, kwargs=CARD, tags=["a"], depends_on=[first]))
    assert (job["status"], job["tags"], job["arguments"]["kwargs"]) == ("deferred", ["a"], CARD)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"kwargs": {"receiver": "Bob"}}, ["kwargs.receiver"]),
        ({"unset": ["message"]}, ["kwargs.message"]),
        ({"unset": ["receiver"]}, ["unset.0"]),
        ({"unset": ["message"], "kwargs": {"message": "Bye"}}, ["unset.0"]),
        ({"args": [1, 2, 3, 4]}, ["args"]),
        ({"task": ECHO}, ["task"]),
        ({"kwargs": [], "timeout": "2h"}, ["kwargs", "timeout"]),
    ],
)
def test_invalid_changes_are_rejected(
    client: FlaskClient, run_jobs: RunJobs, body: dict[str, Any], fields: list[str]
) -> None:
    old = failed_card(client, run_jobs)
    assert sorted(fields_in(client.post(f"/jobs/{old}/retry", json=body))) == fields
    assert len(client.get("/jobs").get_json()["items"]) == 1


def test_only_an_ended_job_can_be_retried_with_changes(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = queued(client, kwargs=CARD)
    response = client.post(f"/jobs/{job_id}/retry", json={"kwargs": {"message": "Bye"}})
    assert (response.status_code, response.get_json()["job_status"]) == (409, "queued")
    run_jobs()
    assert retried(client, job_id, kwargs={"message": "Bye"})["retry_of"] == job_id
    with as_owner("somebody"):
        foreign = enqueue_background_job(POSTCARD, **CARD).id
    assert client.post(f"/jobs/{foreign}/retry", json={"kwargs": {}}).status_code == 404


def test_a_job_whose_call_or_task_is_gone_cannot_be_retried_with_changes(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    old, other = failed_card(client, run_jobs), failed_card(client, run_jobs)
    web_client().hset(keys.job_key(old), "data", b"x")
    assert client.post(f"/jobs/{old}/retry", json={"kwargs": {}}).status_code == 409
    web_client().hset(keys.job_key(other), "description", "workers.lost_tasks.gone")
    response = client.post(f"/jobs/{other}/retry", json={"kwargs": {}})
    assert (response.status_code, response.get_json()["type"]) == (404, "/problems/unknown-task")


def test_a_repeated_retry_with_a_key_queues_one_job(client: FlaskClient, run_jobs: RunJobs) -> None:
    old = failed_card(client, run_jobs)
    body, headers = {"kwargs": {"template_name": "plain"}}, {"Idempotency-Key": "once"}
    first, second = (
        client.post(f"/jobs/{old}/retry", json=body, headers=headers) for _ in range(2)
    )
    assert first.get_json() == second.get_json()
    other = client.post(f"/jobs/{old}/retry", json={"kwargs": {}}, headers=headers)
    assert other.get_json()["type"] == "/problems/idempotency-mismatch"
    assert len(client.get("/jobs").get_json()["items"]) == 2


def test_webhook_and_notifications_apply_to_the_changed_job(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    webhook = {"url": "https://example.invalid/x", "events": ["stopped"]}
    options = JobOptions(webhook=webhook, notify=True, id_prefix="card", retries=0)
    old = submit(POSTCARD, (), {**CARD, "template_name": "plaid"}, options).id
    run_jobs()
    new = retried(client, old, kwargs={"template_name": "plain"})["id"]
    assert new.startswith("card_")
    read = [
        web_client().hmget(keys.job_key(one), ["webhook", "webhook_events", "notify"])
        for one in (old, new)
    ]
    assert read[0] == read[1]
    assert None not in read[0]
