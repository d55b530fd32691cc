"""Additions to the product, and mistakes in them, in copies of its sources."""
