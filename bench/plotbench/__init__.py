"""Benchmarks of plots."""
