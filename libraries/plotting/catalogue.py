"""The catalogue of plotting steps: how a step declares itself, and its registry."""

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
    """A moment after which a step returns the best document that it has so far."""

    limit_s: float = math.inf
    _start_s: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether the moment has passed."""
        return time.monotonic() - self._start_s >= self.limit_s


class StepParams(Protocol):
    """The parameters of a step, which also run it: a subclass of `Params` with one method."""

    @classmethod
    def schema(cls) -> type[Schema]:
        """Return the schema of the parameters; see `Params`."""

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self:
        """Return the parameters parsed from `values`; see `Params`."""

    def run(self, document: Document, *, progress: Progress, deadline: Deadline) -> Document:
        """Return a new document; `document` is not changed.

        `progress` takes the part that is done, from 0 to 1.
        """


@dataclass(frozen=True)
class Step:
    """A step of the catalogue: its parameters, and the first line of their docstring."""

    name: str
    summary: str
    params: type[StepParams]


STEPS: Registry[Step] = Registry("step")
S = TypeVar("S", bound=StepParams)


def step(cls: type[S]) -> type[S]:
    """Register a subclass of `Params` as the step that its module is named after.

    Raises:
        LoadError: the class breaks a rule of steps; the text names it.
    """
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
