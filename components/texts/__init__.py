"""Text jobs: translation, analysis and generation."""

from components.texts.main import blueprint

__all__ = ["blueprint"]
