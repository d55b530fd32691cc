"""The AsyncAPI document with closed schemas, for tests."""

from __future__ import annotations

import copy
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

Node = dict[str, Any]


class Described:
    """A document whose schemas reject undeclared members."""

    def __init__(self, document: Node) -> None:
        self.document = copy.deepcopy(document)
        close(self.document["components"]["schemas"])

    def keys(self, channel: str, action: str) -> set[str]:
        """Return the messages of the operations of a channel that `send` or `receive`."""
        operations = [
            one for one in self.document["operations"].values() if one["action"] == action
        ]
        found = [reference["$ref"] for one in operations for reference in one["messages"]]
        return {
            path.rpartition("/")[2] for path in found if path.startswith(f"#/channels/{channel}/")
        }

    def problems(self, channel: str, key: str, payload: Any) -> list[str]:
        """Return the validation errors of `payload` as that message."""
        schema = {
            **self.document["channels"][channel]["messages"][key]["payload"],
            "components": self.document["components"],
        }
        return [error.message for error in Draft7Validator(schema).iter_errors(payload)]

    def matching(self, channel: str, action: str, payload: Any) -> list[str]:
        """Return the messages for which `payload` is valid; one for a good document."""
        return sorted(
            key for key in self.keys(channel, action) if not self.problems(channel, key, payload)
        )


def close(node: Any) -> None:
    """Reject undeclared members of objects."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and "type" in node:
            node["additionalProperties"] = False
        for inner in node.values():
            close(inner)
    elif isinstance(node, list):
        for inner in node:
            close(inner)
