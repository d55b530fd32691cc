"""Benchmarks: each section compares the product with other implementations and prints a table."""
