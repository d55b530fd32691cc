"""The tasks: the public functions of the `workers/*_tasks.py` modules, read without importing them.

The web process only needs the names, so it reads the source instead of loading what the tasks load. A dotted path is looked up
in this list and nowhere else: a name that came from a client can never cause an import.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from libraries.errors import InvalidInput, did_you_mean
from libraries.job_manager.errors import UnknownTask
from libraries.json_types import JsonObject
from libraries.loading import load_module, load_problem, parse_module

PACKAGE = "workers"
DEFAULT_TRIES = 2
# Our own decorator: the task takes what its function takes.
KEEPS_ARGUMENTS = "background_task"


def load_plugins() -> None:
    """Import the modules below `workers/` that hold no tasks: they may hold hooks, or subscribe to the journal of jobs."""
    package = importlib.import_module(PACKAGE)
    for found in pkgutil.iter_modules(package.__path__, f"{PACKAGE}."):
        if not found.name.endswith(("_tasks", ".__main__")):
            load_module(found.name)


def known_tasks() -> list[str]:
    """Return the dotted paths of all tasks in alphabetical order; a file added meanwhile is seen."""
    return list(_names(tuple((path, path.stat().st_mtime_ns) for path in task_files())))


def task_files() -> list[Path]:
    """Return the files of the task modules, also of those that cannot be read as Python."""
    return sorted(path for folder in _folders() for path in folder.glob("*_tasks.py"))


def check_task(name: object) -> str:
    """Return `name` if it is a task's dotted path.

    Raises:
        UnknownTask: it is not; the error lists the tasks there are.
    """
    names = known_tasks()
    if not isinstance(name, str) or name not in names:
        error = UnknownTask("task", name, names, field="task")
        error.hint = _why_no_task(str(name)) or error.hint
        raise error
    return name


def misplaced_functions() -> list[str]:
    """Return what is wrong with the functions under `workers/` that look like tasks and are none."""
    mistakes = []
    for path in sorted(path for folder in _folders() for path in folder.glob("*.py")):
        if path.stem.startswith("_"):
            continue
        functions = _functions(path)
        is_task_module = path.stem.endswith("_tasks")
        # A module with hooks, which are decorated, may also have functions for the task modules.
        if is_task_module or not any(node.decorator_list for node in functions):
            public = [node for node in functions if not node.name.startswith("_")]
            mistakes += [mistake for node in public if (mistake := _mistake(path, node))]
    return mistakes


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _mistake(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Return why a public function is not a task; None if it is one."""
    place = f"{PACKAGE}/{path.name}, line {node.lineno}"
    if not path.stem.endswith("_tasks"):
        return f"{place}: {node.name} is not a task, because the file is not named *_tasks.py"
    if isinstance(node, ast.AsyncFunctionDef):
        return f"{place}: {node.name} is not a task, because it is async; use a plain function"
    return None


def _why_no_task(name: str) -> str | None:
    """Return why a function that exists is not a task, or why its module is left out."""
    package, _, rest = name.partition(".")
    stem, _, function = rest.partition(".")
    if package != PACKAGE or not stem.isidentifier() or stem.startswith("_"):
        return None
    for path in (folder / f"{stem}.py" for folder in _folders()):
        if path.is_file():
            for node in _functions(path):
                if node.name == function and not function.startswith("_"):
                    return _mistake(path, node)
            problem = load_problem(f"{PACKAGE}.{stem}")
            return str(problem) if problem and problem.is_public else None
    return None


def check_arguments(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check that a task takes these arguments, as far as its source tells; one with other decorators than ours may take anything.

    Raises:
        InvalidInput: it does not; the text names the argument, `field` is `kwargs.<name>` or `args`.
    """
    signature = _signatures(*_file_of(task)).get(task.rpartition(".")[2])
    if signature is None:
        return
    positional = [*signature.posonlyargs, *signature.args]
    names = [one.arg for one in positional]
    by_name = {one.arg for one in (*signature.args, *signature.kwonlyargs)}
    given = set(names[: len(args)])
    if len(args) > len(names) and signature.vararg is None:
        raise InvalidInput(
            f"{task} takes at most {len(names)} positional arguments",
            field="args",
            code="bad-arguments",
        )
    for name in kwargs:
        if (name not in by_name and signature.kwarg is None) or name in given:
            raise InvalidInput(
                f"{task} does not take {name!r} here",
                field=f"kwargs.{name}",
                hint=did_you_mean(name, by_name),
                code="bad-arguments",
            )
    optional = names[len(names) - len(signature.defaults) :] if signature.defaults else []
    required = {name for name in names if name not in optional}
    required |= {
        one.arg
        for one, default in zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
        if default is None
    }
    for name in sorted(required - given - set(kwargs)):
        raise InvalidInput(f"{task} needs {name!r}", field=f"kwargs.{name}", code="bad-arguments")


def named_arguments(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> JsonObject:
    """Return the arguments of a call by their names, as far as the task's source tells the names of the positional ones."""
    signature = _signatures(*_file_of(task)).get(task.rpartition(".")[2])
    names = (
        [one.arg for one in (*signature.posonlyargs, *signature.args)]
        if signature is not None
        else []
    )
    return {**dict(zip(names, args, strict=False)), **kwargs}


@lru_cache(maxsize=64)
def _signatures(path: Path, stamp: int) -> dict[str, ast.arguments]:
    functions = [node for node in _tree(path).body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: node.args
        for node in functions
        if all(map(_keeps_arguments, node.decorator_list))
    }


def _keeps_arguments(decorator: ast.expr) -> bool:
    name = (
        decorator.id
        if isinstance(decorator, ast.Name)
        else decorator.attr
        if isinstance(decorator, ast.Attribute)
        else ""
    )
    return name == KEEPS_ARGUMENTS


def _file_of(task: str) -> tuple[Path, int]:
    file_name = f"{task.split('.')[1]}.py"
    path = next(folder / file_name for folder in _folders() if (folder / file_name).is_file())
    return path, path.stat().st_mtime_ns


def module_constant(module: str, name: str) -> object:
    """Return the value of a constant that a task module sets to a literal, such as `TRIES = 5`; None if it sets none."""
    file_name = f"{module.rpartition('.')[2]}.py"
    for folder in _folders():
        if (folder / file_name).is_file():
            return _constants(folder / file_name, (folder / file_name).stat().st_mtime_ns).get(name)
    return None


def max_attempts(task: str) -> int:
    """Return how often a task is tried before its job is given up."""
    value = module_constant(task.rpartition(".")[0], "TRIES")
    return value if isinstance(value, int) and value >= 1 else DEFAULT_TRIES


@lru_cache(maxsize=64)
def _constants(path: Path, stamp: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {
                target.id: node.value.value
                for target in node.targets
                if isinstance(target, ast.Name)
            }
    return found


def task_modules() -> list[str]:
    """Return the dotted names of the modules that hold tasks."""
    return sorted({name.rpartition(".")[0] for name in known_tasks()})


def _folders() -> list[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            f"the package {PACKAGE!r} is not importable: start from the project's folder"
        )
    return [Path(place) for place in spec.submodule_search_locations]


@lru_cache(maxsize=4)
def _names(files: tuple[tuple[Path, int], ...]) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{PACKAGE}.{path.stem}.{name}" for path, _ in files for name in _public_functions(path)
        )
    )


def _tree(path: Path) -> ast.Module:
    return parse_module(f"{PACKAGE}.{path.stem}", path)


def _public_functions(path: Path) -> list[str]:
    return [
        node.name
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


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
        TaskDescription(**one, tries=max_attempts(one["name"]))
        for one in sorted(found, key=lambda one: str(one["name"]))
    ]


@lru_cache(maxsize=64)
def _of_file(path: Path, stamp: int) -> list[JsonObject]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []  # the catalogue has said so in the log
    return [_described(path.stem, node) for node in tree.body if isinstance(node, ast.FunctionDef)]


def _described(module: str, node: ast.FunctionDef) -> JsonObject:
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
