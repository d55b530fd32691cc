"""Fault tests: real processes, real kills, a real broker for each test."""
