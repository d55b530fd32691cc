"""The built site as tests read it: the addresses in its pages, styles and scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

# Elements whose address a browser requests by itself. `link` is one of them only for some relations.
REQUESTED = {
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("iframe", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("object", "data"),
    ("embed", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("use", "href"),
    ("image", "href"),
}
NOT_REQUESTED = {"canonical", "prev", "next", "alternate", "me", "author", "license"}
HERE = "site.invalid"
STYLE_ADDRESS = re.compile(r"(?:url\(|@import)\s*[\"']?([^\"')\s;]+)")


class Page(HTMLParser):
    """The ids of a page, its links, and the addresses that a browser requests to show it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.requested: list[str] = []
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.update(values[name] for name in ("id", "name") if name in values)
        self._in_style = tag == "style"
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and not NOT_REQUESTED & set(values.get("rel", "").split()):
            self.requested.append(values["href"])
        self.requested += [
            values[name] for element, name in REQUESTED if element == tag and name in values
        ]
        self.requested += STYLE_ADDRESS.findall(values.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.requested += STYLE_ADDRESS.findall(data)


@cache
def read_pages(site: Path) -> dict[str, Page]:
    """The pages of a site by their paths in it, read once."""
    return {
        path.relative_to(site).as_posix(): Page(path.read_text())
        for path in sorted(site.rglob("*.html"))
    }


def outside_requests(site: Path) -> Iterator[str]:
    """Addresses on other hosts that pages, styles and drawings of a site request, each with its file."""
    requested = {name: page.requested for name, page in read_pages(site).items()}
    for path in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        requested[path.relative_to(site).as_posix()] = STYLE_ADDRESS.findall(path.read_text())
    for name, addresses in requested.items():
        yield from (f"{name}: {one}" for one in addresses if urlsplit(one).netloc)


def broken_links(site: Path) -> Iterator[str]:
    """Links, and addresses of files, of a site that lead nowhere in it, each with its page."""
    pages = read_pages(site)
    for name, page in pages.items():
        for address in [*page.links, *page.requested]:
            parts = urlsplit(urljoin(f"http://{HERE}/{name}", address))
            if parts.netloc != HERE:
                continue
            target = unquote(parts.path).lstrip("/") or "index.html"
            if target.endswith("/"):
                target += "index.html"
            known = target in pages
            if (not known and not (site / target).is_file()) or (
                parts.fragment and known and unquote(parts.fragment) not in pages[target].ids
            ):
                yield f"{name}: {address}"
