"""The embedded broker: a private, durable Valkey in the data folder, shared by all processes of one machine.

Two locks keep it single. The keeper's lock is held by the process that looks after the server
(`python -m libraries.broker.embedded`); a second keeper waits for it and meanwhile shares the
server. The server's lock is inherited by the server itself and so lives exactly as long as it does:
a keeper that finds it taken adopts the server that a killed keeper left behind, and never starts
another beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from redis import Redis, exceptions

from libraries.broker.connections import web_client
from libraries.broker.paths import broker_folder, server_program, socket_path
from libraries.settings import BadSettings, Settings, read_settings, use_settings

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
log = logging.getLogger(__name__)


class EmbeddedBrokerError(Exception):
    """Raised when the embedded broker cannot be started, reached or shared; the text says what to do."""


class EmbeddedBroker:
    """Looks after the Valkey server of one data folder: starts it, adopts it, notices its end, stops it."""

    def __init__(self, settings: Settings) -> None:
        """Use the data folder of `settings`; nothing is touched before `start`."""
        self._settings = settings
        self._folder = broker_folder(settings.broker.data_dir)
        self._socket = socket_path(settings.broker.data_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted_pid: int | None = None
        self._keeper_lock: int | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object looks after."""
        return self._process.pid if self._process else self._adopted_pid

    def keep(self) -> bool:
        """Become the keeper of the data folder if no other process is; tell whether this one is now."""
        if self._keeper_lock is None:
            _private_folder(self._folder)
            _private_folder(self._socket.parent)
            self._keeper_lock = _try_lock(self._folder / "keeper.lock")
        return self._keeper_lock is not None

    def start(self) -> None:
        """Have a live server: adopt the one that is there, or start one. Only for the keeper.

        Raises:
            EmbeddedBrokerError: there is none and none can be started, or the one there does not
                answer.
        """
        server_lock = _try_lock(self._folder / "server.lock")
        if server_lock is None:
            self._adopted_pid = self._adopt()
            log.info("Broker adopted: pid %d at %s", self._adopted_pid, self._socket)
            return
        try:
            self._socket.unlink(missing_ok=True)
            self._process = self._spawn(server_lock)
        finally:
            os.close(server_lock)
        self._await_answer(self._process)
        log.info("Broker started: pid %d at %s", self._process.pid, self._socket)

    def alive(self) -> bool:
        """Tell whether the server process is still there."""
        if self._process is not None:
            return self._process.poll() is None
        lock = _try_lock(self._folder / "server.lock")
        if lock is not None:
            os.close(lock)
        return lock is None

    def stop(self) -> None:
        """Stop the server cleanly and give up being its keeper."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if self.alive():
                log.warning(
                    "Broker did not stop in %.0f s; killing it. Its log on disk is safe.",
                    STOP_TIMEOUT_S,
                )
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
        if self.pid is not None and self._socket.parent != self._folder:
            self._socket.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()
        self._process = self._adopted_pid = None
        if self._keeper_lock is not None:
            os.close(self._keeper_lock)
            self._keeper_lock = None

    def _spawn(self, server_lock: int) -> subprocess.Popen[bytes]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._folder / "server.pid"),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-use-rdb-preamble": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
            # RQ keeps each result in a stream of its own; the default node of 4 kB would be mostly
            # air.
            "stream-node-max-bytes": "256",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self._folder / "server.log").open("ab") as server_log:
            return subprocess.Popen(  # noqa: S603 - our own binary, our own options
                [str(server_program()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=server_log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                pass_fds=[server_lock],
                # Ctrl-C in a terminal reaches every process of the group; the keeper decides when
                # the server goes.
                start_new_session=True,
            )

    def _adopt(self) -> int:
        with self._client() as client:
            self._await_answer(None)
            return int(client.info("server")["process_id"])

    def _await_answer(self, process: subprocess.Popen[bytes] | None) -> None:
        """Wait until the server answers; loading a long log counts as alive."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with self._client() as client:
            while True:
                try:
                    client.ping()
                except exceptions.BusyLoadingError:
                    deadline = time.monotonic() + START_TIMEOUT_S
                except (exceptions.ConnectionError, exceptions.TimeoutError):
                    if process is not None and process.poll() is not None:
                        raise EmbeddedBrokerError(
                            f"the broker did not start; see {self._folder / 'server.log'}"
                        ) from None
                else:
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedBrokerError(
                        f"a broker holds {self._folder} but does not answer at {self._socket}; "
                        f"stop the process named in {self._folder / 'server.pid'} and start again"
                    )
                time.sleep(0.01)

    def _client(self) -> Redis:
        return Redis(unix_socket_path=str(self._socket), socket_timeout=1.0)


def _private_folder(folder: Path) -> None:
    """Make `folder` with its parents, for this user only; refuse one that belongs to somebody else or is a link."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedBrokerError(f"{folder} is not a folder of this user; choose another DATA_DIR")
    folder.chmod(0o700)


def _try_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock of the file `path`, or None while another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def broker_answers(settings: Settings) -> bool:
    """Tell whether the configured broker, embedded or not, answers a PING."""
    try:
        return bool(web_client(settings).ping())
    except exceptions.RedisError:
        return False


def main() -> int:
    """Keep the embedded broker of `DATA_DIR` until SIGTERM or SIGINT; restart it when it dies.

    Returns 0 after a clean stop, 1 when there is no broker to be had, 2 for bad settings.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = use_settings(read_settings())
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not settings.broker.embedded_broker:
        log.info("REDIS_URL is set: the embedded broker is not needed")
        return 0
    stopping = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    broker = EmbeddedBroker(settings)
    try:
        _keep_until(stopping, broker)
    except EmbeddedBrokerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        broker.stop()
    return 0


def _keep_until(stopping: threading.Event, broker: EmbeddedBroker) -> None:
    told = False
    while not broker.keep():
        if not told:
            log.info("Another launcher keeps the broker of this DATA_DIR; sharing it")
            told = True
        if stopping.wait(0.2):
            return
    broker.start()
    while not stopping.wait(0.1):
        if not broker.alive():
            log.warning("Broker died; starting it again")
            broker.start()


if __name__ == "__main__":
    sys.exit(main())
