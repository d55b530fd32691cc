"""`GET /metrics`, parsed as by Prometheus."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from libraries import VERSION
from libraries.broker import keys
from libraries.broker.connections import worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import (
    JobOptions,
    cancel_job,
    delete_job,
    enqueue_background_job,
    fetch_job,
    known_tasks,
    submit,
    transitions,
)
from libraries.settings import ApiKey, Settings
from tests.conftest import REPOSITORY, WorkerProcess, until
from tests.docs.documents import blocks
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
StartWorker = Callable[..., WorkerProcess]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
NOTHING, BOOM = "workers.probe_tasks.nothing", "workers.probe_tasks.boom"
NAP = "workers.probe_tasks.nap"
OPENMETRICS = "application/openmetrics-text"
# What Prometheus 3 sends.
SCRAPER = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
FUNCTIONS = {
    "increase",
    "rate",
    "sum",
    "by",
    "for",
    "histogram_quantile",
    "and",
    "or",
    "unless",
    "on",
    "le",
    "task",
    "job",
}

pytestmark = pytest.mark.usefixtures("probe_tasks")


def scraped(client: FlaskClient) -> Samples:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(response.get_data(as_text=True)))
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in families
        for one in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def outcomes(client: FlaskClient, task: str) -> dict[str, float]:
    """The outcomes of the jobs of a task, without zeros."""
    found = scraped(client)
    named = {dict(labels)["outcome"]: number for (name, labels), number in found.items()
             if name == "vector_jobs_total" and dict(labels)["task"] == task}  # fmt: skip
    assert set(named) == {"finished", "failed", "retried", "stopped", "canceled"}
    return {outcome: number for outcome, number in named.items() if number}


def done(job_id: str) -> bool:
    record = fetch_job(job_id)
    return record is not None and record.done


@pytest.fixture
def redis(broker: EmbeddedBroker, settings: Settings) -> Any:
    connection = worker_client(settings)
    yield connection
    connection.close()


@pytest.mark.usefixtures("broker")
def test_an_idle_service_reports_its_queue_its_broker_and_itself(client: FlaskClient) -> None:
    found = scraped(client)
    assert value(found, "vector_info", version=VERSION) == 1
    assert value(found, "vector_broker_up") == 1
    for state in ("waiting", "running", "scheduled", "deferred", "failed"):
        assert value(found, "vector_queue_jobs", state=state) == 0
    zero = (
        "vector_queue_paused",
        "vector_queue_front_wait_seconds",
        "vector_workers",
        "vector_workers_busy",
    )
    assert [value(found, name) for name in (*zero, "vector_held_connections")] == [0] * 5
    assert (value(found, "vector_queue_limit"), value(found, "vector_held_connections_limit")) == (
        100_000,
        1000,
    )
    assert (value(found, "vector_broker_memory_bytes") or 0) > 100_000
    assert value(found, "vector_broker_memory_limit_bytes") is not None
    assert (value(found, "process_resident_memory_bytes") or 0) > 1_000_000
    tasks = {dict(labels)["task"] for name, labels in found if name == "vector_jobs_total"}
    assert tasks == {*known_tasks(), "other"}, "tasks that never ran have zeros"


@pytest.mark.usefixtures("broker")
def test_openmetrics_is_sent_if_the_client_prefers_it(client: FlaskClient) -> None:
    for accept in (
        OPENMETRICS,
        SCRAPER,
        "text/plain;q=0.5, application/openmetrics-text;version=77;q=0.5",
    ):
        response = client.get("/metrics", headers={"Accept": accept})
        assert (
            response.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        ), accept
        families = list(openmetrics.text_string_to_metric_families(response.get_data(as_text=True)))  # type: ignore[no-untyped-call]
        assert {"vector_jobs", "vector_job_seconds", "vector_http_requests"} <= {
            family.name for family in families
        }
        assert set(response.vary) == {"Accept", "Origin"}
        assert response.headers["Cache-Control"] == "no-store"
    for accept in (
        "",
        "*/*",
        "text/plain",
        f"{OPENMETRICS};q=0",
        f"{OPENMETRICS};q=0.1, text/plain",
        "version=x;;q=zz,\x7f",
    ):
        assert client.get("/metrics", headers={"Accept": accept}).content_type.startswith(
            "text/plain; "
        ), accept


def test_without_a_broker_the_web_process_still_reports_its_metrics(client: FlaskClient) -> None:
    client.get("/healthz")
    found = scraped(client)
    assert value(found, "vector_broker_up") == 0
    assert (
        value(found, "vector_http_requests_total", method="GET", route="/healthz", status="2xx")
        == 1
    )
    assert not [
        name
        for name, _ in found
        if name.startswith(("vector_queue", "vector_jobs", "vector_workers"))
    ]


def test_every_ended_job_is_counted_once(
    client: FlaskClient, start_worker: StartWorker, run_jobs: RunJobs, settings: Settings
) -> None:
    begun, ended = (
        settings.storage.output_dir.parent / "begun",
        settings.storage.output_dir.parent / "ended",
    )
    waiting = [enqueue_background_job(NOTHING).id for _ in range(2)]
    assert cancel_job(waiting[0])
    assert cancel_job(waiting[0]), "a repeated commit changes nothing"
    delete_job(waiting[1])
    finished = [enqueue_background_job(NOTHING).id for _ in range(3)]
    failed = submit(BOOM, options=JobOptions(retries=1, retry_pause=0.01)).id
    refused = submit("workers.probe_tasks.refuse", options=JobOptions(retries=3)).id
    start_worker()
    until(
        lambda: all(map(done, (*finished, failed, refused))), seconds=20, what="the end of all jobs"
    )
    stopped = enqueue_background_job(NAP, 60, str(begun), str(ended)).id
    until(begun.exists, what="a running job")
    assert value(scraped(client), "vector_workers_busy") == 1
    assert client.post(f"/jobs/{stopped}/cancel").status_code == 200
    assert outcomes(client, NOTHING) == {"finished": 3, "canceled": 2}
    assert outcomes(client, BOOM) == {"failed": 1, "retried": 1}
    assert outcomes(client, "workers.probe_tasks.refuse") == {"failed": 1}
    assert outcomes(client, NAP) == {"stopped": 1}
    assert outcomes(client, "other") == {}
    found = scraped(client)
    assert value(found, "vector_queue_jobs", state="failed") == 3
    # Only attempts have durations.
    assert [
        value(found, "vector_job_seconds_count", task=task) for task in (NOTHING, BOOM, NAP)
    ] == [3, 2, 1]
    assert 0 < (value(found, "vector_job_seconds_sum", task=NOTHING) or 0) < 3
    quick, all_of_them = (
        value(found, "vector_job_seconds_bucket", task=NOTHING, le=le) for le in ("5.0", "+Inf")
    )
    assert quick == all_of_them == 3


def test_the_counts_survive_killed_workers_and_a_broker_restart(
    client: FlaskClient, start_worker: StartWorker, private_broker: EmbeddedBroker
) -> None:
    for number in (1, 2):
        worker = start_worker()
        job_id = enqueue_background_job(NOTHING).id
        until(lambda job_id=job_id: done(job_id), what="a finished job")  # type: ignore[misc]
        worker.process.kill()
        worker.process.wait()
        assert outcomes(client, NOTHING) == {"finished": number}
    private_broker.stop()
    assert value(scraped(client), "vector_broker_up") == 0
    private_broker.start()
    assert outcomes(client, NOTHING) == {"finished": 2}


@pytest.mark.parametrize(("retries", "counted"), [(0, {"failed": 1}), (1, {"retried": 1})])
def test_a_job_of_a_lost_worker_is_counted(
    client: FlaskClient, redis: Redis, retries: int, counted: dict[str, int]
) -> None:
    job_id = submit(NOTHING, options=JobOptions(retries=retries)).id
    attempt = transitions.Attempt(job_id, "e" * 32, "gone", time.time())
    assert isinstance(transitions.take(redis, "gone", attempt.execution_id, attempt.started), dict)
    assert transitions.heartbeat(redis, attempt, time.time())
    redis.zadd(keys.STARTED_KEY, {f"{job_id}:{attempt.execution_id}": 1})
    transitions.reap(redis, time.time(), 600)
    transitions.reap(redis, time.time(), 600)
    assert outcomes(client, NOTHING) == counted


def test_a_repeated_commit_counts_once(client: FlaskClient, redis: Redis) -> None:
    """The reply to a commit can be lost."""
    attempt = transitions.Attempt(enqueue_background_job(NOTHING).id, "e" * 32, "w", time.time())
    assert isinstance(transitions.take(redis, "w", attempt.execution_id, attempt.started), dict)
    for _ in range(2):
        outcome = transitions.Outcome(result=None, lifetime=60)
        assert transitions.finish(redis, attempt, attempt.started + 2.5, outcome)
    assert outcomes(client, NOTHING) == {"finished": 1}
    found = scraped(client)
    assert value(found, "vector_job_seconds_sum", task=NOTHING) == pytest.approx(2.5, abs=1e-3)
    assert [
        value(found, "vector_job_seconds_bucket", task=NOTHING, le=le)
        for le in ("1.0", "5.0", "15.0")
    ] == [0, 1, 1]


@pytest.mark.parametrize(
    "name", ["workers.gone_tasks.f", "no path at all", "a b finished", "x." * 200, "\n", ""]
)
def test_an_unregistered_task_counts_as_other(client: FlaskClient, redis: Redis, name: str) -> None:
    job_id = enqueue_background_job(NOTHING).id
    redis.hset(keys.job_key(job_id), "description", name)
    assert cancel_job(job_id)
    assert outcomes(client, "other") == {"canceled": 1}


@pytest.mark.usefixtures("broker")
def test_waiting_jobs_are_counted_with_their_wait(client: FlaskClient) -> None:
    client.post("/queue/pause")
    for _ in range(3):
        enqueue_background_job(NOTHING)
    submit(NOTHING, options=JobOptions(run_at=time.time() + 600))
    until(
        lambda: (value(scraped(client), "vector_queue_front_wait_seconds") or 0) > 0,
        what="some waiting",
    )
    found = scraped(client)
    assert (
        value(found, "vector_queue_jobs", state="waiting"),
        value(found, "vector_queue_jobs", state="scheduled"),
    ) == (3, 1)
    assert (value(found, "vector_queue_front_wait_seconds") or 0) < 60
    assert value(found, "vector_queue_paused") == 1


def test_all_broker_metrics_take_one_round_trip(client: FlaskClient, redis: Redis) -> None:
    scraped(client)

    def calls() -> int:
        return int(redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))

    def processed() -> int:
        return int(redis.info("stats")["total_reads_processed"])

    def taken() -> tuple[int, int]:
        before, reads = calls(), processed()
        scraped(client)
        return calls() - before, processed() - reads

    # One read is that of this test. Other connections may read in between.
    assert min(taken() for _ in range(5)) == (1, 3)


def test_requests_are_counted_by_route_and_never_by_client_input(
    client: FlaskClient,
) -> None:
    for path in (
        "/problems/not-found",
        "/problems/bad-request",
        "/problems/nope",
        "/secret-word",
        "/a/b/secret-word",
    ):
        client.get(path)
    client.open("/healthz", method="SECRET")
    client.head("/healthz")
    text = client.get("/metrics").get_data(as_text=True)
    assert "secret" not in text.lower()
    found = scraped(client)
    counted = {
        ("GET", "/problems/<slug>", "2xx"): 2,
        ("GET", "/problems/<slug>", "4xx"): 1,
        ("GET", "none", "4xx"): 2,
        ("other", "none", "4xx"): 1,
        ("HEAD", "/healthz", "2xx"): 1,
        ("GET", "/metrics", "2xx"): 1,
    }
    for (method, route, status), number in counted.items():
        assert (
            value(found, "vector_http_requests_total", method=method, route=route, status=status)
            == number
        ), route
    slug = {"method": "GET", "route": "/problems/<slug>"}
    assert value(found, "vector_http_request_seconds_count", **slug) == 3
    assert value(found, "vector_http_request_seconds_bucket", le="+Inf", **slug) == 3
    assert 0 < (value(found, "vector_http_request_seconds_sum", **slug) or 0) < 30


def test_two_applications_have_separate_counts(client: FlaskClient, settings: Settings) -> None:
    client.get("/healthz")
    found = scraped(watchful_client(settings))
    assert (
        value(found, "vector_http_requests_total", method="GET", route="/healthz", status="2xx")
        is None
    )


@pytest.mark.usefixtures("broker")
def test_metrics_need_a_key_if_keys_are_set(settings: Settings) -> None:
    keyed = watchful_client(
        settings.with_values(
            api_keys=(
                ApiKey("ann", sha256(b"word").digest(), frozenset({"metrics"})),
                ApiKey("bob", sha256(b"other").digest()),
            )
        )
    )
    assert keyed.get("/metrics").status_code == 401
    response = keyed.get("/metrics", headers={"Authorization": "Bearer word"})
    assert response.status_code == 200
    assert (
        'vector_http_requests_total{method="GET",route="/metrics",status="4xx"} 1.0'
        in response.get_data(as_text=True)
    )
    assert keyed.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 403


@pytest.mark.usefixtures("run_jobs")
def test_the_alerts_of_the_deployment_guide_name_metrics_and_labels_that_exist(
    client: FlaskClient,
) -> None:
    found = scraped(client)
    names = {name for name, _ in scraped(client)}
    labels = {pair for _, pairs in {**found, **scraped(client)} for pair in pairs}
    scrape, alerts = (
        yaml.safe_load(block)
        for block in blocks(REPOSITORY / "docs" / "how-to" / "deploy.md", "yaml")
    )
    (target,) = scrape["scrape_configs"]
    assert target["authorization"] == {
        "type": "Bearer",
        "credentials_file": target["authorization"]["credentials_file"],
    }
    assert client.get(target.get("metrics_path", "/metrics")).status_code == 200
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len(rules) >= 4
    for rule in rules:
        expression = re.sub(r"\[\w+\]", "", rule["expr"])
        for name, value_of in re.findall(r'(\w+)="(\w+)"', expression):
            assert (name, value_of) in labels or name in ("job", "status"), rule
        words = set(
            re.findall(r"[a-z_]+(?=[^a-z_]|$)", re.sub(r'\{[^}]*\}|"[^"]*"', "", expression))
        )
        assert {word for word in words if word.startswith(("vector_", "process_"))} & names, rule
        assert words - names <= FUNCTIONS | {"up"}, rule
        assert rule["annotations"]["summary"]
