"""Job records that another program has damaged: listed, read in part, ended, deleted and counted."""

from __future__ import annotations

import pickle
import time
import zlib
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.job_manager import JobOptions, as_owner, enqueue_background_job, find_job, submit
from libraries.job_manager.errors import JobUnknown
from libraries.job_manager.events import read_events
from libraries.pickled_json import PickledJson
from libraries.settings import Settings
from libraries.worker.collector import Collector
from libraries.worker.doctor import examine_queue
from libraries.worker.reaper import Reaper
from tests.hostile_pickles import HOSTILE

RunJobs = Callable[[], None]
TEXT = "workers.text_tasks.default_text"
Damage = Callable[[Redis, str], object]


def fields(**values: str | bytes) -> Damage:
    return lambda client, job_id: client.hset(keys.job_key(job_id), mapping=values)  # type: ignore[arg-type]


def record_as_string(client: Redis, job_id: str) -> None:
    client.delete(keys.job_key(job_id))
    client.set(keys.job_key(job_id), "x")


def result_as_string(client: Redis, job_id: str) -> None:
    client.delete(keys.results_key(job_id))
    client.set(keys.results_key(job_id), "x")


FIELDS: dict[str, Damage] = {
    "status of another version": fields(status="paused"),
    "meta is no JSON": fields(meta="{"),
    "meta is a list": fields(meta="[1]"),
    "meta is a pickle of a list": fields(meta=PickledJson.dumps([1])),
    "meta is a pickle of an object": fields(meta=pickle.dumps({"artifacts": [Path("a")]})),
    "artifacts without names": fields(meta='{"artifacts": [{}]}'),
    "attempts is no JSON": fields(attempts="["),
    "attempts are numbers": fields(attempts="[1]"),
    "attempt without a time": fields(attempts='[{"started_at": "x", "ended_at": "x"}]'),
    "created_at is no time": fields(created_at="x"),
    "progress is no JSON": fields(progress="{"),
    "retries_left is no number": fields(retries_left="x"),
    "number_of_retries is no number": fields(number_of_retries="x"),
    "timeout is no number": fields(timeout="x"),
    "result_ttl is too large": fields(result_ttl="1" + "0" * 40),
    "failure is no JSON": fields(failure="x"),
    "failure lacks a member": fields(failure='{"code": "x"}'),
    "description is not UTF-8": fields(description=b"\xff"),
    "owner is not UTF-8": fields(owner=b"\xff"),
    "batch is not UTF-8": fields(batch=b"\xff"),
}
WHOLE: dict[str, Damage] = {
    "record is a string": record_as_string,
    "result is a string": result_as_string,
}
HEALED = ("progress", "failure")
# Fields that a worker needs, and that a list does not show.
CALLS: dict[str, Damage] = {
    "data is no JSON": fields(data=b"\x80\x04\x95"),
    "data is empty": fields(data=b""),
    "data is JSON of another shape": fields(data=b'{"task": "workers.text_tasks.default_text"}'),
    "data has an instance": fields(data=PickledJson.dumps([TEXT, "a", [], {}])),
    "data has no list of arguments": fields(data=PickledJson.dumps([TEXT, None, "a", {}])),
    "data has another task": fields(data=PickledJson.dumps([["a"], None, [], {}])),
    "data grows a thousandfold": fields(data=zlib.compress(b"\x80\x05" + b"N" * 2 * 10**7)),
    "dependency_ids is no JSON": fields(dependency_ids="["),
}


# One of each kind, for jobs that wait.
SOME: dict[str, Damage] = {
    name: (FIELDS | CALLS)[name]
    for name in (
        "status of another version",
        "meta is a list",
        "attempts is no JSON",
        "timeout is no number",
        "owner is not UTF-8",
        "data is no JSON",
        "dependency_ids is no JSON",
    )
} | {"record is a string": record_as_string}


def ends_of(damage: Damage) -> tuple[str, ...]:
    """Return the states in which a job with this damage may end; its start heals some."""
    if damage is record_as_string:
        return ("unreadable",)
    healed = damage in (FIELDS[name] for name in FIELDS if name.split()[0] in HEALED)
    return ("finished", "failed") if healed else ("failed",)


@pytest.fixture
def redis(settings: Settings) -> Redis:
    return web_client(settings)


def body_of(client: FlaskClient, job_id: str) -> dict[str, Any]:
    response = client.get(f"/jobs/{job_id}")
    assert response.status_code == 200
    body: dict[str, Any] = response.get_json()
    return body


@pytest.mark.parametrize("damage", (FIELDS | WHOLE).values(), ids=(FIELDS | WHOLE).keys())
def test_a_damaged_job_is_listed_read_in_part_and_deleted(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, damage: Damage
) -> None:
    sound, job = enqueue_background_job(TEXT, "a"), enqueue_background_job(TEXT, "b")
    run_jobs()
    damage(redis, job.id)
    body = body_of(client, job.id)
    assert (body["status"], body["error_code"], body["done"]) == ("unreadable", "bad-record", True)
    assert "damaged" in body["error"]
    assert {"cancel", "retry"}.isdisjoint(body["links"])
    listed = {one["id"]: one["status"] for one in client.get("/jobs").get_json()["items"]}
    assert listed == {sound.id: "finished", job.id: "unreadable"}
    (found,) = client.get("/jobs?status=unreadable").get_json()["items"]
    assert found["id"] == job.id
    for path, status in (
        ("result", 409),
        ("preview.png", 409),
        ("logs", 200),
        ("artifacts/a.svg", 409),
    ):
        assert client.get(f"/jobs/{job.id}/{path}").status_code == status, path
    for action in ("cancel", "retry"):
        assert client.post(f"/jobs/{job.id}/{action}").status_code == 409
    snapshot = read_events(job.id)
    assert snapshot is None or snapshot.job.status == "unreadable"
    assert client.get("/metrics").status_code == client.get("/gallery").status_code == 200
    assert client.delete(f"/jobs/{job.id}").status_code == 204
    assert client.get(f"/jobs/{job.id}").status_code == 410
    assert [one["id"] for one in client.get("/jobs").get_json()["items"]] == [sound.id]
    assert [key for key in redis.scan_iter("*") if job.id in key.decode(errors="replace")] == []


def test_damaged_jobs_are_deleted_in_bulk(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis
) -> None:
    jobs = [enqueue_background_job(TEXT, name) for name in FIELDS | WHOLE]
    run_jobs()
    for job, damage in zip(jobs, (FIELDS | WHOLE).values(), strict=True):
        damage(redis, job.id)
    order = {"action": "delete", "ids": [job.id for job in jobs]}
    reply = client.post("/jobs/bulk", json=order).get_json()
    assert (reply["done"], reply["failed"]) == (len(jobs), 0)
    assert client.get("/jobs").get_json()["items"] == []


@pytest.mark.parametrize("damage", (FIELDS | CALLS).values(), ids=(FIELDS | CALLS).keys())
def test_a_damaged_job_in_the_queue_fails_and_the_next_one_runs(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, damage: Damage
) -> None:
    job, sound = enqueue_background_job(TEXT, "a"), enqueue_background_job(TEXT, "b")
    damage(redis, job.id)
    run_jobs()
    body = body_of(client, job.id)
    assert body["status"] in ends_of(damage)
    assert body["error_code"] == ("bad-record" if body["status"] == "failed" else None)
    assert find_job(sound.id).status == "finished"


def test_hostile_pickles_run_no_code_in_the_worker_and_in_the_web_process(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, home: Path
) -> None:
    canary = home / "ran"
    called, noted, ended = (
        [enqueue_background_job(TEXT, "a").id for _ in HOSTILE] for _ in range(3)
    )
    for make, call, meta in zip(HOSTILE.values(), called, noted, strict=True):
        fields(data=zlib.compress(make(canary)))(redis, call)
        fields(meta=make(canary))(redis, meta)
    sound = enqueue_background_job(TEXT, "b")
    run_jobs()
    for make, job_id in zip(HOSTILE.values(), ended, strict=True):
        key = keys.results_key(job_id)
        redis.delete(key)
        redis.xadd(key, {"type": 1, "return_value": b64encode(make(canary))})
    assert find_job(sound.id).status == "finished"
    for job_id in (*called, *noted):
        body = body_of(client, job_id)
        assert (body["status"], body["error_code"]) == ("failed", "bad-record")
    for job_id in ended:
        body = body_of(client, job_id)
        assert (body["status"], body["error_code"]) == ("unreadable", "bad-record")
    assert client.get("/jobs?limit=200").status_code == client.get("/gallery").status_code == 200
    assert not canary.exists()


@pytest.mark.parametrize("damage", WHOLE.values(), ids=WHOLE.keys())
def test_a_key_of_another_type_does_not_stop_the_queue(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, damage: Damage
) -> None:
    job, sound = enqueue_background_job(TEXT, "a"), enqueue_background_job(TEXT, "b")
    damage(redis, job.id)
    run_jobs()
    assert body_of(client, job.id)["done"]
    assert find_job(sound.id).status == "finished"


@pytest.mark.parametrize("damage", SOME.values(), ids=SOME.keys())
def test_a_damaged_scheduled_job_does_not_stop_the_reaper(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, settings: Settings, damage: Damage
) -> None:
    later = JobOptions(run_at=time.time() + 3600)
    job, sound = submit(TEXT, ["a"], options=later), submit(TEXT, ["b"], options=later)
    damage(redis, job.id)
    redis.zadd(keys.SCHEDULED_KEY, {job.id: 1, sound.id: 2})
    assert Reaper(settings).tick() is not None
    run_jobs()
    body = body_of(client, job.id)
    assert body["status"] in ends_of(damage), body["error"]
    assert find_job(sound.id).status == "finished"


@pytest.mark.parametrize("damage", SOME.values(), ids=SOME.keys())
def test_a_damaged_dependent_does_not_hold_up_the_others(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, settings: Settings, damage: Damage
) -> None:
    first = enqueue_background_job(TEXT, "a")
    options = JobOptions(depends_on=(first.id,))
    job, sound = submit(TEXT, ["b"], options=options), submit(TEXT, ["c"], options=options)
    damage(redis, job.id)
    run_jobs()
    reaper = Reaper(settings)
    for _ in range(2):
        reaper.tick()
        reaper.release_waiting()
        run_jobs()
    assert find_job(sound.id).status == "finished"
    body = body_of(client, job.id)
    assert body["status"] in ends_of(damage), body["error"]


def test_the_owner_of_a_damaged_job_alone_sees_it(
    run_jobs: RunJobs, redis: Redis, settings: Settings
) -> None:
    with as_owner("anna"):
        ended, waiting = enqueue_background_job(TEXT, "a"), enqueue_background_job(TEXT, "b")
        fields(owner=b"\xff")(redis, waiting.id)
    run_jobs()
    fields(owner=b"\xff")(redis, ended.id)
    with as_owner("anna"):
        assert find_job(ended.id).status == "unreadable"
        assert find_job(waiting.id).error_code == "bad-record"
    for job in (ended, waiting):
        with pytest.raises(JobUnknown), as_owner("bert"):
            find_job(job.id)


def test_a_batch_and_the_gallery_show_the_other_jobs(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis
) -> None:
    drawing = {"width": 100, "height": 100, "pattern": "spiral"}
    items = [{**drawing, "seed": seed} for seed in range(3)]
    accepted = client.post("/batches", json={"operation": "artboard", "items": items})
    assert accepted.status_code == 202, accepted.get_json()
    batch_id = accepted.get_json()["batch_id"]
    run_jobs()
    ids = [one["id"] for one in client.get(f"/batches/{batch_id}").get_json()["jobs"]]
    fields(meta="{", ended_at=b"\xff")(redis, ids[0])
    record_as_string(redis, ids[1])
    batch = client.get(f"/batches/{batch_id}").get_json()
    assert batch["done"]
    assert batch["counts"] == {"unreadable": 2, "finished": 1}
    assert client.get(f"/batches/{batch_id}/archive.zip").status_code == 200
    assert client.get("/gallery").status_code == 200
    assert client.post("/gallery/reindex").status_code == 202
    run_jobs()
    drawings = client.get("/gallery").get_json()["items"]
    assert ids[2] in {one["job_id"] for one in drawings}


def test_damaged_jobs_are_counted(
    client: FlaskClient, run_jobs: RunJobs, redis: Redis, settings: Settings
) -> None:
    jobs = [enqueue_background_job(TEXT, str(number)) for number in range(3)]
    run_jobs()
    fields(meta="{")(redis, jobs[0].id)
    record_as_string(redis, jobs[1].id)
    Collector(settings).collect_expired()
    assert "vector_jobs_unreadable 2.0" in client.get("/metrics").get_data(as_text=True)
    (finding,) = [one for one in examine_queue(settings) if one.name == "records"]
    assert "2 jobs have damaged records" in finding.detail
