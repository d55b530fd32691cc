"""Importing the tasks: what workers do before they fork, and what a process in immediate mode does before it runs a job."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from typing import Any

from libraries.job_manager.catalogue import known_tasks, task_modules
from libraries.job_manager.hooks import load_hooks

log = logging.getLogger(__name__)
Tasks = dict[str, Callable[..., Any]]


def load_tasks() -> Tasks:
    """Import every module below `workers/`, so that no job has to, and return the tasks by their dotted paths."""
    load_hooks()
    modules = {}
    for name in task_modules():
        try:
            modules[name] = importlib.import_module(name)
        except Exception:
            log.exception("%s cannot be imported; its jobs will fail", name)
    paths = [path for path in known_tasks() if path.rpartition(".")[0] in modules]
    return {
        path: getattr(modules[path.rpartition(".")[0]], path.rpartition(".")[2]) for path in paths
    }
