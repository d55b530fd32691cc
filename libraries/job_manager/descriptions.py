"""What tasks are for and what they take, read from their source: nothing of a task is imported to tell about it."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from libraries.job_manager.catalogue import PACKAGE, known_tasks, task_files
from libraries.job_manager.policies import tries_of


@dataclass(frozen=True, kw_only=True)
class TaskParameter:
    """An argument of a task; `default` and `type` are as they are written, None where nothing is."""

    name: str
    required: bool
    type: str | None
    default: str | None


@dataclass(frozen=True, kw_only=True)
class TaskDescription:
    """A task by its dotted path: its `summary`, the rest of its docstring, its parameters, and how often it is tried."""

    name: str
    summary: str
    description: str
    parameters: list[TaskParameter]
    tries: int


def describe_tasks() -> list[TaskDescription]:
    """Return what is known of all tasks, in alphabetical order."""
    known = set(known_tasks())
    found = [
        one
        for path in task_files()
        for one in _of_file(path, path.stat().st_mtime_ns)
        if one["name"] in known
    ]
    return [
        TaskDescription(**one, tries=tries_of(one["name"]))
        for one in sorted(found, key=lambda one: str(one["name"]))
    ]


@lru_cache(maxsize=64)
def _of_file(path: Path, stamp: int) -> list[dict[str, Any]]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []  # the catalogue has said so in the log
    return [_described(path.stem, node) for node in tree.body if isinstance(node, ast.FunctionDef)]


def _described(module: str, node: ast.FunctionDef) -> dict[str, Any]:
    summary, _, rest = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n\n")
    return {
        "name": f"{PACKAGE}.{module}.{node.name}",
        "summary": " ".join(summary.split()),
        "description": rest.strip(),
        "parameters": _parameters(node.args),
    }


def _parameters(arguments: ast.arguments) -> list[TaskParameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [
        *[None] * missing,
        *arguments.defaults,
        *arguments.kw_defaults,
    ]
    return [
        TaskParameter(
            name=one.arg,
            required=default is None,
            type=ast.unparse(one.annotation) if one.annotation else None,
            default=ast.unparse(default) if default else None,
        )
        for one, default in zip([*positional, *arguments.kwonlyargs], defaults, strict=True)
    ]
