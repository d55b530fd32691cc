"""The service as tests/journeys start it, for what the documentation says of it."""

from __future__ import annotations

from tests.journeys.conftest import shared_service, start_service

__all__ = ["shared_service", "start_service"]
