"""Papers: the sizes that a page can be asked for by name."""

from components.papers.main import blueprint

__all__ = ["blueprint"]
