"""Data files, converted."""

from components.data.main import blueprint

__all__ = ["blueprint"]
