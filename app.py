"""The composition root: settings in, a Flask application out. gunicorn's target is `app:create_app()`."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator

from flask import Flask
from flask_smorest import Blueprint

import components
from components import pages
from components.http.access import described_access, install_access
from components.http.access_log import install_access_log
from components.http.api import install_http
from components.http.boundary import install_boundary
from components.http.long_connections import install_live
from components.http.pages import VERSION
from components.http.startup import (
    StartupError,
    check_operations,
    check_routes,
    exported_blueprints,
)
from components.http.submissions import discard_operations
from components.system.commands import process_settings
from libraries.loading import load_module
from libraries.settings import Settings, use_settings

DESCRIPTION = (
    "Plotter-ready SVG over HTTP. Ask for a drawing, follow its job by id, fetch the file. Lengths are millimetres, times are "
    "UTC in ISO 8601, errors are problem documents (RFC 9457)."
)
# The packages under `components/` that are no components: what all of them share, and the folder
# of the pages, each of which is a component.
NO_COMPONENTS = ("components.http", "components.pages")
KEYS_NEEDED = " Requests carry an API key, as Authorization: Bearer KEY or as X-API-Key: KEY."


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application with every component mounted.

    Args:
        settings: the settings of this process; read from the environment if not given.

    Raises:
        BadSettings: the environment is bad.
    """
    settings = use_settings(settings) if settings else process_settings()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.web.max_body,
        API_TITLE="Vector API",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {
                "description": DESCRIPTION + (KEYS_NEEDED if settings.access.api_keys else "")
            },
            **described_access(settings),
        },
    )
    # Redirects to a tidier address would be HTML pages; such an address is simply not there.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_access_log(app)
    install_boundary(app)
    install_access(app, settings)
    install_live(app, settings)
    api = install_http(app)
    for blueprint in component_blueprints():
        api.register_blueprint(blueprint)
    check_routes(app)
    check_operations(app)
    return app


def component_names() -> Iterator[str]:
    """Yield the names of the packages under `components/`, and of the modules of `components.pages`."""
    for package in (components, pages):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module.name not in NO_COMPONENTS:
                yield module.name


def component_blueprints() -> list[Blueprint]:
    """Return the blueprints of the components in alphabetical order; one that cannot be imported has none.

    Raises:
        StartupError: a component exports no blueprint, or two have one name.
    """
    found: dict[str, Blueprint] = {}
    for name in component_names():
        package = load_module(name)
        if package is None:
            discard_operations(name)
            continue
        for blueprint in exported_blueprints(package):
            if blueprint.name in found:
                names = found[blueprint.name].import_name, blueprint.import_name
                raise StartupError(
                    f"{' and '.join(names)}: both have a blueprint {blueprint.name!r}"
                )
            found[blueprint.name] = blueprint
    return [blueprint for _, blueprint in sorted(found.items())]
