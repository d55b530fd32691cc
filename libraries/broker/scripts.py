"""Lua scripts, which the broker runs atomically.

The script `job_manager/finish` is the file `libraries/job_manager/lua/finish.lua`. A line
`--@ publish` includes `lua/parts/publish.lua` of the same package, `--@ job_manager/read` a part of
another package. Parts may include others; each is included once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis, exceptions

LIBRARIES = Path(__file__).parents[1]
PART = re.compile(r"^--@ (?:(\w+)/)?(\w+)\n", re.MULTILINE)


class Script(NamedTuple):
    """The text of a script and its SHA-1, the name that EVALSHA takes."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    package, _, own = name.partition("/")
    included = set[Path]()

    def read(package: str, path: Path) -> str:
        def part(found: re.Match[str]) -> str:
            source = found[1] or package
            inner = LIBRARIES / source / "lua" / "parts" / f"{found[2]}.lua"
            if inner in included:
                return ""
            included.add(inner)
            return read(source, inner)

        return PART.sub(part, path.read_text())

    text = read(package, LIBRARIES / package / "lua" / f"{own}.lua")
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def load_scripts() -> None:
    """Read all scripts, so that a fork finds no thread that holds the lock of the cache."""
    for file in LIBRARIES.glob("*/lua/*.lua"):
        script(f"{file.parents[1].name}/{file.stem}")


def run_script(
    client: Redis, name: str, script_keys: Sequence[str], arguments: Sequence[Any]
) -> Any:
    """Run a script on the broker, and upload it first if necessary."""
    source = script(name)
    rest = (len(script_keys), *script_keys, *arguments)
    try:
        return client.execute_command("EVALSHA", source.sha, *rest)  # type: ignore[no-untyped-call]
    except exceptions.NoScriptError:
        return client.execute_command("EVAL", source.text, *rest)  # type: ignore[no-untyped-call]


def run_script_for_each(
    client: Redis, name: str, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]
) -> list[Any]:
    """Run a script for each pair of keys and arguments, in one round trip."""
    source = script(name)
    with client.pipeline(transaction=False) as pipeline:
        for script_keys, arguments in calls:
            pipeline.evalsha(source.sha, len(script_keys), *script_keys, *arguments)
        try:
            return pipeline.execute()
        except exceptions.NoScriptError:
            client.script_load(source.text)
            return run_script_for_each(client, name, calls)
