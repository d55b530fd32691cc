"""The tasks: public functions of the `workers/*_tasks.py` modules, read without importing them.

The web process needs only the names, so it reads the source. A dotted path of a client is looked up
in this list and never imported.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from libraries.errors import InvalidInput, did_you_mean
from libraries.job_manager.errors import UnknownTask
from libraries.json_types import JsonObject
from libraries.loading import load_module, load_problem, parse_module
from libraries.settings import JobSettings

PACKAGE = "workers"


def load_plugins() -> None:
    """Import the other modules below `workers/`, which may contain hooks and subscriptions."""
    package = importlib.import_module(PACKAGE)
    for found in pkgutil.iter_modules(package.__path__, f"{PACKAGE}."):
        if not found.name.endswith(("_tasks", ".__main__")):
            load_module(found.name)


def known_tasks() -> list[str]:
    """Return the sorted dotted paths of all tasks. New files are noticed."""
    return list(_names(tuple((path, path.stat().st_mtime_ns) for path in task_files())))


def task_files() -> list[Path]:
    """Return the files of the task modules, including those with syntax errors."""
    return sorted(path for folder in _folders() for path in folder.glob("*_tasks.py"))


def check_task(name: object) -> str:
    """Return `name` if it is the dotted path of a task. Raises UnknownTask with the known tasks."""
    names = known_tasks()
    if not isinstance(name, str) or name not in names:
        error = UnknownTask("task", name, names, field="task")
        error.hint = _why_no_task(str(name)) or error.hint
        raise error
    return name


def misplaced_functions() -> list[str]:
    """Return a message for each function under `workers/` that looks like a task but is not one."""
    mistakes = []
    for path in sorted(path for folder in _folders() for path in folder.glob("*.py")):
        if path.stem.startswith("_"):
            continue
        functions = _functions(path)
        is_task_module = path.stem.endswith("_tasks")
        # A module with hooks, which are decorated, may contain helper functions.
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
    """Return why a public function is not a task, None if it is one."""
    place = f"{PACKAGE}/{path.name}, line {node.lineno}"
    if not path.stem.endswith("_tasks"):
        return f"{place}: {node.name} is not a task, because the file is not named *_tasks.py"
    if isinstance(node, ast.AsyncFunctionDef):
        return f"{place}: {node.name} is not a task, because it is async; use a plain function"
    return None


def _why_no_task(name: str) -> str | None:
    """Return why an existing function is not a task, or why its module is not loaded."""
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
    """Check the arguments of a task against its source, unless it has unknown decorators.

    Raises InvalidInput with the `field` `args` or `kwargs.<name>`.
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
                f"{task} does not take the argument {name!r}",
                field=f"kwargs.{name}",
                hint=did_you_mean(name, by_name),
                code="bad-arguments",
            )
    required = {one.name for one in _parameters(signature) if one.required}
    for name in sorted(required - given - set(kwargs)):
        raise InvalidInput(
            f"{task} requires the argument {name!r}", field=f"kwargs.{name}", code="bad-arguments"
        )


def call_by_name(
    task: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], JsonObject]:
    """Return a call with its arguments by name, if the task's source has the names of all."""
    signature = _signatures(*_file_of(task)).get(task.rpartition(".")[2])
    if signature is None or signature.posonlyargs or len(args) > len(signature.args):
        return list(args), dict(kwargs)
    names = (one.arg for one in signature.args)
    return [], {**dict(zip(names, args, strict=False)), **kwargs}


def changed_call(
    task: str,
    call: tuple[Sequence[Any], Mapping[str, Any]],
    *,
    args: Sequence[Any] | None,
    kwargs: Mapping[str, Any],
    unset: Sequence[str],
) -> tuple[list[Any], JsonObject]:
    """Return a call with other arguments: `args` replaces all positional ones, `kwargs` by name.

    Those named in `unset` are left out. Raises InvalidInput if the call does not have them.
    """
    kept_args, kept = call_by_name(task, *call)
    if args is not None:
        kept_args = list(args)
        kept = {name: kept[name] for name in kept.keys() - named_arguments(task, args, {})}
    for place, name in enumerate(unset):
        if name not in kept or name in kwargs:
            reason = "is also in kwargs" if name in kwargs else "is not an argument of the job"
            raise InvalidInput(
                f"{name[:100]!r} {reason}", field=f"unset.{place}", code="bad-arguments"
            )
    return kept_args, {
        **{name: value for name, value in kept.items() if name not in unset},
        **kwargs,
    }


def named_arguments(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> JsonObject:
    """Return the arguments of a call by name, if the task's source has the names."""
    signature = _signatures(*_file_of(task)).get(task.rpartition(".")[2])
    positional = [*signature.posonlyargs, *signature.args] if signature else []
    return {**dict(zip((one.arg for one in positional), args, strict=False)), **kwargs}


@lru_cache(maxsize=64)
def _signatures(path: Path, stamp: int) -> dict[str, ast.arguments]:
    return {
        node.name: node.args
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef) and all(map(_keeps_arguments, node.decorator_list))
    }


def _keeps_arguments(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).rpartition(".")[2] == "background_task"


def _file_of(task: str) -> tuple[Path, int]:
    file_name = f"{task.split('.')[1]}.py"
    path = next(folder / file_name for folder in _folders() if (folder / file_name).is_file())
    return path, path.stat().st_mtime_ns


def module_constant(module: str, name: str) -> object:
    """Return the literal value of a constant in a task module, such as `TRIES`, or None."""
    file_name = f"{module.rpartition('.')[2]}.py"
    for folder in _folders():
        if (folder / file_name).is_file():
            return _constants(folder / file_name, (folder / file_name).stat().st_mtime_ns).get(name)
    return None


def max_attempts(task: str) -> int:
    value = module_constant(task.rpartition(".")[0], "TRIES")
    return value if isinstance(value, int) and value >= 1 else 2


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
    return sorted({name.rpartition(".")[0] for name in known_tasks()})


def _folders() -> list[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            f"the package {PACKAGE!r} is not importable: start from the project's folder"
        )
    return [Path(place) for place in spec.submodule_search_locations]


@lru_cache(maxsize=4)
def _names(files: tuple[tuple[Path, int], ...]) -> list[str]:
    return sorted(
        f"{PACKAGE}.{path.stem}.{node.name}"
        for path, _ in files
        for node in _functions(path)
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    )


def _tree(path: Path) -> ast.Module:
    return parse_module(f"{PACKAGE}.{path.stem}", path)


@dataclass(frozen=True, kw_only=True)
class TaskParameter:
    """A parameter of a task; `type` and `default` are source text."""

    name: str
    required: bool
    type: str | None
    default: str | None


@dataclass(frozen=True, kw_only=True)
class TaskDescription:
    """The description of a task, from its docstring and signature."""

    name: str
    summary: str
    description: str
    parameters: list[TaskParameter]
    tries: int


def describe_tasks() -> list[TaskDescription]:
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
        return []  # logged by `known_tasks`
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


def max_retries(task: str, settings: JobSettings, *, override: int | None = None) -> int:
    """Return the number of retries: `wanted`, or that of the task; 0 in immediate mode."""
    if settings.immediate:
        return 0
    return max_attempts(task) - 1 if override is None else override


def retry_delays(retries: int, *, first: float = 1.0) -> list[float]:
    """Return the delays in seconds: `first` times 1, 4, 16, up to an hour, with 20 % jitter."""
    return [
        round(
            min(first * 4.0**number, 3600.0) * random.uniform(0.8, 1.2),  # noqa: S311
            3,
        )
        for number in range(retries)
    ]
