"""The address at which the web process listens, for the doctor, whose PORT may differ."""

from __future__ import annotations

import json
import logging
import os

from components.http.pages import base_address
from libraries.settings import Settings

FILE_NAME = "web.json"
log = logging.getLogger(__name__)


def record_address(settings: Settings) -> None:
    """Write the address of this web process to the data folder."""
    path = settings.broker.data_dir / FILE_NAME
    temporary = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.touch(0o600)
        temporary.write_text(json.dumps({"address": base_address(), "pid": os.getpid()}))
        temporary.replace(path)
    except OSError as error:
        log.warning("The address is not recorded in DATA_DIR: %s", error.strerror or error)


def recorded_address(settings: Settings) -> str | None:
    """Return the recorded address, None if there is none or its process has ended."""
    try:
        found = json.loads((settings.broker.data_dir / FILE_NAME).read_text())
        os.kill(int(found["pid"]), 0)
        return str(found["address"])
    except PermissionError:  # a process of another user
        return str(found["address"])
    except (OSError, ValueError, TypeError, LookupError):
        return None
