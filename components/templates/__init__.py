"""Templates of mail and of postcards."""

from components.templates.main import blueprint

__all__ = ["blueprint"]
