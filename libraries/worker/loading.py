"""Import of the task modules, before a worker forks or a process in immediate mode runs a job."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from libraries.errors import InvalidInput
from libraries.job_manager.tasks import (
    file_of,
    known_tasks,
    load_plugins,
    task_modules,
    why_no_task,
)
from libraries.loading import forget_problem, load_module, load_problem, record_problem

Tasks = dict[str, Callable[..., Any]]
log = logging.getLogger(__name__)


class Catalogue:
    """The tasks of this process by dotted path, as their files were when it loaded them."""

    def __init__(self) -> None:
        # Those at the start: a module that failed then fails again until its file changes.
        self._files: dict[str, tuple[Path, int]] = {}
        self.tasks: Tasks = {}
        # Whether a module has been loaded over an earlier one, whose functions may still be in use.
        self.is_mixed = False
        load_plugins()
        known = known_tasks()
        for module in task_modules():
            # Read before the import: a file that changes meanwhile is loaded again.
            self._files[module] = file_of(module)
            load_module(module)
            self._add(module, known)

    def find(self, name: str) -> Callable[..., Any] | None:
        """Return a task; load its module if its file is new or has changed. None if it is unknown.

        Raises InvalidInput if the file is unchanged and could not be loaded.
        """
        if name in self.tasks:
            return self.tasks[name]
        known = known_tasks()
        if name not in known:
            return None
        module = name.rpartition(".")[0]
        if self._files.get(module) == file_of(name):
            raise InvalidInput(f"{name} cannot be run: {_problem(module)}", code="task-not-loaded")
        self._reload(module)
        self._add(module, known)
        return self.tasks.get(name)

    def why_missing(self, name: str) -> str:
        """Return why `find` returned None."""
        return _problem(name.rpartition(".")[0]) if name in known_tasks() else why_no_task(name)

    def _reload(self, module: str) -> None:
        log.info("%s is new or has changed since the start of the worker; loading it", module)
        importlib.invalidate_caches()
        if module not in sys.modules:
            load_module(module)
            return
        self.is_mixed = True
        try:
            importlib.reload(sys.modules[module])
        except (Exception, SystemExit) as error:
            record_problem(module, error)
        else:
            forget_problem(module)

    def _add(self, module: str, known: list[str]) -> None:
        """Add the tasks of a module that was loaded; a name that it deleted is not a task."""
        loaded = None if load_problem(module) else sys.modules.get(module)
        for path in known:
            owner, _, name = path.rpartition(".")
            if owner == module and loaded is not None and callable(getattr(loaded, name, None)):
                self.tasks[path] = getattr(loaded, name)


def _problem(module: str) -> str:
    problem = load_problem(module)
    if problem is None:
        return f"{module} does not have this function after its import"
    return str(problem) if problem.is_public else f"{problem.file}: {problem.kind} at its import"
