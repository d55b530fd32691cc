"""Loading of the modules that extend the service, and a record of those that fail.

A broken pattern, task module, component, step or export format must not stop the others: it is left
out and recorded. The log, `GET /readyz` and the doctor report it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import logging
import os
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

log = logging.getLogger(__name__)


class LoadError(Exception):
    """Raised when a module breaks a rule of its package, at `line` if not in the traceback."""

    def __init__(self, text: str, *, line: int | None = None) -> None:
        super().__init__(text)
        self.line = line


class LoadProblem(NamedTuple):
    """A module that cannot be loaded.

    `mistake` is for the operator. If `is_public` is false, clients see only `kind`, the name of the
    exception, since the text of an unexpected exception may contain secrets.
    """

    module: str
    file: str
    line: int | None
    kind: str
    mistake: str
    is_public: bool

    def __str__(self) -> str:
        location = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{location}: {self.mistake}"

    def public(self) -> dict[str, object]:
        """Return the problem as JSON for clients."""
        mistake = self.mistake if self.is_public else self.kind
        return {"module": self.module, "file": self.file, "line": self.line, "mistake": mistake}


_problems: dict[str, LoadProblem] = {}


def load_problems() -> list[LoadProblem]:
    """Return the problems of this process, sorted by module name."""
    return [problem for _, problem in sorted(_problems.items())]


def load_problem(name: str) -> LoadProblem | None:
    return _problems.get(name)


def load_modules(
    package: str, *, discard: Callable[[str], object] | None = None
) -> list[ModuleType]:
    """Import the modules of `package` in alphabetical order; return those that do not fail.

    `discard` is called with the unqualified name of each module that fails, to unregister what it
    registered before.
    """
    loaded = []
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = load_module(f"{package}.{found.name}")
        if module is not None:
            loaded.append(module)
        elif discard is not None:
            discard(found.name)
    return loaded


def load_module(name: str) -> ModuleType | None:
    """Import a module; if that fails, record and log the problem and return None."""
    try:
        module = importlib.import_module(name)
    # A module that calls `sys.exit` must not end the process.
    except (Exception, SystemExit) as error:
        record_problem(name, error)
        return None
    forget_problem(name)
    return module


def parse_module(name: str, path: Path) -> ast.Module:
    """Return the syntax tree of a module without importing it.

    If the file is invalid, the problem is recorded and logged, and the tree is empty.
    """
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError, OSError) as error:
        record_problem(name, error, path=path)
        return ast.Module(body=[], type_ignores=[])
    if name in _problems and _problems[name].kind in ("SyntaxError", "IndentationError"):
        del _problems[name]
    return tree


def module_files(package: str) -> Mapping[str, Path]:
    """Return the files of the modules of a package by name, without its folders.

    Only the first module of a name can be imported. New files are noticed. Raises RuntimeError.
    """
    try:
        package_folders = importlib.import_module(package).__path__
    except ImportError as error:
        raise RuntimeError(
            f"the package {package!r} is not importable: start from the project's folder"
        ) from error
    folders = tuple([(folder, changed_at(folder)) for folder in package_folders])
    # A second change within a tick of the clock of the file system does not change the time.
    is_settled = time.time_ns() - max(changed for _, changed in folders) > 10**8
    return _files_in(folders) if is_settled else _files_in.__wrapped__(folders)


def changed_at(path: str | Path) -> int:
    """Return the time of the last change of a file or folder in nanoseconds, 0 if it is missing."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - `Path.stat` takes four times as long
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _files_in(folders: tuple[tuple[str, int], ...]) -> Mapping[str, Path]:
    paths = [path for folder, _ in folders for path in Path(folder).glob("*.py")]
    return {path.stem: path for path in reversed(paths) if path.stem.isascii()}


def record_problem(name: str, error: BaseException, *, path: Path | None = None) -> LoadProblem:
    """Record and log that the module `name`, in the file `path`, failed with `error`."""
    problem = _problem(name, error, path)
    _problems[name] = problem
    # The text of a public problem is enough to find the mistake.
    trace = None if problem.is_public else error
    log.error("%s cannot be loaded and is left out: %s", name, problem, exc_info=trace)
    return problem


def forget_problem(name: str) -> None:
    _problems.pop(name, None)


def _problem(name: str, error: BaseException, path: Path | None) -> LoadProblem:
    file = str(path) if path else _file_of(name)
    kind, text = type(error).__name__, " ".join(str(error).split())
    line = None
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        file, line, text = error.filename, error.lineno, error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == file]
        line = lines[-1] if lines else getattr(error, "line", None)
    return LoadProblem(
        module=name,
        file=_display_path(file) if file else name,
        line=line,
        kind=kind,
        mistake=text if isinstance(error, LoadError) else f"{kind}: {text}" if text else kind,
        is_public=isinstance(error, LoadError | ImportError | SyntaxError),
    )


def _file_of(name: str) -> str:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    return (spec.origin or "") if spec else ""


def _display_path(file: str) -> str:
    """Return a path relative to its entry in `sys.path`, or to the root of the project."""
    path = Path(file)
    for folder in sorted(sys.path, key=len, reverse=True):
        if folder and path.is_relative_to(folder):
            return str(path.relative_to(folder))
    root = Path(__file__).parents[1]
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
