"""Types of parsed JSON."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""A JSON object whose members are not validated yet, or belong to another service."""
