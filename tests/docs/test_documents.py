"""README and docs say what is: every setting, route, task and package has its line, every link its target."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from libraries.job_manager import known_tasks
from libraries.job_manager.states import STATES
from libraries.settings import SETTINGS, Settings
from tests.conftest import REPOSITORY
from tests.docs.documents import (
    README,
    anchors,
    blocks,
    documents,
    headings,
    links,
    mark,
    written_lists,
)

every_document = pytest.mark.parametrize(
    "document", documents(), ids=lambda path: str(path.relative_to(REPOSITORY))
)


@pytest.mark.parametrize("name", ["routes", "tasks", "settings"])
def test_a_list_in_the_readme_is_the_one_that_the_code_writes(
    name: str, settings: Settings, update_golden: bool
) -> None:
    wanted, readme = written_lists(settings)[name], README.read_text()
    found = mark(name).search(readme)
    assert found is not None, f"the marks of {name} are gone from README.md"
    if update_golden:
        README.write_text(mark(name).sub(lambda place: place[1] + wanted + place[3], readme))
    else:
        assert found[2] == wanted, "write it anew with --update-golden"


def test_the_readme_names_every_setting_route_and_task() -> None:
    readme = README.read_text()
    routes = [
        line.rsplit(" ", 1)
        for line in (REPOSITORY / "tests" / "golden" / "routes.txt").read_text().splitlines()
    ]
    wanted = (
        [row.name for row in SETTINGS]
        + known_tasks()
        + [f"{method} {rule}" for rule, method in routes]
    )
    assert [name for name in wanted if f"`{name}`" not in readme] == []


def test_the_readme_gives_a_reason_for_each_package_that_the_code_imports_and_no_other() -> None:
    section = mark("dependencies").search(README.read_text())
    assert section is not None
    reasons = dict(re.findall(r"^- `([a-z0-9-]+)`: (.+)$", section[2], re.MULTILINE))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert sorted(reasons) == sorted(project["dependencies"])


def test_the_readme_names_every_folder_of_the_layout() -> None:
    layout = next(block for block in blocks(README, "text") if "components/" in block)
    named = re.findall(r"^ *([\w.]+/?) ", layout, re.MULTILINE)
    places = {
        name
        for name in named
        if (REPOSITORY / name).exists() or (REPOSITORY / "libraries" / name).exists()
    }
    assert places == set(named)
    folders = {path.parent.name for path in (REPOSITORY / "libraries").glob("*/__init__.py")}
    assert folders <= {name.rstrip("/") for name in named}


def test_the_readme_starts_with_a_picture_and_one_curl() -> None:
    readme = README.read_text()
    picture, command, run = (
        readme.index(text) for text in ('<img src="docs/images/drawings.png"', "curl ", "## Run")
    )
    assert picture < 100
    assert picture < command < run


@every_document
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    missing = [target for target in links(document) if not (document.parent / target).exists()]
    assert missing == []


@every_document
def test_every_link_to_a_heading_finds_it(document: Path) -> None:
    for file, fragment in anchors(document):
        assert fragment in headings(document.parent / file if file else document)


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, ahead = set(), [README]
    while ahead:
        document = ahead.pop()
        reached.add(document)
        found = {
            (document.parent / target).resolve()
            for target in links(document)
            if target.endswith(".md")
        }
        ahead.extend(found - reached)
    assert set(documents()) <= reached


def test_a_link_to_nowhere_would_be_noticed(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        '[there](https://example.com) [here](gone.md#part) <img src="gone.png">\n```sh\n[no](link.md)\n```\n'
    )
    assert list(links(document)) == ["gone.md", "gone.png"]
    assert list(anchors(document)) == [("gone.md", "part")]


def test_the_states_that_are_drawn_are_the_states_that_there_are() -> None:
    drawn = "".join(blocks(REPOSITORY / "docs" / "states.md", "mermaid"))
    found = set(re.findall(r"^ *(\w+) *-->", drawn, re.MULTILINE)) | set(
        re.findall(r"--> *(\w+)", drawn)
    )
    assert found == set(STATES.values())


def test_every_state_that_a_script_of_the_broker_writes_is_drawn() -> None:
    states = (REPOSITORY / "docs" / "states.md").read_text()
    scripts = sorted((REPOSITORY / "libraries" / "job_manager" / "lua").glob("*.lua"))
    written = {
        state for file in scripts for state in re.findall(r"'status', '(\w+)'", file.read_text())
    }
    assert {"queued", "started", "finished", "failed", "canceled"} <= written
    assert [state for state in written if f"`{state}`" not in states] == []


def test_every_script_of_the_broker_is_explained() -> None:
    states = (REPOSITORY / "docs" / "states.md").read_text()
    scripts = [file.name for file in (REPOSITORY / "libraries").glob("*/lua/*.lua")]
    assert "finish.lua" in scripts
    assert [name for name in scripts if f"`{name}`" not in states] == []
