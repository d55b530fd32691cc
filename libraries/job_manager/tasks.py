"""The tasks: public functions of the modules in `workers/`, read without importing them.

The web process needs only the names, so it reads the source. A dotted path of a client is looked up
in this list and never imported.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from libraries.errors import InvalidInput, did_you_mean
from libraries.job_manager.errors import UnknownTask
from libraries.json_types import JsonObject
from libraries.loading import changed_at, load_module, load_problem, module_files, parse_module
from libraries.settings import JobSettings

PACKAGE = "workers"
# Name of a first parameter that receives the context of the job instead of an argument.
CONTEXT = "ctx"
Function = ast.FunctionDef | ast.AsyncFunctionDef
_seen_files: ContextVar[dict[str, tuple[Path, int]] | None] = ContextVar("seen_files", default=None)


def is_helper(stem: str) -> bool:
    """Return whether no function of a module in `workers/` is a task, according to its name."""
    return stem.startswith(("_", "test_")) or stem in ("conftest", "testing")


def load_plugins() -> None:
    """Import the other modules below `workers/`, which may contain hooks and subscriptions."""
    package = importlib.import_module(PACKAGE)
    tasks = set(task_modules())
    for found in pkgutil.iter_modules(package.__path__, f"{PACKAGE}."):
        stem = found.name.rpartition(".")[2]
        is_imported = stem != "__main__" and (stem.startswith("_") or not is_helper(stem))
        if is_imported and found.name not in tasks:
            load_module(found.name)


def known_tasks() -> list[str]:
    """Return the sorted dotted paths of all tasks. New files are noticed."""
    return sorted(name for path in task_files() for name in _names(path, changed_at(path)))


def task_files() -> list[Path]:
    """Return the files that may contain tasks, including those with syntax errors."""
    return sorted(
        path
        for stem, path in module_files(PACKAGE).items()
        if stem.isidentifier() and not is_helper(stem)
    )


def check_task(task: object) -> str:
    """Return the dotted path of a task, given as a path or as the function.

    Raises UnknownTask with the reason and the known tasks.
    """
    name = getattr(task, "path", None) or task
    if callable(name):
        name = f"{name.__module__}.{getattr(name, '__qualname__', type(name).__name__)}"
    if isinstance(name, str) and is_task_name(name):
        with suppress(OSError):
            if name in _names(*file_of(name)):
                return name
    raise UnknownTask(name, known_tasks(), why_no_task(str(name)[:200]))


def is_task_name(name: str) -> bool:
    """Return whether a task may have this name, in this version or in another one."""
    package, _, rest = name.partition(".")
    stem, _, function = rest.partition(".")
    is_public = function.isidentifier() and not function.startswith("_")
    return package == PACKAGE and stem.isidentifier() and is_public and not is_helper(stem)


def why_no_task(name: str) -> str:
    """Return why no task has this name."""
    package, _, rest = name.partition(".")
    stem, _, function = rest.partition(".")
    if package != PACKAGE or not stem.isidentifier() or not function.isidentifier():
        return f"a task is named {PACKAGE}.<module>.<function>"
    if function.startswith("_"):
        return "functions whose names begin with an underscore are not tasks"
    file = ascii(f"{PACKAGE}/{stem}.py")[1:-1]
    if is_helper(stem):
        return f"functions of {file} are not tasks, because it is a helper module"
    path = next((path for path in task_files() if path.stem == stem), None)
    if path is None:
        return f"there is no file {file}"
    tree = _tree(path)
    problem = load_problem(f"{PACKAGE}.{stem}")
    if not tree.body and problem and problem.is_public:
        return str(problem)
    return _why_not(tree, function, file)


def _why_not(tree: ast.Module, function: str, file: str) -> str:
    for node in _functions(tree):
        if node.name == function:
            location = f"{file}, line {node.lineno}: {function}"
            if _is_hook(node):
                return f"{location} is a hook, not a task"
            return f"{location} is not a task, because __all__ does not list it"
    if any(function in _bound_names(node) for node in tree.body):
        return f"{file} does not define {function} with def, so it is not a task"
    return f"{file} has no function {ascii(function)[1:-1]}"


def _bound_names(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module assigns, imports or defines."""
    match node:
        case ast.Assign(targets=targets):
            return {one.id for one in targets if isinstance(one, ast.Name)}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {one.asname or one.name for one in names}
        case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def misplaced_functions() -> list[str]:
    """Return a message for each task whose calls can only fail."""
    return [
        f"{PACKAGE}/{path.name}, line {node.lineno}: {node.name} contains yield; "
        "a task returns its result"
        for path in task_files()
        for node in _task_nodes(_tree(path))
        if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in _own_nodes(node))
    ]


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of inner functions and classes."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own_nodes(child)


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in tree.body if isinstance(node, Function)]


def _task_nodes(tree: ast.Module) -> list[Function]:
    """Return the public functions that are not hooks; with `__all__`, only those that it lists."""
    exported = _exported(tree)
    return [
        node
        for node in _functions(tree)
        if not node.name.startswith("_")
        and not _is_hook(node)
        and (exported is None or node.name in exported)
    ]


def _is_hook(node: Function) -> bool:
    names = {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
    return bool(names & {"on_startup", "on_shutdown"})


def _exported(tree: ast.Module) -> set[str] | None:
    """Return the names in `__all__`; None without it, or if it is not a list of literals."""
    for node in tree.body:
        if "__all__" in _bound_names(node) and isinstance(node, ast.Assign | ast.AnnAssign):
            listed = getattr(node.value, "elts", None)
            names = (one.value for one in listed or () if isinstance(one, ast.Constant))
            return None if listed is None else {str(name) for name in names}
    return None


def check_arguments(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Check the arguments of a task against its source, unless it has unknown decorators.

    Returns whether the task has a context before them. Raises InvalidInput with the `field` `args` or
    `kwargs.<name>`.
    """
    found = _signatures(*file_of(task)).get(task.rpartition(".")[2])
    if found is None:
        return False
    signature = found.arguments
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
        accepts_any = signature.kwarg is not None and not (found.context and name == CONTEXT)
        if (name not in by_name and not accepts_any) or name in given:
            raise InvalidInput(
                f"{task} does not take the argument {name!r}",
                field=f"kwargs.{name}",
                hint=did_you_mean(name, by_name),
                code="bad-arguments",
            )
    keyword_only = zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
    required = {*names[: len(names) - len(signature.defaults)]}
    required |= {one.arg for one, default in keyword_only if default is None}
    for name in sorted(required - given - set(kwargs)):
        raise InvalidInput(
            f"{task} requires the argument {name!r}", field=f"kwargs.{name}", code="bad-arguments"
        )
    return found.context


def call_by_name(
    task: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], JsonObject]:
    """Return a call with its arguments by name, if the task's source has the names of all."""
    found = _signatures(*file_of(task)).get(task.rpartition(".")[2])
    signature = found.arguments if found else None
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
    for index, name in enumerate(unset):
        if name not in kept or name in kwargs:
            reason = "is also in kwargs" if name in kwargs else "is not an argument of the job"
            raise InvalidInput(
                f"{name[:100]!r} {reason}", field=f"unset.{index}", code="bad-arguments"
            )
    return kept_args, {
        **{name: value for name, value in kept.items() if name not in unset},
        **kwargs,
    }


def named_arguments(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> JsonObject:
    """Return the arguments of a call by name, if the task's source has the names."""
    found = _signatures(*file_of(task)).get(task.rpartition(".")[2])
    positional = [*found.arguments.posonlyargs, *found.arguments.args] if found else []
    return {**dict(zip((one.arg for one in positional), args, strict=False)), **kwargs}


class Signature(NamedTuple):
    """The parameters for arguments of clients, and whether the task has a context before them."""

    arguments: ast.arguments
    context: bool


@lru_cache(maxsize=64)
def _signatures(path: Path, stamp: int) -> dict[str, Signature]:
    return {
        node.name: _signature(node)
        for node in _task_nodes(_tree(path))
        if all(map(_keeps_arguments, node.decorator_list))
    }


def _signature(node: Function) -> Signature:
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    if not positional or positional[0].arg != CONTEXT:
        return Signature(given, context=False)
    without = ast.arguments(
        posonlyargs=given.posonlyargs[1:],
        args=given.args if given.posonlyargs else given.args[1:],
        vararg=given.vararg,
        kwonlyargs=given.kwonlyargs,
        kw_defaults=given.kw_defaults,
        kwarg=given.kwarg,
        defaults=given.defaults[-len(positional) + 1 :] if len(positional) > 1 else [],
    )
    return Signature(without, context=True)


def _keeps_arguments(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).rpartition(".")[2] == "background_task"


@contextmanager
def each_file_once() -> Iterator[None]:
    """Look at each task module only once inside the block, which must not run tasks."""
    token = _seen_files.set({})
    try:
        yield
    finally:
        _seen_files.reset(token)


def file_of(task: str) -> tuple[Path, int]:
    """Return the file of a task and the time of its last change. Raises OSError if gone."""
    # The name in a damaged record may have no dot.
    stem = task.partition(".")[2].partition(".")[0]
    seen = _seen_files.get()
    if seen is not None and stem in seen:
        return seen[stem]
    path = module_files(PACKAGE).get(stem)
    if path is None:
        raise FileNotFoundError(f"{PACKAGE}/{stem}.py")
    found = path, changed_at(path)
    if seen is not None:
        seen[stem] = found
    return found


def module_constant(module: str, name: str) -> object:
    """Return the literal value of a constant in a task module, such as `TRIES`, or None."""
    try:
        return _constants(*file_of(module)).get(name)
    except OSError:
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


@lru_cache(maxsize=64)
def _names(path: Path, stamp: int) -> frozenset[str]:
    return frozenset(f"{PACKAGE}.{path.stem}.{node.name}" for node in _task_nodes(_tree(path)))


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
    return [_described(path.stem, node) for node in _task_nodes(tree)]


def _described(module: str, node: Function) -> JsonObject:
    summary, _, rest = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n\n")
    return {
        "name": f"{PACKAGE}.{module}.{node.name}",
        "summary": " ".join(summary.split()),
        "description": rest.strip(),
        "parameters": _parameters(_signature(node).arguments),
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
    """Return the number of retries: `override`, or that of the task; 0 in immediate mode."""
    if settings.immediate:
        return 0
    return max_attempts(task) - 1 if override is None else override
