"""Artboards: pages with a pattern on them, or composed of several elements."""

from components.artboard.main import artboard_bp as blueprint

__all__ = ["blueprint"]
