"""Import of the task modules, before a worker forks or a process in immediate mode runs a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from libraries.job_manager.tasks import known_tasks, load_plugins, task_modules
from libraries.loading import load_module

Tasks = dict[str, Callable[..., Any]]


def load_tasks() -> Tasks:
    """Import all modules below `workers/` and return the tasks by dotted path."""
    load_plugins()
    modules = {name: load_module(name) for name in task_modules()}
    split = [(path, *path.rsplit(".", 1)) for path in known_tasks()]
    return {path: getattr(modules[name], task) for path, name, task in split if modules.get(name)}
