"""Links, headings, pictures and lists of the documents."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from libraries.job_manager.states import STATES
from tests.conftest import REPOSITORY
from tests.docs.documents import (
    README,
    anchors,
    blocks,
    document_with,
    documents,
    headings,
    links,
    marker_mistakes,
    misplaced_lists,
)

STATE_DIAGRAM = "stateDiagram-v2\n"
every_document = pytest.mark.parametrize(
    "document", documents(), ids=lambda path: str(path.relative_to(REPOSITORY))
)


def broken(document: Path, text: str, reference: dict[Path, str]) -> list[str]:
    """Links of a document that lead to no file or to no heading of it."""
    found = []
    for target in links(text):
        path = (document.parent / target).resolve()
        if path not in reference and not path.exists():
            found.append(target)
    for file, fragment in anchors(text):
        path = (document.parent / file).resolve() if file else document
        goal = (
            text if not file else reference.get(path) or (path.read_text() if path.exists() else "")
        )
        if fragment not in headings(goal):
            found.append(f"{file}#{fragment}")
    return found


@every_document
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(
    document: Path, reference: dict[Path, str]
) -> None:
    assert broken(document, document.read_text(), reference) == []


def test_every_link_of_the_reference_leads_to_a_file_and_a_heading(
    reference: dict[Path, str],
) -> None:
    for path, text in reference.items():
        assert broken(path, text, reference) == []


@every_document
def test_every_list_of_a_document_begins_after_an_empty_line(document: Path) -> None:
    assert misplaced_lists(document.read_text()) == []


@every_document
def test_every_block_that_is_not_run_has_a_reason(document: Path) -> None:
    assert marker_mistakes(document.read_text()) == []


def test_seeded_faults_of_a_document_are_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    text = (
        '# Page\n[there](https://example.com/a#b) [here](gone.md#part) <img src="gone.png"> [up](#no)\n'
        "Text:\n- item\n- item\n\n- item\n"
        "```sh\n[no](link.md)\n<!-- not run -->\n```\n"
        "<!-- not run: needs another host -->\n```sh\ntrue\n```\n"
        "<!-- not run: -->\n```sh\ntrue\n```\n"
        "<!-- not run: a picture -->\n```json\n{}\n```\n"
        "<!-- not run -->\n\ntext\n"
    )
    assert list(links(text)) == ["gone.md", "gone.png"]
    assert broken(document, text, {}) == ["gone.md", "gone.png", "gone.md#part", "#no"]
    assert broken(document, text, {tmp_path / "gone.md": "## Part"}) == ["gone.png", "#no"]
    assert misplaced_lists(text) == ["- item"]
    assert marker_mistakes(text) == [
        "<!-- not run: -->",
        "<!-- not run: a picture -->",
        "<!-- not run -->",
    ]


def test_every_document_can_be_reached_from_the_readme(reference: dict[Path, str]) -> None:
    reached, ahead = set(), [README]
    while ahead:
        document = ahead.pop()
        reached.add(document)
        text = reference.get(document) or document.read_text()
        found = {(document.parent / one).resolve() for one in links(text) if one.endswith(".md")}
        ahead.extend(found - reached)
    assert set(documents()) <= reached


def test_the_readme_starts_with_a_picture_and_one_curl() -> None:
    readme = README.read_text()
    picture, command = readme.index('<img src="docs/images/drawings.png"'), readme.index("curl ")
    assert picture < 100
    assert picture < command


def test_the_layout_names_every_folder_of_the_libraries() -> None:
    text = document_with("  job_manager/ ").read_text()
    layout = next(
        block
        for block in re.findall(r"^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        if "components/" in block
    )
    named = re.findall(r"^ *([\w.]+/?) ", layout, re.MULTILINE)
    locations = {
        name
        for name in named
        if any((REPOSITORY / folder / name).exists() for folder in ("", "components", "libraries"))
    }
    assert locations == set(named)
    folders = {path.parent.name for path in (REPOSITORY / "libraries").glob("*/__init__.py")}
    assert folders <= {name.rstrip("/") for name in named}


def test_a_document_gives_a_reason_for_each_package_that_the_code_imports() -> None:
    text = document_with("- `flask-smorest`: ").read_text()
    reasons = dict(re.findall(r"^- `([a-z0-9-]+)`: (.+)$", text, re.MULTILINE))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(project["dependencies"]) <= set(reasons)


def test_the_states_that_are_drawn_are_the_states_that_there_are() -> None:
    drawn = "".join(blocks(document_with(STATE_DIAGRAM), "mermaid"))
    found = set(re.findall(r"^ *(\w+) *-->", drawn, re.MULTILINE)) | set(
        re.findall(r"--> *(\w+)", drawn)
    )
    assert found == set(STATES.values())


def test_every_state_that_a_script_of_the_broker_writes_is_drawn() -> None:
    states = document_with(STATE_DIAGRAM).read_text()
    scripts = sorted((REPOSITORY / "libraries" / "job_manager" / "lua").rglob("*.lua"))
    written = {
        state for file in scripts for state in re.findall(r"'status', '(\w+)'", file.read_text())
    }
    assert {"queued", "started", "finished", "failed", "canceled"} <= written
    assert [state for state in written if f"`{state}`" not in states] == []


def test_every_script_of_the_broker_is_explained() -> None:
    states = document_with(STATE_DIAGRAM).read_text()
    scripts = [file.name for file in (REPOSITORY / "libraries").glob("*/lua/*.lua")]
    assert "finish.lua" in scripts
    assert [name for name in scripts if f"`{name}`" not in states] == []
