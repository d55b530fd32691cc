"""Patterns: the catalogue of what can be drawn."""

from components.patterns.main import blueprint

__all__ = ["blueprint"]
