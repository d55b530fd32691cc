"""Translation by the program Apertium (https://www.apertium.org)."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO

from libraries.errors import Unavailable
from libraries.texts.contents import MAX_CONTENT_CHARS, printable

TIMEOUT_S = 30.0
# A translation is rarely longer than twice its source, and a character has at most four bytes.
MAX_TRANSLATION_CHARS = 2 * MAX_CONTENT_CHARS


def find_pair(names: Sequence[str]) -> str | None:
    """Return the first of `names` that is an installed language pair of Apertium, or None."""
    if shutil.which("apertium") is None:
        return None
    pairs = _output("-l").split()
    return next((name for name in names if name in pairs), None)


def run_apertium(text: str, pair: str) -> str:
    """Translate `text` with the language pair `pair`; return at most 20,000 characters.

    Unknown words are left untranslated.

    Raises:
        Unavailable: Apertium failed, took longer than 30 s or wrote too much.
    """
    return printable(_output("-u", pair, text=text), longest=MAX_TRANSLATION_CHARS)


def _output(*arguments: str, text: str = "") -> str:
    """Return the output of Apertium for the input `text`; raise Unavailable on failure."""
    # A file, because writing to a pipe blocks if the program does not read.
    with tempfile.TemporaryFile() as source:
        source.write(text.encode())
        source.seek(0)
        with _started(arguments, source) as program:
            assert program.stdout is not None  # noqa: S101 - for the type checker
            written = _read(program.stdout, time.monotonic() + TIMEOUT_S)
            if program.wait(TIMEOUT_S) != 0:
                raise _failed("the translator failed to translate the text")
    return written.decode(errors="replace")


def _failed(problem: str) -> Unavailable:
    return Unavailable(problem, code="translator-away")


@contextlib.contextmanager
def _started(arguments: Sequence[str], source: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Start Apertium, and kill it with its child processes. It does not inherit the environment."""
    try:
        program = subprocess.Popen(  # noqa: S603 - the text is read from a file, and the pair is one that `-l` listed
            ["apertium", *arguments],  # noqa: S607 - found on the PATH, like `which` above
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            # Apertium is a script that starts a dozen programs; they are killed as a group.
            process_group=0,
        )
    except OSError as error:
        raise _failed("the translator could not be started") from error
    with program:
        try:
            yield program
        except subprocess.TimeoutExpired as error:
            raise _failed("the translator took too long") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)


def _read(pipe: IO[bytes], deadline: float) -> bytes:
    """Read `pipe` to its end; raise Unavailable after `deadline` (monotonic seconds) or if it is too long."""
    written = b""
    while len(written) <= (4 * MAX_TRANSLATION_CHARS):
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise _failed("the translator took too long")
        block = os.read(pipe.fileno(), 65_536)
        if not block:
            return written
        written += block
    raise _failed("the output of the translator is too long")
