"""The in-memory broker of immediate mode, which serves one process and ends with it.

It runs under a shell that waits for the end of its standard input. The kernel closes that pipe when
the process at the other end exits, however it dies, so that the server and its folder are removed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from libraries.broker.errors import QueueUnavailable
from libraries.broker.paths import MAX_SOCKET_PATH_BYTES, server_program, socket_path

START_TIMEOUT_S = 10.0
SOCKET = "broker.sock"
# $0 is the folder, "$@" the server's command.
KEEP = '"$@" >/dev/null 2>&1 & read -r _; kill -9 $!; wait; rm -rf "$0"'
OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "save": "",
    "appendonly": "no",
    "maxmemory-policy": "noeviction",
    "stream-node-max-bytes": "256",
}


class InMemoryBroker:
    """A Valkey server, started by the constructor, which may raise QueueUnavailable."""

    def __init__(self) -> None:
        self._folder = _short_folder()
        self.socket = self._folder / SOCKET
        options = {**OPTIONS, "dir": str(self._folder), "unixsocket": str(self.socket)}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._keeper = subprocess.Popen(  # noqa: S603 - our own binary, our own options
            ["/bin/sh", "-c", KEEP, str(self._folder), str(server_program()), *arguments],
            stdin=subprocess.PIPE,
            cwd="/",
            # Ctrl-C must not reach the server: the process may still have something to store.
            start_new_session=True,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_running(self.socket):
            if time.monotonic() > deadline:
                self.close()
                raise QueueUnavailable("the in-memory broker did not start")
            time.sleep(0.005)

    def close(self) -> None:
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._keeper.wait()


def is_running(socket: Path) -> bool:
    """Return whether a broker replies at `socket` or is loading its data."""
    client = Redis(unix_socket_path=str(socket), socket_timeout=0.5, retry=Retry(NoBackoff(), 0))
    try:
        return bool(client.ping())
    except exceptions.BusyLoadingError:
        return True
    except exceptions.RedisError:
        return False
    finally:
        client.close()


_lock = threading.Lock()
_chosen: dict[Path, Path | InMemoryBroker] = {}


def in_memory_url(data_dir: Path) -> str:
    """Return the URL of the broker of immediate mode, chosen once for each `data_dir`.

    It is the broker of `data_dir` if that is running, otherwise a new in-memory broker, which may
    raise QueueUnavailable.
    """
    with _lock:
        if data_dir not in _chosen:
            shared = socket_path(data_dir)
            _chosen[data_dir] = shared if is_running(shared) else InMemoryBroker()
        chosen = _chosen[data_dir]
    return f"unix://{quote(str(chosen.socket if isinstance(chosen, InMemoryBroker) else chosen))}"


def close_in_memory(data_dir: Path) -> None:
    """Stop the in-memory broker of this process; the next use chooses a broker again."""
    with _lock:
        chosen = _chosen.pop(data_dir, None)
    if isinstance(chosen, InMemoryBroker):
        chosen.close()


def _short_folder() -> Path:
    """Return a new private folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="vector-api-"))
    if len(os.fsencode(folder / SOCKET)) <= MAX_SOCKET_PATH_BYTES:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="vector-api-", dir="/tmp"))
