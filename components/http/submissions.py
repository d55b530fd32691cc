"""What can be asked for one by one and in batches: a resource whose requests become jobs declares here how they do.

The routes of the resource and those of the batches both read it from `OPERATIONS`, so both take the same and queue the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from libraries.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Operation:
    """How a request becomes jobs.

    `schema` parses the request; `calls` checks what it parsed and gives the keyword arguments of `task` for each job, raising an
    InvalidInput for what cannot be done; `timeout` is how long each job may run, None for the setting. Where not every request is
    work for the same task, `choose` finds it by the arguments.
    """

    task: str
    schema: type[Schema]
    calls: Callable[[Any], list[dict[str, Any]]]
    timeout: str | None = None
    choose: Callable[[dict[str, Any]], str] | None = None

    def task_for(self, call: dict[str, Any]) -> str:
        """Return the task for one of `calls`."""
        return self.choose(call) if self.choose else self.task


OPERATIONS: Registry[Operation] = Registry("operation")
