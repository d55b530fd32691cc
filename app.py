"""The composition root: settings in, a Flask application out. gunicorn's target is `app:create_app()`."""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask
from flask_smorest import Blueprint

import components
from components.http.access import described_access, install_access
from components.http.access_log import install_access_log
from components.http.api import install_http
from components.http.long_connections import install_live
from components.http.pages import VERSION
from components.system.commands import process_settings
from libraries.settings import Settings, use_settings

DESCRIPTION = (
    "Plotter-ready SVG over HTTP. Ask for a drawing, follow its job by id, fetch the file. Lengths are millimetres, times are "
    "UTC in ISO 8601, errors are problem documents (RFC 9457)."
)
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
        MAX_CONTENT_LENGTH=settings.max_body,
        API_TITLE="Vector API",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION + (KEYS_NEEDED if settings.api_keys else "")},
            **described_access(settings),
        },
    )
    # Redirects to a tidier address would be HTML pages; such an address is simply not there.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_access_log(app)
    install_access(app, settings)
    install_live(app, settings)
    api = install_http(app)
    for blueprint in component_blueprints():
        api.register_blueprint(blueprint)
    return app


def component_blueprints() -> list[Blueprint]:
    """Return what each package under `components/` exports as `blueprint` or `blueprints`, in alphabetical order."""
    found: list[Blueprint] = []
    for module in pkgutil.iter_modules(components.__path__):
        if module.ispkg:
            package = importlib.import_module(f"components.{module.name}")
            single = [package.blueprint] if hasattr(package, "blueprint") else []
            found.extend(getattr(package, "blueprints", single))
    return sorted(found, key=lambda blueprint: str(blueprint.name))
