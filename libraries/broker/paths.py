"""Where the embedded broker keeps its things below the data folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL among them.
MAX_SOCKET_PATH_BYTES = 103


def broker_folder(data_dir: Path) -> Path:
    """Return the folder of the broker's files."""
    return data_dir / "broker"


def socket_path(data_dir: Path) -> Path:
    """Return the broker's socket: in its folder, or in a short private folder when that path is too long for a socket.

    Every process works out the same place from `data_dir` alone.
    """
    path = broker_folder(data_dir) / "broker.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    # Not the folder that TMPDIR names: it may differ between the processes, and be long itself.
    return Path("/tmp") / f"vector-api-{os.getuid()}-{digest}" / "broker.sock"  # noqa: S108
