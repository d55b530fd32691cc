"""Importing the tasks: what workers do before they fork, and what a process in immediate mode does before it runs a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from libraries.job_manager.tasks import known_tasks, load_plugins, task_modules
from libraries.loading import load_module

Tasks = dict[str, Callable[..., Any]]


def load_tasks() -> Tasks:
    """Import every module below `workers/`, so that no job has to, and return the tasks by their dotted paths."""
    load_plugins()
    modules = {}
    for name in task_modules():
        module = load_module(name)
        if module is not None:
            modules[name] = module
    paths = [path for path in known_tasks() if path.rpartition(".")[0] in modules]
    return {
        path: getattr(modules[path.rpartition(".")[0]], path.rpartition(".")[2]) for path in paths
    }
