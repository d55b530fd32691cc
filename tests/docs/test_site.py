"""The documentation as a static site: complete, without warnings, and without requests to other hosts."""

from __future__ import annotations

import html
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as BrowserPage

from docs.make_site import Pages, SiteError, build
from tests.browser.conftest import chromium, page
from tests.conftest import REPOSITORY
from tests.docs.documents import documents
from tests.docs.site_pages import broken_links, outside_requests, read_pages

__all__ = ["page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, until the end of this module: an imported fixture would run until the end of all tests."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(reference: dict[Path, str]) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="va-site-"))
    pages = {path.name: text for path, text in reference.items()}
    assert "No issues found" in build(folder / "site", pages)
    yield folder / "site"
    shutil.rmtree(folder)


def test_every_document_is_a_page_with_its_title(site: Path) -> None:
    for document in documents():
        title = re.search(r"^# (.+)$", document.read_text(), re.MULTILINE)
        assert title is not None, document
        wanted = title[1].replace("`", "")
        assert any(wanted in path.read_text() for path in site.rglob("*.html")), document
    for name in ("routes", "settings", "tasks", "patterns", "problems", "metrics", "events"):
        assert f"reference/{name}.html" in read_pages(site)


def test_no_page_requests_anything_from_another_host(site: Path) -> None:
    assert list(outside_requests(site)) == []


def test_every_link_and_every_anchor_of_the_site_exists(site: Path) -> None:
    assert list(broken_links(site)) == []


def test_seeded_faults_of_a_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="https://a.example/a.css"><script src="//b.example/b.js"></script>'
        '<a href="gone.html">1</a><a href="other.html#part">2</a><a href="other.html#gone">3</a>'
        '<a href="https://c.example/">4</a><style>p { background: url(https://d.example/d.png) }</style>'
    )
    (tmp_path / "other.html").write_text('<h2 id="part">Part</h2><img src="gone.png">')
    (tmp_path / "font.css").write_text("@font-face { src: url('https://e.example/e.woff2') }")
    assert [one.split("/")[2] for one in outside_requests(tmp_path)] == [
        "a.example",
        "b.example",
        "d.example",
        "e.example",
    ]
    assert list(broken_links(tmp_path)) == [
        "index.html: gone.html",
        "index.html: other.html#gone",
        "other.html: gone.png",
    ]


def test_an_escaped_pipe_in_code_is_shown_as_a_pipe(site: Path) -> None:
    tasks = (site / "reference" / "tasks.html").read_text()
    assert "<code>str | None</code>" in html.unescape(tasks)
    assert "\\|" not in tasks


def test_files_of_the_project_and_diagrams_become_part_of_the_site(
    tmp_path: Path, reference: dict[Path, str]
) -> None:
    text = (
        "# Page\n\n[a](../../examples/compositions#part) [b](../../.env.example#L3) [c](../../README.md#run)\n"
        '[d](https://example.com/) <img src="../images/drawings.png">\n\n'
        "```sh\necho [no](gone.md)\n```\n\n```mermaid\nflowchart LR\n    a --> b\n```\n"
    )
    generated = {f"docs/reference/{path.name}": "# Page\n" for path in reference}
    Pages(tmp_path, {**generated, "docs/reference/page.md": text}).write()
    written = (tmp_path / "reference" / "page.md").read_text()
    readme = "project/README.md" if (REPOSITORY / "docs" / "index.md").exists() else "index.md"
    for part in (
        "[a](../project/examples/compositions.md)",
        "[b](../project/env.example.md)",
        f"[c](../{readme}#run)",
        "[d](https://example.com/)",
        'src="../images/drawings.png"',
        "echo [no](gone.md)",
        "![Diagram](page-diagram-1-light.svg#only-light)",
        "![Diagram](page-diagram-1-dark.svg#only-dark)",
    ):
        assert part in written
    assert "mermaid" not in written
    assert "<svg" in (tmp_path / "reference" / "page-diagram-1-dark.svg").read_text()
    folder = (tmp_path / "project" / "examples" / "compositions.md").read_text()
    assert "[`travel_postcard.json`](compositions/travel_postcard.json.md)" in folder
    assert "```text\n" in (tmp_path / "project" / "env.example.md").read_text()


def test_a_link_to_nowhere_stops_the_build(tmp_path: Path) -> None:
    generated = {"docs/reference/index.md": "# Reference\n\n[gone](gone.md)\n"}
    with pytest.raises(SiteError, match=r"docs/reference/index\.md: gone\.md does not exist"):
        Pages(tmp_path, generated).write()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_can_be_searched_from_a_folder_and_requests_nothing_else(
    site: Path, page: BrowserPage, scheme: str
) -> None:
    requested: list[str] = []
    complaints: list[str] = []
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((site / "index.html").as_uri())
    shown = "slate" if scheme == "dark" else "default"
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", shown)
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("noise_lines")
    page.get_by_role("option").filter(has_text="Patterns").first.click()
    expect(page.locator("h1")).to_contain_text("Patterns")
    assert [one for one in requested if not one.startswith(("file:", "data:", "blob:"))] == []
    assert complaints == []
