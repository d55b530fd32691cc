"""Artboards: pages with a pattern on them."""

from components.artboard.main import artboard_bp as blueprint

__all__ = ["blueprint"]
