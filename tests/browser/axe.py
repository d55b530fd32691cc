"""Findings of axe-core (MPL-2.0, fetched once from npm) about the accessibility of a page."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page

from bench.peers.npm import NpmPackage

AXE = NpmPackage(
    "axe-core",
    "4.14.1",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
SERIOUS = """async () => {
  const { violations } = await axe.run({ resultTypes: ['violations'] })
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.any.map((one) => one.message).join(' ')}`))
}"""


@cache
def _source() -> str:
    return (AXE.folder() / "axe.min.js").read_text()


def serious_findings(page: Page) -> list[str]:
    """Return the serious and critical findings about a page, each with its element."""
    page.evaluate(_source())
    found: list[str] = page.evaluate(SERIOUS)
    return found
