"""Startup checks of routes and operations; a mistake in a component stops the application."""

from __future__ import annotations

import inspect
import itertools
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

import click
from flask import Flask, Response, request
from flask_smorest import Blueprint
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from components.http.access import BROWSER_PAGES, EXTENSION, SCOPES, Access
from components.http.api import ApiBlueprint
from components.http.submissions import OPERATIONS
from libraries.errors import did_you_mean
from libraries.job_manager import known_tasks
from libraries.loading import load_problem

ROOT = Path(__file__).parents[2]


class StartupError(click.ClickException):
    """Raised for a mistake in a component; the CLI shows the message without a traceback."""


def exported_blueprints(package: ModuleType) -> list[Blueprint]:
    """Return the `blueprint` or `blueprints` of a component, or raise StartupError."""
    if hasattr(package, "blueprint"):
        return [package.blueprint]
    if hasattr(package, "blueprints"):
        return list(package.blueprints)
    modules = [package, sys.modules.get(f"{package.__name__}.main")]
    misnamed = [
        f"; {_location(module.__file__)} has one under the name `{name}`"
        for module in filter(None, modules)
        for name, value in vars(module).items()
        if isinstance(value, Blueprint)
    ]
    mistake = "exports no `blueprint`, so none of its routes would be served"
    raise StartupError(f"{_location(package.__file__)}: {mistake}{''.join(misnamed)}")


def check_routes(app: Flask) -> None:
    """Record the access level, the scope and the page of every route for `install_access`.

    Raises StartupError if a route declares no access, or another one than its blueprint.
    """
    app.extensions[EXTENSION] = {
        rule.endpoint: _access_of(app, rule) for rule in app.url_map.iter_rules()
    }
    app.extensions[SCOPES] = {
        f"{name}.{endpoint}": scope
        for name, blueprint in app.blueprints.items()
        for endpoint, scope in getattr(blueprint, "route_scopes", {}).items()
    }
    app.extensions[BROWSER_PAGES] = {
        endpoint: page
        for blueprint in app.blueprints.values()
        for endpoint, page in getattr(blueprint, "browser_pages", {}).items()
    }


def _access_of(app: Flask, rule: Rule) -> Access:
    name, _, endpoint = rule.endpoint.rpartition(".")
    blueprint = app.blueprints.get(name)
    declared = blueprint.route_access[endpoint] if isinstance(blueprint, ApiBlueprint) else None
    is_file = endpoint == "static"
    view = inspect.unwrap(app.view_functions[rule.endpoint])
    location = _location(inspect.getsourcefile(view))
    if is_file and blueprint is not None:
        location = _location(sys.modules[blueprint.import_name].__file__)
    if declared is None:
        raise StartupError(
            f"{location}: the route {rule.rule} declares no access; add access=Access.KEY, or another "
            f"level, to its {'blueprint' if is_file else 'decorator'}"
        )
    if isinstance(blueprint, ApiBlueprint) and blueprint.access not in (None, declared):
        raise StartupError(
            f"{location}: the route {rule.rule} has access={declared}, and its blueprint "
            f"{blueprint.access}; both must be equal"
        )
    return declared


def install_methods(app: Flask) -> None:
    """Answer 405 if only a route with a variable has the method, such as DELETE of `/jobs/bulk`."""
    methods: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    for rule in app.url_map.iter_rules():
        folder, is_folder, _ = rule.rule.partition("<path:")
        if not rule.arguments:
            methods[rule.rule] |= rule.methods or set()
        elif is_folder:
            folders[folder] |= rule.methods or set()
    app.before_request(partial(_check_method, methods, folders))


def _check_method(
    methods: Mapping[str, set[str]], folders: Mapping[str, set[str]]
) -> Response | None:
    """Raise MethodNotAllowed, or return the reply to OPTIONS, for a path without variables or of a page's file."""
    in_folder = (one for folder, one in folders.items() if request.path.startswith(folder))
    allowed = sorted(methods.get(request.path) or next(in_folder, ()))
    if not allowed:
        return None
    if request.method not in allowed:
        raise MethodNotAllowed(valid_methods=allowed)
    if request.method == "OPTIONS":
        return Response(headers={"Allow": ", ".join(allowed)})
    return None


def check_operations(app: Flask) -> None:
    """Raise StartupError if an operation names a task that does not exist.

    Task modules that cannot be imported are skipped; they are reported elsewhere.
    """
    tasks = known_tasks()
    unnamed = (getattr(one, "operations", ()) for one in app.blueprints.values())
    for operation in [*(one for _, one in OPERATIONS.items()), *itertools.chain(*unnamed)]:
        for task in filter(None, (operation.task, *operation.other_tasks)):
            if task not in tasks and load_problem(task.rpartition(".")[0]) is None:
                hint = did_you_mean(task, tasks)
                location = _location(sys.modules[operation.module].__file__)
                raise StartupError(
                    f"{location}: the operation {operation.name!r} names the task {task!r}, "
                    f"which does not exist{f'; {hint}' if hint else ''}"
                )


def _location(file_name: str | None) -> str:
    file = Path(file_name or "?")
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)
