"""Batches: many jobs of one kind, asked for and followed together."""

from components.batches.main import blueprint

__all__ = ["blueprint"]
