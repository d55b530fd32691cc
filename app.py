"""The composition root: creates the Flask application. gunicorn serves `app:create_app()`."""

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
from components.http.server.owner_limits import install_owner_limits
from components.http.server.repeated import install_repeated
from components.http.server.request_limits import install_request_limits
from components.http.startup import (
    StartupError,
    check_operations,
    check_routes,
    exported_blueprints,
    install_methods,
)
from components.http.submissions import discard_operations
from components.system.commands import process_settings
from libraries import VERSION
from libraries.loading import load_module
from libraries.settings import Settings, use_settings

DESCRIPTION = (
    "Plotter-ready SVG over HTTP. Request a drawing, follow its job by id, download the file. "
    "Lengths are millimetres, times are UTC in ISO 8601, errors are problem documents (RFC 9457)."
)
# Packages below components/ that are not components: shared code, and the container of the pages.
NOT_COMPONENTS = ("components.http", "components.pages")
AUTHENTICATION = " Requests need an API key: Authorization: Bearer KEY or X-API-Key: KEY."


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application with all components; `settings` default to the environment."""
    settings = use_settings(settings) if settings else process_settings()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.web.max_body,
        API_TITLE="Vector API",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {
                "description": DESCRIPTION + (AUTHENTICATION if settings.access.api_keys else "")
            },
            **described_access(settings),
        },
    )
    # Redirects would be HTML pages: a path with double slashes is not found.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_access_log(app)
    install_boundary(app)
    install_access(app, settings)
    install_request_limits(app)
    install_owner_limits(app, settings)
    install_live(app, settings)
    install_repeated(app)
    api = install_http(app)
    for blueprint in component_blueprints():
        api.register_blueprint(blueprint)
    check_routes(app)
    install_methods(app)
    check_operations(app)
    return app


def component_names() -> Iterator[str]:
    """Yield the packages below `components/` and the modules of `components.pages`."""
    for package in (components, pages):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module.name not in NOT_COMPONENTS:
                yield module.name


def component_blueprints() -> list[Blueprint]:
    """Return the blueprints of the importable components, sorted by name."""
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
