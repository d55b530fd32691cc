"""Gallery of finished drawings."""

from components.gallery.main import blueprint

__all__ = ["blueprint"]
