"""The embedded broker: a durable Valkey server in the data folder, shared by all local processes.

Two file locks keep it unique. The keeper process (`python -m libraries.broker.embedded`) holds
`keeper.lock`; a second keeper waits for the lock and uses the running server. The server process
inherits `server.lock` and holds it until it exits: a keeper that finds it locked adopts the server
of a killed keeper instead of starting another.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from libraries.broker.append_only import FOLDER as APPEND_ONLY_FOLDER
from libraries.broker.append_only import repair, restore_manifest
from libraries.broker.local import send
from libraries.broker.paths import (
    broker_folder,
    private_folder,
    server_program,
    socket_path,
    unusable_data_dir,
)
from libraries.settings import BadSettings, Settings, read_settings, use_settings
from libraries.supervision import send_heartbeats

START_TIMEOUT_S = 30.0
SYNC_S = 1.0
FROZEN_AFTER_S = 10.0
STOP_TIMEOUT_S = 5.0
log = logging.getLogger(__name__)


class EmbeddedBrokerError(Exception):
    """Raised when the embedded broker cannot be started or reached; the text says what to do."""


class EmbeddedBroker:
    """Starts, adopts, monitors and stops the Valkey server of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = broker_folder(settings.broker.data_dir)
        self._socket = socket_path(settings.broker.data_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._adopted_pid: int | None = None
        self._keeper_lock: int | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server, None before `start`."""
        return self._process.pid if self._process else self._adopted_pid

    def keep(self) -> bool:
        """Try to become the keeper of the data folder; return whether it succeeded.

        Raises OSError if the folder cannot be used.
        """
        if self._keeper_lock is None:
            private_folder(self._folder)
            private_folder(self._socket.parent)
            self._keeper_lock = _try_lock(self._folder / "keeper.lock")
        return self._keeper_lock is not None

    def start(self) -> None:
        """Adopt or start the server; only for the keeper. Raises EmbeddedBrokerError."""
        server_lock = _try_lock(self._folder / "server.lock")
        if server_lock is None:
            self._adopted_pid = self._adopt()
            log.info("Broker adopted: pid %d at %s", self._adopted_pid, self._socket)
            return
        try:
            self._process = self._start_server(server_lock)
        finally:
            os.close(server_lock)
        log.info("Broker started: pid %d at %s", self._process.pid, self._socket)

    def alive(self) -> bool:
        """Return whether the server process is running."""
        if self._process is not None:
            return self._process.poll() is None
        lock = _try_lock(self._folder / "server.lock")
        if lock is not None:
            os.close(lock)
        return lock is None

    def replies(self) -> bool:
        """Return whether the server replies within a second, also with an error.

        A server whose disk is full has accepted commands in memory only, and a kill would lose them.
        """
        try:
            send(self._socket, "PING")
        except OSError:
            return False
        return True

    def sync(self) -> None:
        """Write the growing part of the append-only file to the disk. Raises OSError."""
        files = list((self._folder / APPEND_ONLY_FOLDER).glob("*.incr.aof"))
        newest = max(files, key=lambda path: path.stat().st_mtime_ns, default=None)
        if newest is not None:
            descriptor = os.open(newest, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def kill(self) -> None:
        """Kill the server. What it has written is kept: its file is complete to the last command."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            while self.alive():
                time.sleep(0.01)

    def stop(self) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.01)
            if self.alive():
                log.warning("Broker did not stop within %.0f s; killing it", STOP_TIMEOUT_S)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
        if self.pid is not None and self._socket.parent != self._folder:  # a folder in /tmp
            self._socket.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()
        self._process = self._adopted_pid = None
        if self._keeper_lock is not None:
            os.close(self._keeper_lock)
            self._keeper_lock = None

    def _start_server(self, server_lock: int) -> subprocess.Popen[bytes]:
        """Start the server; if it does not start, repair its files and start it again."""
        try:
            restore_manifest(self._folder)
            self._socket.unlink(missing_ok=True)
            process = self._spawn(server_lock)
            try:
                self._await_answer(process)
            except EmbeddedBrokerError:
                if process.poll() is None or not repair(self._folder):
                    raise
                process = self._spawn(server_lock)
                self._await_answer(process)
        except OSError as error:
            detail = f"broker not started: {self._folder}: {error.strerror or error}"
            raise EmbeddedBrokerError(detail) from error
        return process

    def _spawn(self, server_lock: int) -> subprocess.Popen[bytes]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._folder / "server.pid"),
            "daemonize": "no",
            "appendonly": "yes",
            # With `everysec` the server replies before it writes while the disk is busy, and a kill
            # loses the command. The keeper syncs the file instead.
            "appendfsync": "no",
            "aof-use-rdb-preamble": "yes",
            # A cut file is repaired and reported like any other damage.
            "aof-load-truncated": "no",
            "maxmemory-policy": "noeviction",
            "save": "",
            # RQ keeps each result in a separate stream, much smaller than the default of 4 kB.
            "stream-node-max-bytes": "256",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (self._folder / "server.log").open("ab") as server_log:
            os.fchmod(server_log.fileno(), 0o600)
            return subprocess.Popen(  # noqa: S603 - our own binary, our own options
                [str(server_program()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=server_log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                pass_fds=[server_lock],
                # Ctrl-C must not reach the server: the keeper stops it.
                start_new_session=True,
                umask=0o077,
            )

    def _adopt(self) -> int:
        self._await_answer(None)
        lines = send(self._socket, "INFO server").splitlines()
        return int(next(line for line in lines if line.startswith("process_id:")).partition(":")[2])

    def _await_answer(self, process: subprocess.Popen[bytes] | None) -> None:
        """Wait until the server replies, also with an error; one that loads its data is running."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                reply = send(self._socket, "PING")
            except OSError:
                if process is not None and process.poll() is not None:
                    server_log = self._folder / "server.log"
                    raise EmbeddedBrokerError(f"broker not started: see {server_log}") from None
            else:
                # Another error: it cannot write its data at present.
                if not reply.startswith("-LOADING"):
                    return
                deadline = time.monotonic() + START_TIMEOUT_S
            if time.monotonic() > deadline:
                raise EmbeddedBrokerError(
                    f"a broker locks {self._folder} but does not reply at {self._socket}; "
                    f"stop the process in {self._folder / 'server.pid'} and try again"
                )
            time.sleep(0.01)


def _try_lock(path: Path) -> int | None:
    """Return a descriptor that locks the file `path`, or None if it is locked."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def main() -> int:
    """Run the broker of `DATA_DIR` until a signal; return 0, 1 on failure, 2 for unusable settings."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        settings = use_settings(read_settings())
    except BadSettings as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not settings.broker.embedded_broker:
        log.info("REDIS_URL is set: no embedded broker needed")
        return 0
    stopping = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    broker = EmbeddedBroker(settings)
    send_heartbeats()
    try:
        _keep_until(stopping, broker)
    except EmbeddedBrokerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{unusable_data_dir(settings.broker.data_dir, error)}\n")
        return 2
    finally:
        broker.stop()
    return 0


def _keep_until(stopping: threading.Event, broker: EmbeddedBroker) -> None:
    if not broker.keep():
        log.info("Another process runs the broker of this DATA_DIR; using it")
        while not broker.keep():
            if stopping.wait(0.2):
                return
    broker.start()
    threading.Thread(target=_keep_synced, args=(stopping, broker), daemon=True).start()
    watch = _Watch()
    while not stopping.wait(0.1):
        if watch.is_frozen(broker):
            log.warning("Broker has not replied for %.0f s; killing it", FROZEN_AFTER_S)
            broker.kill()
        if not broker.alive():
            log.warning("Broker died; restarting it")
            broker.start()
            watch = _Watch()


def _keep_synced(stopping: threading.Event, broker: EmbeddedBroker) -> None:
    """Write the append-only file to the disk every second, in case of a power failure."""
    while not stopping.wait(SYNC_S):
        try:
            broker.sync()
        except OSError as error:
            log.warning("The append-only file cannot be written to the disk: %s", error)


class _Watch:
    """Checks about once a second whether the server replies."""

    CHECK_S = 1.0

    def __init__(self) -> None:
        self._checked_at = self._replied_at = time.monotonic()

    def is_frozen(self, broker: EmbeddedBroker) -> bool:
        now = time.monotonic()
        if now - self._checked_at < self.CHECK_S:
            return False
        # After a gap this process did not run itself, so the server may not have run either.
        if now - self._checked_at > 3 * self.CHECK_S or broker.replies():
            self._replied_at = now
        self._checked_at = time.monotonic()
        return self._checked_at - self._replied_at > FROZEN_AFTER_S


if __name__ == "__main__":
    sys.exit(main())
