"""Many files at once."""

from components.files.main import blueprint

__all__ = ["blueprint"]
