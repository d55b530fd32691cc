"""Shared HTTP code of all resources."""
