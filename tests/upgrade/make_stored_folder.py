"""Store a data folder of this version for the upgrade tests of later versions.

    python -m tests.upgrade.make_stored_folder 0.1.0

This runs the service in a temporary folder, uses its features over HTTP, stops it while jobs wait, and
stores the result as `tests/upgrade/stored/0.1.0`. Run it once before a version is published. The test
starts every later version on it. `stored_folder` describes the format.

Tracebacks of failed jobs contain the paths of the source files: run it from a copy in a public folder
such as /tmp/vector-api.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Service
from tests.upgrade.stored_folder import (
    REPLIES,
    STANDING,
    STORED,
    TOTALS,
    Client,
    environment,
    write_down,
)

SPIRAL = {"width": 60, "height": 40, "pattern": "spiral", "params": {"pitch": 2}, "seed": 7}
GRID = {"width": 50, "height": 30, "pattern": "grid", "seed": 1}
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
LATE = {"file_path": "uploads/late.csv", "format": "json"}
PRICES = b"day,price\n1,3.5\n2,4.25\n3,2\n"
TOWNS = b"town,height\nOban,10\nFort William,12\n"
NOBODY = "http://127.0.0.1:1031"
# A service may be stopped right before something is due.
SOON, LATER = 10, 3 * 86400
# Minimum lifetime of a record, and how much of it must remain at the end.
BRIEF, LEFT = 60, 15
BRIEF_FILE = "brief.svg"
Names = dict[str, str]


def make_ended(client: Client) -> Names:
    """Run jobs to their end, successful or not, and return their ids by kind."""
    names: Names = {"spiral": client.queue("/artboard/create", {**SPIRAL, "id": "kept"})}
    names["grid"] = client.queue("/artboard/create", {**GRID, "id": "labelled"})
    names["text"] = client.queue("/texts", {"type": "analyze", "content": "Draw me a ship"})
    names["keyed"] = client.queue("/postcards", CARD, {"Idempotency-Key": "order-17"})
    names["noticed"] = client.queue("/start-task")
    names["upload"] = client.upload("prices.csv", PRICES)["job_id"]
    names["failed"] = client.queue("/jobs", failing_for(LATE))
    for name in ("spiral", "grid", "text", "keyed", "noticed", "upload"):
        client.wait_for(names[name], "finished")
    client.wait_for(names["failed"], "failed")
    return names


def failing_for(file: dict[str, str]) -> dict[str, Any]:
    """Return a request for a job that fails unless its file exists when it runs."""
    return {"task": "workers.data_tasks.process_file", "kwargs": file, "retry": {"max": 0}}


def make_brief(client: Client) -> str:
    """Run a job whose record and file expire soon, and return its id."""
    arguments = {"width": 30, "height": 20, "pattern_type": "grid", "output_filename": BRIEF_FILE}
    drawing = {"task": "workers.svg_tasks.generate_complex_svg", "kwargs": arguments}
    job_id = client.queue("/jobs", {**drawing, "result_ttl": BRIEF})
    client.wait_for(job_id, "finished")
    return job_id


def label_drawings(client: Client, names: Names) -> None:
    """Pin one drawing, and give another one a title and a tag."""
    drawings = {one["job_id"]: f"/gallery/{one['id']}" for one in client.get("/gallery")["items"]}
    client.post(f"{drawings[names['spiral']]}/keep")
    label = {"title": "Window", "tags": ["wall"]}
    assert client.request("PATCH", drawings[names["grid"]], label).status == 200


def make_waiting(client: Client) -> Names:
    """Queue jobs that wait when the service is stopped, each for a different reason.

    Returns their ids by what they are.
    """
    client.post("/queue/pause")
    # Half of a batch; the other half is removed from the queue while the first one runs.
    batch = client.post("/batches", {"operation": "artboard", "items": [GRID, {**GRID, "seed": 2}]})
    first, second = batch["job_ids"]
    client.post(f"/jobs/{second}/cancel")
    client.post("/queue/resume")
    client.wait_for(first, "finished")
    # The address of the language model is unreachable, so this job is retried later.
    question = {"task": "workers.text_tasks.generate_text", "args": ["How is the weather?"]}
    names = {"again": client.queue("/jobs", {**question, "retry": {"max": 2, "interval": SOON}})}
    client.wait_for(names["again"], "scheduled")
    client.post("/queue/pause")
    client.post(f"/jobs/{second}/retry")
    names |= {"batch": batch["batch_id"], "batch_first": first, "batch_second": second}
    postcard = {"task": "workers.svg_tasks.generate_postcard_svg"}

    def card(name: str) -> dict[str, Any]:
        return {**postcard, "kwargs": {**CARD, "recipient": name}}

    webhook = {"url": f"{NOBODY}/told", "events": ["finished"]}
    names["waiting"] = client.queue("/artboard/create", {**SPIRAL, "seed": 8, "webhook": webhook})
    behind = {"depends_on": [names["waiting"]]}
    names["deferred"] = client.queue("/jobs", {**card("Deferred"), **behind})
    # A job that fails, and one that depends on it.
    names["hopeless"] = client.queue("/jobs", failing_for({**LATE, "file_path": "never.csv"}))
    behind = {"depends_on": [names["hopeless"]]}
    names["doomed"] = client.queue("/jobs", {**card("Doomed"), **behind})
    names["soon"] = client.queue("/jobs", {**card("Soon"), "delay": SOON})
    names["later"] = client.queue("/jobs", {**card("Later"), "delay": LATER})
    names["canceled"] = client.queue("/jobs", card("Canceled"))
    client.post(f"/jobs/{names['canceled']}/cancel")
    names["deleted"] = client.queue("/postcards", CARD, {"Idempotency-Key": "order-18"})
    assert client.request("DELETE", f"/jobs/{names['deleted']}").status == 204
    upload = client.upload("towns.csv", TOWNS)
    names |= {"waiting_upload": upload["job_id"], "waiting_file": upload["file"]}
    names["behind_upload"] = client.queue("/data/process", {**LATE, "file_path": upload["file"]})
    return names


def replies_of(client: Client, names: Names) -> dict[str, Any]:
    """Return the replies of the service that the test compares."""
    known = {name: client.request("GET", f"/jobs/{job_id}") for name, job_id in names.items()}
    jobs = {name: reply.json for name, reply in known.items() if reply.status == 200}
    done = {name: job["id"] for name, job in jobs.items() if job["done"]}
    finished = [name for name in done if jobs[name]["status"] == "finished"]
    listed = [job["id"] for job in client.get("/jobs?limit=200")["items"]]
    drawings = client.get("/gallery")["items"]
    return {
        "version": client.get("/version")["version"],
        "names": names,
        "jobs": jobs,
        "logs": {name: client.text(f"/jobs/{one}/logs") for name, one in done.items()},
        "events": {name: client.events(one) for name, one in done.items()},
        "results": {name: client.result_sha256(done[name]) for name in finished},
        "listed": [job_id for job_id in listed if job_id in names.values()],
        "gallery": [one for one in drawings if one["job_id"] in names.values()],
        "notifications": client.get("/notifications"),
        "batch": client.get(f"/batches/{names['batch']}"),
        "secret": client.get("/webhooks/secret"),
        "keyed": client.post("/postcards", CARD, {"Idempotency-Key": "order-17"}),
        "totals": client.measures(TOTALS),
        "standing": client.measures(STANDING),
    }


def main() -> int:
    """Create the folder and print its size."""
    parser = argparse.ArgumentParser(description="Store a data folder of this version.")
    parser.add_argument("version", help="name of the folder below tests/upgrade/stored")
    folder = STORED / str(parser.parse_args().version)
    with ExitStack() as ended:
        home = Path(tempfile.mkdtemp(prefix="va-"))
        ended.callback(shutil.rmtree, home, ignore_errors=True)
        service = Service(environment(home, TEXT_MODEL_URL=f"{NOBODY}/v1"), home / "service.log")
        ended.callback(lambda: service.process.poll() is None and service.stop(signal.SIGKILL))
        service.wait_until_drawn()
        client = Client(int(service.environ["PORT"]))
        # The first drawing of the launcher is large and redundant.
        (first,) = client.get("/jobs")["items"]
        assert client.request("DELETE", f"/jobs/{first['id']}").status == 204
        brief, finished_at = make_brief(client), time.monotonic()
        names = make_ended(client)
        label_drawings(client, names)
        time.sleep(max(0, finished_at + BRIEF - LEFT - time.monotonic()))
        names |= make_waiting(client)
        file = names.pop("waiting_file")
        replies = {**replies_of(client, names), "brief": brief, "waiting_file": file}
        assert service.stop() == 0, service.output()
        folder.mkdir(parents=True)
        write_down(home, folder)
    (folder / REPLIES).write_text(json.dumps(replies, indent=1, ensure_ascii=False) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{folder}: {size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
