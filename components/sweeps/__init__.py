"""Sweeps: contact sheets of many seeds, or of steps of a parameter."""

from components.sweeps.main import blueprint

__all__ = ["blueprint"]
