"""The program Apertium (https://www.apertium.org), a rule-based translator: which pairs it has, and what it makes of a text."""

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
# A translation is rarely twice as long as its text, and a character has at most four bytes.
MAX_TRANSLATION_CHARS = 2 * MAX_CONTENT_CHARS
MAX_OUTPUT_BYTES = 4 * MAX_TRANSLATION_CHARS


def find_pair(names: Sequence[str]) -> str | None:
    """Return the first of `names` that Apertium has as a language pair.

    None if it has none of them or is not installed.
    """
    if shutil.which("apertium") is None:
        return None
    pairs = _output("-l").split()
    return next((name for name in names if name in pairs), None)


def run_apertium(text: str, pair: str) -> str:
    """Return `text` as Apertium translates it with the language pair `pair`, at most 20,000 characters.

    Words that it does not know stay as they are.

    Raises:
        Unavailable: it failed, took longer than 30 s or wrote too much.
    """
    return printable(_output("-u", pair, text=text), longest=MAX_TRANSLATION_CHARS)


def _output(*arguments: str, text: str = "") -> str:
    """Return what Apertium writes when it reads `text`.

    Raises:
        Unavailable: it failed, took too long or wrote too much.
    """
    # A file, not a pipe: a pipe that nobody reads would block whoever fills it.
    with tempfile.TemporaryFile() as source:
        source.write(text.encode())
        source.seek(0)
        with _started(arguments, source) as program:
            assert program.stdout is not None  # noqa: S101 - a pipe was asked for
            written = _read(program.stdout, time.monotonic() + TIMEOUT_S)
            if program.wait(TIMEOUT_S) != 0:
                raise Unavailable(
                    "the translator could not translate this text", code="translator-away"
                )
    return written.decode(errors="replace")


@contextlib.contextmanager
def _started(arguments: Sequence[str], source: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Start Apertium, and end it with all that it started.

    It is told nothing of the settings of this process.
    """
    try:
        program = subprocess.Popen(  # noqa: S603 - the text is read from a file, and the pair is one that `-l` listed
            ["apertium", *arguments],  # noqa: S607 - found on the PATH, like `which` above
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            # It is a script that starts a dozen programs: a group of their own, so that they can be
            # ended together.
            process_group=0,
        )
    except OSError as error:
        raise Unavailable("the translator could not be started", code="translator-away") from error
    with program:
        try:
            yield program
        except subprocess.TimeoutExpired as error:
            raise Unavailable("the translator took too long", code="translator-away") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)


def _read(pipe: IO[bytes], deadline: float) -> bytes:
    """Return all that comes out of `pipe`.

    Raises:
        Unavailable: there is more of it than a translation can have, or the end does not come
            before `deadline`, in monotonic seconds.
    """
    written = b""
    while len(written) <= MAX_OUTPUT_BYTES:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise Unavailable("the translator took too long", code="translator-away")
        block = os.read(pipe.fileno(), 65_536)
        if not block:
            return written
        written += block
    raise Unavailable(
        "the translator wrote more than a translation can have", code="translator-away"
    )
