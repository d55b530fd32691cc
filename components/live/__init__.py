"""A page to ask for jobs and watch them."""

from components.live.main import blueprint

__all__ = ["blueprint"]
