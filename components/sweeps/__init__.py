"""Sweeps: contact sheets of many seeds or parameter values."""

from components.sweeps.main import blueprint

__all__ = ["blueprint"]
