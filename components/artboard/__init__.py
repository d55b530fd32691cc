"""Artboards: pages with one pattern or with several elements."""

from components.artboard.main import artboard_bp as blueprint

__all__ = ["blueprint"]
