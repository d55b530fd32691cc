"""Registry of plotting steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

from marshmallow import Schema

from libraries.declarations import check_method, check_params, check_summary
from libraries.geometry.document import Document
from libraries.registry import Registry

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Deadline:
    """A time after which a step returns its best result so far."""

    limit_s: float = math.inf
    _start_s: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._start_s >= self.limit_s

    def share(self, part: float) -> Deadline:
        """Return the time after which `part` of the limit is over."""
        return Deadline(self.limit_s * part, self._start_s)


class StepParams(Protocol):
    """A subclass of `Params` that also runs the step."""

    @classmethod
    def schema(cls) -> type[Schema]: ...

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self: ...

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        """Return a new document; `progress` is called with the completed share."""


@dataclass(frozen=True)
class Step:
    """A plotting step: its name, summary and parameters."""

    name: str
    summary: str
    params: type[StepParams]


STEPS: Registry[Step] = Registry("step")
S = TypeVar("S", bound=StepParams)


def step(cls: type[S]) -> type[S]:
    """Register a subclass of `Params` as the step that its module is named after."""
    check_method(
        cls,
        "run",
        ("self", "document", "progress", "deadline"),
        "(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document",
    )
    check_params(cls)
    name = cls.__module__.rpartition(".")[2]
    STEPS.add(name, Step(name, check_summary(cls), cls))
    return cls
