"""Batches: many jobs of one kind, submitted together."""

from components.batches.main import blueprint

__all__ = ["blueprint"]
