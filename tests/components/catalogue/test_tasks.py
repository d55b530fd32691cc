"""GET /tasks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import known_tasks
from libraries.job_manager.schedules import load_schedules
from libraries.settings import Settings, parse_api_keys, use_settings
from libraries.worker.scheduler import Scheduler
from tests.watchful import watchful_client

KEYS = {one: hashlib.sha256(f"key of {one}".encode()).hexdigest() for one in ("ann", "bob")}
FILE = """
[[schedule]]
name = "hourly"
cron = "0 * * * *"
task = "workers.example_tasks.example_long_task"
kwargs = { seconds = 0 }
"""


@pytest.fixture
def scheduled(broker: EmbeddedBroker, settings: Settings, home: Path) -> Settings:
    (home / "schedules.toml").write_text(FILE)
    return use_settings(settings.with_values(schedules=home / "schedules.toml"))


@pytest.fixture
def client(scheduled: Settings) -> FlaskClient:
    return watchful_client(scheduled)


def test_every_task_is_listed_with_its_summary_and_parameters(client: FlaskClient) -> None:
    body = client.get("/tasks").get_json()
    assert [task["name"] for task in body["tasks"]] == known_tasks()
    tasks = {task["name"]: task for task in body["tasks"]}
    card = tasks["workers.svg_tasks.generate_postcard_svg"]
    assert card["summary"].startswith("Draw a postcard")
    assert card["parameters"][0] == {
        "name": "recipient",
        "required": True,
        "type": "str",
        "default": None,
    }
    assert (card["tries"], card["timeout"], card["schedules"]) == (2, 300, [])
    long = tasks["workers.example_tasks.example_long_task"]
    assert long["parameters"] == [
        {"name": "seconds", "required": False, "type": "float", "default": "1.0"}
    ]
    assert long["schedules"] == ["hourly"]
    assert tasks["workers.webhook_tasks.deliver_webhook"]["tries"] > 2
    assert all(task["summary"] for task in body["tasks"])


def test_a_schedule_has_the_time_and_status_of_its_last_run(
    client: FlaskClient, scheduled: Settings
) -> None:
    (before,) = client.get("/tasks").get_json()["schedules"]
    assert before["next_run"].endswith(":00:00.000Z")
    assert (before["last_run"], before["last_job"], before["runs"]) == (None, None, 0)
    one = Scheduler(scheduled, load_schedules(scheduled.jobs))
    one.tick(1_700_000_000)
    (job_id,) = one.tick(1_700_003_600)
    (after,) = client.get("/tasks").get_json()["schedules"]
    assert (after["last_run"], after["last_job"], after["last_status"]) == (
        "2023-11-14T23:00:00.000Z",
        job_id,
        "queued",
    )
    assert after["when"] == "cron 0 * * * *"


def test_the_schedule_of_an_owner_is_visible_to_that_owner_only(
    scheduled: Settings, home: Path
) -> None:
    (home / "schedules.toml").write_text(FILE + FILE.replace("hourly", "hers") + 'owner = "ann"\n')
    client = watchful_client(
        scheduled.with_values(
            api_keys=parse_api_keys(",".join(f"{one}:{digest}" for one, digest in KEYS.items())),
        )
    )
    seen = {}
    for one in KEYS:
        body = client.get("/tasks", headers={"X-API-Key": f"key of {one}"}).get_json()
        seen[one] = [schedule["name"] for schedule in body["schedules"]]
        assert [task["schedules"] for task in body["tasks"] if task["schedules"]] == [seen[one]]
    assert seen == {"ann": ["hourly", "hers"], "bob": ["hourly"]}


def test_an_invalid_schedules_file_is_reported(client: FlaskClient, home: Path) -> None:
    (home / "schedules.toml").write_text('[[schedule]]\nname = "x"\n')
    reply = client.get("/tasks")
    assert (reply.status_code, reply.get_json()["type"]) == (503, "/problems/schedules-unusable")
    assert "'x': task: must be" in reply.get_json()["detail"]
    assert str(home) not in reply.get_json()["detail"]
