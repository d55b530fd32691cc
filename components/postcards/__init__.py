"""Postcards: a message in single strokes."""

from components.postcards.main import blueprint

__all__ = ["blueprint"]
