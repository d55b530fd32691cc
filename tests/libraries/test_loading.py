from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from libraries import loading
from libraries.loading import (
    LoadError,
    load_module,
    load_modules,
    load_problem,
    load_problems,
    module_files,
    parse_module,
)
from libraries.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package called `extensions`, without problems."""
    folder = tmp_path / "extensions"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(loading, "_problems", {})
    yield folder
    for name in [one for one in list(sys.modules) if one.partition(".")[0] == "extensions"]:
        del sys.modules[name]


def names(package: str = "extensions") -> list[str]:
    return [module.__name__.rpartition(".")[2] for module in load_modules(package)]


def test_a_module_with_a_syntax_error_is_skipped_and_the_others_are_loaded(package: Path) -> None:
    (package / "broken.py").write_text("def draw(area:\n    pass\n")
    (package / "whole.py").write_text("")
    assert names() == ["whole"]
    (problem,) = load_problems()
    assert str(problem) == "extensions/broken.py, line 1: SyntaxError: '(' was never closed"


def test_the_line_of_a_failed_import_is_the_one_in_the_module_itself(package: Path) -> None:
    (package / "needy.py").write_text("\n\nimport nonesuch\n")
    assert names() == []
    (problem,) = load_problems()
    assert str(problem) == (
        "extensions/needy.py, line 3: ModuleNotFoundError: No module named 'nonesuch'"
    )


def test_a_syntax_error_in_a_file_that_a_module_imports_is_placed_in_that_file(
    package: Path,
) -> None:
    (package.parent / "helper_of_extensions.py").write_text("\nx = = 1\n")
    (package / "user.py").write_text("import helper_of_extensions\n")
    assert names() == []
    assert [(one.module, one.file, one.line) for one in load_problems()] == [
        ("extensions.user", "helper_of_extensions.py", 2)
    ]


def test_a_module_that_exits_does_not_end_the_process(package: Path) -> None:
    (package / "leaving.py").write_text("import sys\nsys.exit('bye')\n")
    assert names() == []
    assert load_problems()[0].mistake == "SystemExit: bye"


def test_the_text_of_a_broken_rule_is_public(package: Path) -> None:
    (package / "bold.py").write_text(
        "from libraries.loading import LoadError\nraise LoadError('cost needs a parameter')\n"
    )
    names()
    (problem,) = load_problems()
    assert problem.public() == {
        "module": "extensions.bold",
        "file": "extensions/bold.py",
        "line": 2,
        "mistake": "cost needs a parameter",
    }


def test_the_text_of_an_unexpected_error_is_only_for_the_operator(
    package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (package / "leaky.py").write_text("raise ValueError('password=hush')\n")
    names()
    (problem,) = load_problems()
    assert problem.mistake == "ValueError: password=hush"
    assert problem.public()["mistake"] == "ValueError"
    assert "extensions.leaky cannot be loaded and is left out: extensions/leaky.py, line 1" in (
        caplog.text
    )
    assert "Traceback" in caplog.text


def test_a_problem_is_gone_when_the_file_is_corrected(package: Path) -> None:
    file = package / "late.py"
    file.write_text("raise ValueError")
    assert load_module("extensions.late") is None
    assert load_problem("extensions.late") is not None
    file.write_text("corrected = True\n")
    importlib.invalidate_caches()
    assert load_module("extensions.late") is not None
    assert load_problems() == []


def test_registrations_of_a_broken_module_are_undone(package: Path) -> None:
    registry: Registry[int] = Registry("extension")
    (package.parent / "registry_of_extensions.py").write_text("add = None\n")
    importlib.import_module("registry_of_extensions").add = registry.add  # type: ignore[attr-defined]
    register = "from registry_of_extensions import add\nadd(__name__.rpartition('.')[2], 1)\n"
    (package / "half.py").write_text(f"{register}raise ValueError\n")
    (package / "twice.py").write_text(register * 2)
    (package / "whole.py").write_text(register)
    load_modules("extensions", discard=registry.discard)
    assert list(registry) == ["whole"]
    assert load_problem("extensions.twice") is not None
    assert "extension 'twice' is registered twice" in str(load_problem("extensions.twice"))


def test_a_name_is_registered_once() -> None:
    registry: Registry[int] = Registry("number")
    registry.add("one", 1)
    with pytest.raises(LoadError, match="number 'one' is registered twice"):
        registry.add("one", 2)


def test_a_parsed_file_is_recorded_until_its_syntax_is_valid(
    package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = package / "read_tasks.py"
    file.write_text("def greet(name:\n")
    with caplog.at_level(logging.ERROR):
        assert parse_module("extensions.read_tasks", file).body == []
    assert "extensions.read_tasks cannot be loaded" in caplog.text
    assert load_problem("extensions.read_tasks") is not None
    file.write_text("def greet(name): pass\n")
    assert len(parse_module("extensions.read_tasks", file).body) == 1
    assert load_problems() == []


def test_the_files_of_a_package_are_found_with_those_that_are_added(package: Path) -> None:
    (package / "first.py").touch()
    assert module_files("extensions") == {
        "__init__": package / "__init__.py",
        "first": package / "first.py",
    }
    (package / "second.py").touch()
    assert "second" in module_files("extensions")
    with pytest.raises(RuntimeError, match="the package 'no_extensions' is not importable"):
        module_files("no_extensions")
