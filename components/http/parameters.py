"""OpenAPI descriptions of path parameters."""

from __future__ import annotations

from libraries.json_types import JsonObject


def path_parameter(name: str, description: str, pattern: str | None = None) -> JsonObject:
    """Describe a text in the path of a route; `pattern` is an anchored regular expression."""
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"in": "path", "name": name, "description": description, "schema": schema}


JOB_ID_PARAMETER = path_parameter(
    "job_id", "The `job_id` from the reply that queued the job.", "^[A-Za-z0-9_-]{1,128}$"
)
