"""Postcards with single-line lettering."""

from components.postcards.main import blueprint

__all__ = ["blueprint"]
