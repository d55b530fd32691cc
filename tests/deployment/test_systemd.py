"""The systemd units in docs/how-to/deploy.md run the commands of the Procfile and let jobs end."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

from libraries.settings import read_settings
from libraries.supervision import BAD_SETTINGS
from tests.conftest import REPOSITORY
from tests.docs.documents import blocks

DEPLOYMENT = REPOSITORY / "docs" / "how-to" / "deploy.md"


def units() -> dict[str, configparser.SectionProxy]:
    """The `[Service]` sections by the last word of their descriptions."""
    found = {}
    for block in blocks(DEPLOYMENT, "ini"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(block)
        found[re.findall(r"\w+", unit["Unit"]["Description"])[2]] = unit["Service"]
    return found


def test_the_units_start_the_parts_with_the_commands_of_the_procfile() -> None:
    lines = dict(line.split(": ", 1) for line in (REPOSITORY / "Procfile").read_text().splitlines())
    started = {
        name: shlex.split(unit["ExecStart"].replace("()", r"\(\)"))
        for name, unit in units().items()
    }
    assert set(started) == set(lines)
    for name, (program, *arguments) in started.items():
        assert Path(program).is_absolute(), "systemd needs absolute paths"
        assert ["python", *arguments] == shlex.split(lines[name])


def test_a_stop_signals_only_the_worker_and_gives_its_job_time_to_end() -> None:
    found = units()
    assert {unit["KillMode"] for unit in found.values()} == {"mixed"}
    assert int(found["worker"]["TimeoutStopSec"]) > read_settings(None).jobs.job_timeout
    assert {unit["Restart"] for unit in found.values()} == {"always"}
    for name in ("broker", "worker"):
        assert int(found[name]["RestartPreventExitStatus"]) == BAD_SETTINGS
    assert {unit["User"] for unit in found.values()} == {"vector"}
