"""Additions of each kind: the number of files they need, and their use in a running service."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.sheets.artboard import load_artboard
from libraries.sheets.page import MAX_SEED
from tests.conftest import REPOSITORY, copy_folder, environ_in
from tests.extension.additions import ADDITIONS
from tests.extension.copies import CopiedService, copy_of_sources, touched
from tests.photographs import encoded, landscape

SIZE: dict[str, Any] = {"width": 100, "height": 60}
BOARD = {**SIZE, "pattern": "spiral", "params": {"pitch": 4}, "seed": 5}
CREATE = "/artboard/create"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The folder of the copy and its data."""
    folder = Path(tempfile.mkdtemp(prefix="va-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def copy(home: Path) -> Path:
    """A copy of the sources with all additions."""
    copy = copy_of_sources(home)
    for addition in ADDITIONS.values():
        addition.lay_into(copy)
    return copy


@pytest.fixture(scope="module")
def service(home: Path, copy: Path) -> Iterator[CopiedService]:
    """A running service of the copy."""
    service = CopiedService(home, copy, ATELIER_TITLE="Atelier")
    service.wait_until_drawn()
    yield service
    service.stop()


def schema(service: CopiedService, name: str) -> dict[str, Any]:
    """The properties of a schema in the OpenAPI document."""
    properties: dict[str, Any] = service.get("/openapi.json")["components"]["schemas"][name][
        "properties"
    ]
    return properties


def recipe(svg: str) -> dict[str, Any]:
    """The recipe in a drawing."""
    text = ElementTree.fromstring(svg).findtext("{http://www.w3.org/2000/svg}metadata")
    kept: dict[str, Any] = json.loads(text or "")
    return kept


def test_each_addition_takes_as_few_files_as_promised(copy: Path) -> None:
    counted: set[str] = set()
    for name, addition in ADDITIONS.items():
        files = {*addition.new, *addition.changed}
        counted |= files
        inside = {
            one
            for one in addition.new
            if addition.package and one.startswith(f"{addition.package}/")
        }
        assert len(files - inside) + bool(inside) <= addition.promised, name
    assert touched(copy) == counted


def test_nothing_that_was_added_is_left_out(service: CopiedService) -> None:
    assert service.get("/readyz")["not_loaded"] == []


def test_an_added_pattern_is_listed_checked_and_drawn(service: CopiedService) -> None:
    assert service.get("/patterns/rays")["summary"].startswith("Rays")
    assert (
        service.drawn(CREATE, {**SIZE, "pattern": "rays", "params": {"count": 12}}).count("<path")
        == 12
    )
    wrong = {**SIZE, "pattern": "rays", "params": {"count": 2}}
    assert service.refused(CREATE, wrong) == ["#/params/count"]


def test_an_added_pattern_keeps_the_promises_of_every_pattern(home: Path, copy: Path) -> None:
    copy_folder(REPOSITORY / "tests", copy / "tests", "extension")
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--update-golden", "-k", "rays"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "tests/libraries/patterns/test_every_pattern.py",
        ],
        env=environ_in(home) | {"PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (copy / "tests" / "golden" / "pattern_rays.svg").exists()


def test_an_added_task_is_listed_queued_and_done(service: CopiedService) -> None:
    name = "workers.greeting_tasks.letter_greeting"
    assert name in [one["name"] for one in service.get("/tasks")["tasks"]]
    queued = service.post("/jobs", {"task": name, "args": ["Ann"]})
    assert service.result(queued["job_id"]).text.count("<path") > 5
    folder = f"output/jobs/{queued['job_id']}/greetings/"
    assert service.ended(queued["job_id"])["result"].startswith(folder)


def test_an_added_endpoint_queues_with_the_options_of_the_queue(service: CopiedService) -> None:
    body = {"name": "Ann", "priority": "high", "timeout": 77}
    first, second = (
        service.send("POST", "/greetings", body, {"Idempotency-Key": "ann-1"}) for _ in range(2)
    )
    assert (first.status, second.status) == (202, 202)
    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert service.ended(first.json["job_id"])["timeout"] == 77
    assert service.result(first.json["job_id"]).text.count("<path") > 5
    batch = service.post("/batches", {"operation": "greeting", "items": [{"name": "Bob"}]})
    assert service.ended(batch["job_ids"][0])["status"] == "finished"
    assert service.refused("/greetings", {"name": ""}) == ["#/name"]
    assert service.send("POST", "/greetings", body, key="").status == 401


def test_an_added_field_of_an_artboard_works_everywhere_or_is_refused(
    service: CopiedService, home: Path
) -> None:
    for name in ("CreateArtboard", "PlotPhoto", "Sweep"):
        assert schema(service, name)["flip"]["type"] == "boolean"

    plain = service.drawn(CREATE, BOARD)
    flipped = service.drawn(CREATE, {**BOARD, "flip": True})
    assert flipped != plain
    assert recipe(flipped)["recipe"]["flip"] is True
    again = service.post(CREATE, {**BOARD, "flip": True})["job_id"]
    assert service.result(again).text == flipped
    assert "already drawn" in service.ended(again)["progress"]["message"]
    known = load_artboard(**BOARD).recipe()
    assert recipe(plain)["recipe_sha256"] == known.sha256

    sweep = service.post("/sweeps", {**BOARD, "seed": None, "seeds": [5, 6], "flip": True})
    assert service.result(sweep["job_ids"][0]).text == flipped
    items = [{**BOARD, "flip": True}, BOARD]
    batch = service.post("/batches", {"operation": "artboard", "items": items})
    assert [service.result(one).text for one in batch["job_ids"]] == [flipped, plain]

    (home / "uploads").mkdir(exist_ok=True)
    (home / "uploads" / "photo.png").write_bytes(encoded(landscape(), "PNG"))
    plot = {**SIZE, "photo": "uploads/photo.png", "params": {"points": 200}, "flip": True}
    assert recipe(service.drawn("/photos/plot", plot))["recipe"]["flip"] is True

    composed = {**SIZE, "elements": [{"type": "circle"}], "flip": True}
    assert service.refused(CREATE, composed) == ["#/flip"]
    assert service.refused(CREATE, {**BOARD, "flip": "perhaps"}) == ["#/flip"]


def test_equal_requests_but_for_an_added_field_do_not_share_a_stored_drawing(
    service: CopiedService,
) -> None:
    boards = [{**BOARD, "seed": MAX_SEED, "flip": flip} for flip in (True, False, True)]
    ids = [service.post(CREATE, board)["job_id"] for board in boards]
    first, other, again = (service.result(job_id).text for job_id in ids)
    assert first == again != other


def test_an_added_type_of_element_is_drawn_and_documented(service: CopiedService) -> None:
    schemas = service.get("/openapi.json")["components"]["schemas"]
    assert schemas["Element"]["discriminator"]["mapping"]["cross"].endswith("/CrossElement")
    box = {"x": 10, "y": 10, "width": 40, "height": 40}
    cross = {"type": "cross", "box": box, "inset": 5}
    svg = service.drawn(CREATE, {**SIZE, "elements": [cross]})
    assert svg.count("<path") == 2
    assert recipe(svg)["recipe"]["elements"][0]["inset"] == 5
    wrong = {**SIZE, "elements": [{**cross, "inset": 99}]}
    assert service.refused(CREATE, wrong) == ["#/elements/0/inset"]


def test_a_result_is_negotiated_in_an_added_format(service: CopiedService) -> None:
    job_id = service.post(CREATE, {**SIZE, "pattern": "rays", "params": {"count": 3}})["job_id"]
    exported = service.result(job_id, Accept="text/csv")
    assert exported.headers["Content-Type"].startswith("text/csv")
    assert len([line.split(",") for line in exported.text.splitlines()]) == 6
    assert "Accept" in exported.headers["Vary"]
    assert service.result(job_id).text.startswith("<svg ")
    refused = service.result(job_id, Accept="video/mp4")
    assert (refused.status, refused.json["type"]) == (406, "/problems/not-acceptable")
    assert "text/csv" in refused.json["detail"]
    paths = service.get("/openapi.json")["paths"]
    assert "text/csv" in paths["/jobs/{job_id}/result"]["get"]["responses"]["200"]["content"]


def test_an_artboard_is_stored_in_an_added_encoding(service: CopiedService) -> None:
    assert schema(service, "CreateArtboard")["encoding"]["enum"] == ["plain", "compact", "signed"]
    signed = service.drawn(CREATE, {**BOARD, "encoding": "signed"})
    assert signed.endswith("<!-- drawn by hand -->\n")
    assert recipe(signed)["recipe"]["encoding"] == "signed"
    assert not service.drawn(CREATE, BOARD).endswith("-->\n")


@pytest.mark.parametrize(("name", "status"), [("atelier", 200), ("ledger", 401)])
def test_an_added_page_is_open_or_closed_together_with_its_files(
    service: CopiedService, name: str, status: int
) -> None:
    for path, text in ((f"/{name}", "<h1>Atelier</h1>"), (f"/{name}/assets/{name}.css", "navy")):
        assert service.send("GET", path, key="").status == status
        assert text in service.send("GET", path).text
    documented = service.get("/openapi.json")["paths"][f"/{name}"]["get"]
    closed = [{"bearer": ["read"]}, {"header": ["read"]}]
    assert documented["security"] == ([] if status == 200 else closed)


def test_a_mail_is_sent_from_an_added_template(service: CopiedService, home: Path) -> None:
    (listed,) = [one for one in service.get("/templates")["mail"] if one["name"] == "plot_ready"]
    assert listed["summary"] == "A plot can be picked up."
    mail = {"recipient": "ann@example.com", "subject": "Come by", "template": "plot_ready"}
    sent = service.post("/emails", {**mail, "context": {"name": "Ann", "shelf": "B 4"}})
    assert service.ended(sent["job_id"])["status"] == "finished"
    (kept,) = (home / "output").rglob("*.eml")
    message = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
    text, html = (message.get_body((form,)) for form in ("plain", "html"))
    assert text is not None
    assert "Hello Ann,\n\nyour plot can be picked up at shelf B 4." in text.get_content().replace(
        "\r\n", "\n"
    )
    assert html is not None
    assert "<title>Come by</title>" in html.get_content()
    wrong = {**mail, "context": {"name": "Ann", "shelf": "behind the door"}}
    assert service.refused("/emails", wrong) == ["#/context/shelf"]


def test_an_added_setting_is_read_used_and_shown(service: CopiedService, copy: Path) -> None:
    assert "<h1>Atelier</h1>" in service.send("GET", "/atelier").text
    show = "from libraries.settings import example_env; print(example_env())"
    shown = subprocess.run(
        [sys.executable, "-c", show],
        env={"PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert "\n# Title of the page /atelier.\nATELIER_TITLE=Workshop\n" in shown
