"""Photos: stored clean, and drawn."""

from components.photos.main import blueprint

__all__ = ["blueprint"]
