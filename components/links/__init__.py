"""Signed links: addresses that open one thing without a key, until they expire."""

from components.links.main import blueprint

__all__ = ["blueprint"]
