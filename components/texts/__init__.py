"""Text jobs: a text in, an answer out."""

from components.texts.main import blueprint

__all__ = ["blueprint"]
