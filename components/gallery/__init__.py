"""Finished drawings, found again."""

from components.gallery.main import blueprint

__all__ = ["blueprint"]
