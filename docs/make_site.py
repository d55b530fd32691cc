"""`python -m docs.make_site`, which `make docs` calls: the reference, and all documents as a static site in `site/`.

The documents are copied into a temporary folder and adapted there: Mermaid diagrams become SVG files, and files of the project
that documents link to become pages of the site. The site requests nothing from other hosts.

Exit code 0, 1 for a broken link or a warning of the generator.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import mermaidx

from docs.reference_pages import default_settings, reference_pages, write_reference

PROJECT = Path(__file__).resolve().parents[1]
DOCS = "docs"
FILES = PROJECT / DOCS / "site_files"
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$\n?", re.DOTALL | re.MULTILINE)
CODE_WITH_PIPE = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(\]\(|\b(?:src|href)=\")([^)\"#\s]+)(#[^)\"\s]*)?")
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
PICTURES = {".png", ".svg", ".jpg", ".gif", ".ico"}
SECTIONS = {"how-to": "How-to guides", "explanation": "Explanation", "reference": "Reference"}
# Pages before and after the sections; others follow in alphabetical order.
HOME = "Overview"
FIRST, LAST = ("index.md", "tutorial.md"), ("glossary.md", "gallery.md")
LANGUAGES = {".py": "python", ".sh": "sh", ".toml": "toml", ".json": "json", ".yaml": "yaml"}
THEMES = {"light": "default", "dark": "dark"}


class SiteError(Exception):
    """Raised when the site cannot be built; the message has one line per reason."""


class Pages:
    """The sources of the site: a folder of Markdown and pictures, filled from the files of the project."""

    def __init__(self, folder: Path, generated: dict[str, str]) -> None:
        """Use `folder`; `generated` has the text of documents that are not files, by their path in the project."""
        self.folder = folder
        self.generated = generated
        self.missing: list[str] = []
        documents = sorted((PROJECT / DOCS).rglob("*.md"))
        found = {path.relative_to(PROJECT).as_posix() for path in documents}
        outdated = {name for name in found if name.startswith(f"{DOCS}/reference/")}
        self.documents = found - outdated | set(generated)
        # Without an index page, the README is the home page.
        self.home = f"{DOCS}/index.md" if f"{DOCS}/index.md" in self.documents else "README.md"
        self._written: set[str] = set()

    def write(self) -> None:
        """Write all documents and what they link to.

        Raises:
            SiteError: the target of a link does not exist.
        """
        waiting = sorted({self.home, "CHANGELOG.md", *self.documents})
        while waiting:
            name = waiting.pop()
            if name not in self._written:
                self._written.add(name)
                waiting.extend(self._write(name))
        if self.missing:
            raise SiteError("\n".join(sorted(self.missing)))

    def target_path(self, name: str) -> str:
        """Return the path in the folder of a file of the project."""
        path = PROJECT / name
        if name == self.home:
            return "index.md"
        if name == "CHANGELOG.md":
            return "changelog.md"
        if name in self.documents:
            return PurePosixPath(name).relative_to(DOCS).as_posix()
        if path.suffix in PICTURES:
            inside = name.startswith(f"{DOCS}/")
            return PurePosixPath(name).relative_to(DOCS).as_posix() if inside else f"project/{name}"
        # The generator skips names that begin with a dot.
        parts = [part.lstrip(".") for part in PurePosixPath(name).parts]
        return "/".join(["project", *parts]) + ("" if path.suffix == ".md" else ".md")

    def _write(self, name: str) -> set[str]:
        """Write one file of the project; return the files that it links to."""
        source, target = PROJECT / name, self.folder / self.target_path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in PICTURES:
            shutil.copyfile(source, target)
            return set()
        links: set[str] = set()
        if name in self.generated or source.suffix == ".md":
            text = self.generated.get(name) or source.read_text(encoding="utf-8")
            text = "".join(self._adapted(name, text, links))
            text = MERMAID.sub(lambda found: self._diagram(target, found[1]), text)
        elif source.is_dir():
            text = self._listing(name, links)
        else:
            text = _code_page(name, source.read_text(encoding="utf-8"))
        target.write_text(text, encoding="utf-8")
        return links

    def _adapted(self, name: str, text: str, links: set[str]) -> Iterator[str]:
        """Yield the parts of a document with the targets of its links replaced; add them to `links`."""
        last = 0
        for fence in FENCED.finditer(text):
            yield self._relinked(name, text[last : fence.start()], links)
            yield fence[0]
            last = fence.end()
        yield self._relinked(name, text[last:], links)

    def _relinked(self, name: str, text: str, links: set[str]) -> str:
        # The generator would show the backslash of an escaped pipe in a table.
        text = CODE_WITH_PIPE.sub(_code_element, text)

        def replaced(found: re.Match[str]) -> str:
            opening, address, fragment = found[1], found[2], found[3] or ""
            if re.match(r"[a-z]+:", address):
                return found[0]
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), address))
            if target not in self.generated and not (PROJECT / target).exists():
                self.missing.append(f"{name}: {address} does not exist")
                return found[0]
            links.add(target)
            fragment = fragment if target.endswith(".md") else ""
            return f"{opening}{self._relative(name, target)}{fragment}"

        return LINK.sub(replaced, text)

    def _relative(self, name: str, target: str) -> str:
        return posixpath.relpath(
            self.target_path(target), posixpath.dirname(self.target_path(name)) or "."
        )

    def _listing(self, name: str, links: set[str]) -> str:
        """Return the page of a folder: links to the files in it."""
        files = sorted(
            path.relative_to(PROJECT).as_posix()
            for path in (PROJECT / name).iterdir()
            if path.is_file() and path.suffix != ".pyc"
        )
        links.update(files)
        rows = [f"- [`{posixpath.basename(one)}`]({self._relative(name, one)})" for one in files]
        return "\n".join([f"# `{name}`", "", *rows, ""])

    def _diagram(self, page: Path, source: str) -> str:
        """Draw a Mermaid diagram next to its page; return the Markdown that shows it in either colour scheme."""
        number = len(list(page.parent.glob(f"{page.stem}-diagram-*-light.svg"))) + 1
        shown = []
        for scheme, theme in THEMES.items():
            picture = page.with_name(f"{page.stem}-diagram-{number}-{scheme}.svg")
            picture.write_text(_drawn_diagram(source, theme), encoding="utf-8")
            shown.append(f"![Diagram]({picture.name}#only-{scheme})")
        return "\n".join(shown)


@cache
def _drawn_diagram(source: str, theme: str) -> str:
    return str(mermaidx.render(source, theme=theme).svg())


def navigation(folder: Path) -> str:
    """Return the value of `nav`: the first pages, the sections, the last pages, and the others, as a section if they are several."""
    loose = sorted(path.name for path in folder.glob("*.md"))
    middle = [name for name in loose if name not in FIRST + LAST]
    sections = [
        f"{{ {json.dumps(title)} = [{', '.join(_entries(folder, folder / name))}] }}"
        for name, title in SECTIONS.items()
        if (folder / name).is_dir()
    ]
    head = [_entry(folder, folder / name) for name in FIRST if name in loose]
    tail = [_entry(folder, folder / name) for name in LAST if name in loose]
    others = [_entry(folder, folder / name) for name in middle]
    if len(others) > 1:
        others = [f"{{ More = [{', '.join(others)}] }}"]
    return f"[{', '.join([*head, *sections, *tail, *others])}]"


def _entries(folder: Path, section: Path) -> list[str]:
    pages = sorted(section.glob("*.md"), key=lambda path: (path.name != "index.md", _title(path)))
    return [_entry(folder, path) for path in pages]


def _entry(folder: Path, page: Path) -> str:
    address = page.relative_to(folder).as_posix()
    title = HOME if address == "index.md" else _title(page).partition(": ")[0]
    return f"{{ {json.dumps(title)} = {json.dumps(address)} }}"


def _title(page: Path) -> str:
    found = TITLE.search(FENCED.sub("", page.read_text(encoding="utf-8")))
    return found[1].replace("`", "") if found else page.stem


def _code_element(span: re.Match[str]) -> str:
    return f"<code>{html.escape(span[1]).replace(chr(92) + '|', '&#124;')}</code>"


def _code_page(name: str, text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    language = LANGUAGES.get(PurePosixPath(name).suffix, "text")
    return f"# `{name}`\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n"


def build(site: Path, written: dict[str, str]) -> str:
    """Build the site in the folder `site`, which is replaced; return what the generator printed.

    `written` has the pages of the reference by the names of their files.

    Raises:
        SiteError: the target of a link does not exist, or the generator printed a warning.
    """
    reference = {f"{DOCS}/reference/{name}": text for name, text in written.items()}
    with tempfile.TemporaryDirectory(prefix="va-site-") as name:
        stage = Path(name)
        pages = stage / "pages"
        Pages(pages, reference).write()
        (pages / "assets").mkdir()
        for asset in FILES.iterdir():
            if asset.suffix != ".toml":
                shutil.copyfile(asset, pages / "assets" / asset.name)
        config = (FILES / "zensical.toml").read_text(encoding="utf-8")
        (stage / "zensical.toml").write_text(
            config.replace("nav = []", f"nav = {navigation(pages)}"), encoding="utf-8"
        )
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--clean", "--strict"],
            cwd=stage,
            env=os.environ | {"NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        if done.returncode != 0 or "Warning" in output:
            raise SiteError(output)
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(stage / "site", site)
    return output


def main() -> int:
    """Write `docs/reference`, build the site, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build the documentation as a static site.")
    parser.add_argument("--site", type=Path, default=PROJECT / "site", help="folder to replace")
    site = parser.parse_args().site
    with default_settings() as settings:
        reference = reference_pages(settings)
    write_reference(reference)
    try:
        sys.stdout.write(build(site, reference))
    except SiteError as error:
        sys.stderr.write(f"Cannot build the site:\n{error}\n")
        return 1
    sys.stdout.write(f"Site built: {site / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
