"""The generated reference: complete."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from components.http.problems import EDGE_CODES
from components.sockets.declarations import ACTIONS
from components.system.pages import problem_types
from docs.reference_pages import write_reference
from docs.reference_pages.markdown import prose, table
from libraries.errors import CODES
from libraries.job_manager.tasks import describe_tasks
from libraries.patterns import PATTERNS
from libraries.settings import SETTINGS
from tests.conftest import REPOSITORY
from tests.docs.documents import GENERATED
from tests.journeys.conftest import Service


@pytest.fixture
def page(reference: dict[Path, str], request: pytest.FixtureRequest) -> str:
    return reference[GENERATED / f"{request.param}.md"]


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each row of all tables by the code in the first of them."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {
        name[1]: [cell.strip() for cell in line[1:]]
        for line in lines
        if (name := re.search(r"`([^`]+)`", line[0]))
    }


@pytest.mark.parametrize("page", ["routes"], indirect=True)
def test_the_reference_names_every_route(page: str) -> None:
    golden = (REPOSITORY / "tests" / "golden" / "routes.txt").read_text().splitlines()
    wanted = {f"{method} {rule}" for rule, method in (line.rsplit(" ", 1) for line in golden)}
    named = rows(page)
    assert wanted <= set(named)
    assert named["GET /healthz"][0] == "`open`"
    assert named["POST /artboard/create"][0] == "`key`"
    assert named["GET /jobs/<job_id>/events"][0] == "`token`"
    assert all(named[name][1] for name in wanted)


@pytest.mark.parametrize("page", ["settings"], indirect=True)
def test_the_reference_names_every_setting_with_its_default(page: str) -> None:
    named = rows(page)
    assert list(named) == [row.name for row in SETTINGS]
    for row in SETTINGS:
        default = [f"`{row.default}`"] if row.default else []
        assert [cell for cell in named[row.name] if cell] == [*default, prose(row.help)]


@pytest.mark.parametrize("page", ["tasks"], indirect=True)
def test_the_reference_names_every_task_with_every_parameter(page: str) -> None:
    sections = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    tasks = describe_tasks()
    assert list(sections) == [task.name for task in tasks]
    for task in tasks:
        described = rows(sections[task.name])
        assert list(described) == [one.name for one in task.parameters]
        assert all(cells[-1] for cells in described.values()), task.name


@pytest.mark.parametrize("page", ["patterns"], indirect=True)
def test_the_reference_names_every_pattern_with_every_parameter(page: str) -> None:
    sections = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    assert list(sections) == sorted(PATTERNS)
    for name, text in sections.items():
        assert set(rows(text)) == set(PATTERNS[name].schema().fields)
        assert f"images/gallery/{name}-1.png" in text
    assert rows(sections["spiral"])["pitch"][:4] == [
        "number",
        "mm",
        "at least 0.3, at most 200",
        "`1.8`",
    ]


@pytest.mark.parametrize("page", ["problems"], indirect=True)
def test_the_reference_names_every_problem_type_below_its_status(page: str) -> None:
    named = rows(page)
    assert set(named) == set(problem_types()) >= {*CODES, *EDGE_CODES}
    for status, text in re.findall(
        r"^## (\d+) .*?\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE
    ):
        assert all(problem_types()[name].status == int(status) for name in rows(text))


@pytest.mark.parametrize("page", ["metrics"], indirect=True)
def test_the_reference_names_every_metric_of_the_service(
    page: str, shared_service: Service
) -> None:
    with urllib.request.urlopen(f"{shared_service.url}/metrics") as reply:  # noqa: S310
        text = reply.read().decode()
    exposed = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert "vector_jobs_total" in exposed
    assert set(exposed) <= set(rows(page))
    labels = set(re.findall(r"^vector_jobs_total\{(\w+)=.*,(\w+)=", text, re.MULTILINE).pop())
    assert set(re.findall(r"`(\w+)`", rows(page)["vector_jobs_total"][1])) == labels


@pytest.mark.parametrize("page", ["events"], indirect=True)
def test_the_reference_names_every_action_and_event(page: str) -> None:
    channels = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert len(channels) == 3
    for channel in channels[:2]:
        assert {*ACTIONS, "job_progress", "group_message"} <= set(rows(channel))
    events = {"status", "progress", "log", "finished", "failed", "canceled"}
    assert events <= set(rows(channels[2]))
    assert {"payload.status", "payload.message", "job"} <= set(rows(channels[0]))


def test_the_reference_replaces_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    write_reference({"new.md": "text"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new.md"]


def test_prose_and_tables_keep_characters_that_markdown_would_take() -> None:
    assert prose("0 to 2**32 - 1,\n  `a*b` <x>") == r"0 to 2\*\*32 - 1, `a*b` \<x\>"
    assert list(table(("A", "B", "C"), [("`str | None`", "", "x")])) == [
        "| A | C |",
        "| --- | --- |",
        r"| `str \| None` | x |",
        "",
    ]
