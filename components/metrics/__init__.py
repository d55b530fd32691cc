"""The service in numbers, for Prometheus."""

from components.metrics.main import blueprint

__all__ = ["blueprint"]
