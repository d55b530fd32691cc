"""Types of parsed JSON."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""A JSON object: at the edges, where its members are not known yet or belong to others."""
