"""Startup errors of components; components that cannot be imported are skipped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import components
from app import create_app
from components.http.startup import StartupError
from libraries.loading import load_problems
from libraries.settings import Settings

AddComponent = Callable[..., None]
HEAD = """
from flask import Response
from components.http.access import Access
from components.http.api import ApiBlueprint, api_blueprint
"""


@pytest.fixture
def add_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AddComponent]:
    """Write the files of the component `atelier`."""
    folder = tmp_path / "atelier"
    folder.mkdir()
    monkeypatch.setattr(components, "__path__", [*components.__path__, str(tmp_path)])

    def add(**modules: str) -> None:
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)

    yield add
    for name in [one for one in list(sys.modules) if one.startswith("components.atelier")]:
        del sys.modules[name]
    monkeypatch.delattr(components, "atelier", raising=False)


def mistake(settings: Settings) -> str:
    """The message of the startup error."""
    with pytest.raises(StartupError) as caught:
        create_app(settings)
    return caught.value.format_message()


def test_a_blueprint_under_another_name_stops_the_start(
    settings: Settings, add_component: AddComponent
) -> None:
    main = HEAD + 'bp = api_blueprint("atelier", __name__, "/atelier")\n'
    add_component(__init__="from components.atelier.main import bp\n", main=main)
    text = mistake(settings)
    assert "atelier/__init__.py: exports no `blueprint`" in text
    assert "atelier/main.py has one under the name `bp`" in text


def test_a_blueprint_that_the_package_does_not_export_stops_the_start(
    settings: Settings, add_component: AddComponent
) -> None:
    main = HEAD + 'blueprint = api_blueprint("atelier", __name__, "/atelier")\n'
    add_component(__init__="import components.atelier.main\n", main=main)
    assert "atelier/main.py has one under the name `blueprint`" in mistake(settings)


def test_two_blueprints_with_one_name_stop_the_start(
    settings: Settings, add_component: AddComponent
) -> None:
    add_component(
        __init__=HEAD + 'blueprint = api_blueprint("jobs", "components.atelier", "/atelier")'
    )
    assert "both have a blueprint 'jobs'" in mistake(settings)


def test_a_route_that_declares_no_access_stops_the_start(
    settings: Settings, add_component: AddComponent
) -> None:
    add_component(
        __init__=HEAD
        + """
blueprint = api_blueprint("atelier", "components.atelier", "/atelier")

@blueprint.route("/colours")
def list_colours() -> Response:
    return Response("[]")
"""
    )
    text = mistake(settings)
    assert "atelier/__init__.py: the route /atelier/colours declares no access" in text


def test_a_page_whose_files_declare_no_access_stops_the_start(
    settings: Settings, add_component: AddComponent
) -> None:
    add_component(
        __init__=HEAD
        + """
blueprint = api_blueprint("atelier", __name__, "/atelier", assets="atelier")

@blueprint.route("", access=Access.OPEN)
def show_atelier() -> Response:
    return Response("atelier")
"""
    )
    text = mistake(settings)
    assert (
        "atelier/__init__.py: the route /atelier/assets/<path:filename> declares no access" in text
    )
    assert "to its blueprint" in text


def test_a_page_and_its_files_cannot_have_different_access(
    settings: Settings, add_component: AddComponent
) -> None:
    add_component(
        __init__=HEAD
        + """
blueprint = api_blueprint("atelier", __name__, "/atelier", access=Access.KEY, assets="atelier")

@blueprint.route("", access=Access.OPEN)
def show_atelier() -> Response:
    return Response("atelier")
"""
    )
    assert "both must be equal" in mistake(settings)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nothing_like_it", "No module named 'nothing_like_it'"),
        ("def broken(:", "line 1"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_component_that_cannot_be_imported_is_reported_and_the_others_work(
    settings: Settings, add_component: AddComponent, text: str, reason: str
) -> None:
    add_component(__init__=text)
    client = create_app(settings).test_client()
    assert client.get("/version").status_code == 200
    (problem,) = [one for one in load_problems() if one.module == "components.atelier"]
    assert reason in str(problem)
    assert problem.file.endswith("atelier/__init__.py")
    shown = client.get("/readyz").get_json()["not_loaded"]
    assert "components.atelier" in [one["module"] for one in shown]
    add_component(__init__=HEAD + 'blueprint = api_blueprint("atelier", __name__, "/atelier")')
    create_app(settings)
    assert "components.atelier" not in [one.module for one in load_problems()]
