"""Benchmarks: each section of a run measures the product beside its peers, in turns, and prints one table."""
