"""Translation with phrases and with Apertium."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from libraries.settings import Settings, use_settings
from libraries.texts import translate
from tests.conftest import MACHINE_PATH, Stopwatch, until
from tests.errors import raises_code

Install = Callable[[str], None]
LIST = 'if [ "$1" = -l ]; then echo "  eng-spa"; echo "  oci-fra"; exit; fi\n'


@pytest.fixture
def no_translator(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> Settings:
    """Return the settings, on a machine without Apertium."""
    monkeypatch.setenv("PATH", str(home / "nothing"))
    return settings


@pytest.fixture
def install(settings: Settings, monkeypatch: pytest.MonkeyPatch, home: Path) -> Install:
    """Return a function that replaces Apertium by a script, which lists two pairs and then runs the given commands."""

    def put(script: str) -> None:
        program = home / "bin" / "apertium"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{LIST}{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return put


@pytest.fixture(params=["script", "machine"])
def translator(
    request: pytest.FixtureRequest, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Install a script that knows three words, or use Apertium if it is installed with this pair."""
    if request.param == "script":
        install('[ "$1 $2" = "-u eng-spa" ] && sed "s/house/casa/;s/The/La/;s/is red/es roja/"')
        return
    program = shutil.which("apertium", path=MACHINE_PATH)
    pairs = subprocess.check_output([program, "-l"], text=True).split() if program else []
    if "eng-spa" not in pairs:
        pytest.skip("needs apertium; install the system's packages apertium and apertium-eng-spa")
    monkeypatch.setenv("PATH", MACHINE_PATH)


@pytest.mark.usefixtures("no_translator")
@pytest.mark.parametrize(
    ("content", "translated", "engine"),
    [
        ("hello", "hola", "phrases"),
        ("world", "mundo", "phrases"),
        ("good morning", "buenos días", "phrases"),
        ("thank you", "gracias", "phrases"),
        ("Thank You", "gracias", "phrases"),
        ("x", "[TRANSLATED: x]", "none"),
        ("hello world", "[TRANSLATED: hello world]", "none"),
    ],
)
def test_the_documented_phrases_have_the_documented_translations(
    content: str, translated: str, engine: str
) -> None:
    answer = translate(content)
    assert (answer.text, answer.engine) == (f"🌍 Translated: '{content}' → '{translated}'", engine)


@pytest.mark.usefixtures("translator")
def test_an_installed_translator_translates_everything_but_the_phrases() -> None:
    answer = translate("The house is red.")
    assert (answer.text, answer.engine) == (
        "🌍 Translated: 'The house is red.' → 'La casa es roja.'",
        "apertium",
    )
    assert translate("hello").engine == "phrases"


@pytest.mark.usefixtures("translator")
def test_the_longest_text_is_translated_completely() -> None:
    answer = translate("The house is red.\n" * 555)
    assert answer.engine == "apertium"
    assert answer.text.count("La casa es roja.") == 555


def test_a_missing_language_pair_is_not_used(install: Install, settings: Settings) -> None:
    install("echo asked")
    use_settings(settings.with_values(translation_pair="eng-deu"))
    answer = translate("The house is red.")
    assert (answer.text, answer.engine) == (
        "🌍 Translated: 'The house is red.' → '[TRANSLATED: The house is red.]'",
        "none",
    )


def test_the_phrases_are_not_for_another_language(install: Install, settings: Settings) -> None:
    install("sed s/hello/bonjour/")
    use_settings(settings.with_values(translation_pair="oci-fra"))
    assert translate("hello").text.endswith("→ 'bonjour'")


def test_the_translator_gets_the_text_as_data_and_nothing_else(
    install: Install, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("TEXT_MODEL_KEY", "secret")
    install(f'env > "{home}/env"; echo "$@" > "{home}/arguments"; cat')
    content = '$(touch {home}/x); `id` -l "--help" \\ \N{GRINNING FACE}'
    assert translate(content).text.endswith(f"→ '{content}'")
    assert (home / "arguments").read_text() == "-u eng-spa\n"
    assert "secret" not in (home / "env").read_text()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "failed to translate"),
        ("cat; exit 3", "failed to translate"),
        ("kill -9 $$", "failed to translate"),
        ("yes", "is too long"),
    ],
)
def test_a_failed_translation_is_a_temporary_error(
    install: Install, script: str, message: str
) -> None:
    install(script)
    with raises_code("translator-away", match=message):
        translate("The house is red.")


def test_a_program_that_cannot_be_started_is_reported(install: Install, home: Path) -> None:
    install("")
    (home / "bin" / "apertium").write_bytes(b"\x7fELF no program")
    with raises_code("translator-away", match="could not be started"):
        translate("The house is red.")


def has_ended(reader: int) -> bool:
    """Return whether no process can write to the pipe any more."""
    try:
        return os.read(reader, 100) == b""
    except BlockingIOError:
        return False


def test_a_hanging_translator_is_killed_with_its_child_processes(
    install: Install, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("libraries.texts.apertium.TIMEOUT_S", 0.5)
    alive = home / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    # The pipe ends when the last process that holds it has ended.
    install(f'(echo up; exec sleep 60) > "{alive}" & exec sleep 60')
    started = Stopwatch()
    with raises_code("translator-away", match="took too long"):
        translate("The house is red.")
    assert started.seconds() < 5
    assert os.read(reader, 100) == b"up\n"
    until(lambda: has_ended(reader), what="the end of all processes")
    os.close(reader)


def test_a_translator_that_does_not_exit_is_killed(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.texts.apertium.TIMEOUT_S", 0.3)
    install("echo La casa; exec >&-; exec sleep 60")
    with raises_code("translator-away", match="took too long"):
        translate("The house is red.")


def test_the_output_of_the_translator_is_sanitized(install: Install) -> None:
    install(r"printf 'a\000\033[2J\377b'")
    assert translate("The house is red.").text.endswith("→ 'a\ufffd\ufffd[2J\ufffdb'")
