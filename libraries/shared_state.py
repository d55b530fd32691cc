"""Start-up check that all processes of an installation share their files, index and version.

With a separate broker (`REDIS_URL`), web processes and workers may run on several machines. Each
registers in the broker under a random id, and stores a file of that name with the results and
uploads. A process that starts must find the files of all registered ones.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from libraries import VERSION
from libraries.broker.connections import web_client
from libraries.broker.retry import BROKER_ERRORS
from libraries.errors import NotFound, VectorError
from libraries.settings import BrokerSettings, GallerySettings
from libraries.storage import Store, output_folder, upload_folder

log = logging.getLogger(__name__)

PREFIX = "vector:process:"
EXPIRY_S = 60
# Network file systems may hide a new file for some seconds.
LOOKUP_TIMEOUT_S, LOOKUP_PAUSE_S = 10.0, 0.5


class NotShared(Exception):
    """Raised when this process does not share a folder, the index or the version; the text says which."""


class Peer(NamedTuple):
    """Another process of the installation."""

    id: str
    role: str
    host: str
    version: str
    gallery_index: str


@contextlib.contextmanager
def registered(role: str) -> Iterator[None]:
    """Check what this `web` or `worker` process shares with the running ones, and register it inside.

    The process starts also if the broker or the storage cannot be reached. It is checked as soon as
    they can be, and stopped with SIGTERM if it is refused. Nothing is checked with the embedded
    broker, which serves one machine.

    Raises:
        NotShared: results, uploads, gallery index or version differ from those of a running
            process. Raised at the end if the process was stopped for this reason.
    """
    if BrokerSettings.current().embedded_broker:
        yield
        return
    own = Peer(secrets.token_hex(8), role, socket.gethostname(), VERSION, _gallery_index())
    presence = _Presence(own)
    presence.start()
    try:
        yield
    finally:
        presence.end()
    if presence.refusal is not None:
        raise presence.refusal


class _Presence:
    """Registers a process, in the background if that is not possible at its start."""

    REFRESH_S = 15.0
    RETRY_S = 2.0

    def __init__(self, own: Peer) -> None:
        self.own = own
        self.refusal: NotShared | None = None
        self._joined = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="presence")

    def start(self) -> None:
        """Join the running processes if they can be reached; raise NotShared if they do not match."""
        try:
            self._join()
        except (*BROKER_ERRORS, VectorError) as error:
            # The service starts without its broker or storage, and says so in /readyz.
            log.warning("Not checked yet whether files are shared: %s", error)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        if self._joined:
            _withdraw(self.own)

    def _join(self) -> None:
        _join(self.own)
        self._joined = True

    def _run(self) -> None:
        while not self._ended.wait(self.REFRESH_S if self._joined else self.RETRY_S):
            try:
                if self._joined:
                    _register(self.own)
                else:
                    self._join()
                    log.info("Files, index and version are shared with all running processes")
            except NotShared as error:
                self.refusal = error
                os.kill(os.getpid(), signal.SIGTERM)
                return
            except (*BROKER_ERRORS, VectorError):
                continue


def _join(own: Peer) -> None:
    """Check a process and register it."""
    known = running_processes()
    check_shared(own, known)
    for store in _stores().values():
        store.publish(_file(own.id), f"{own.role} on {own.host}\n")
    _register(own)
    try:
        # Others may have registered meanwhile, for example when the broker was restarted.
        check_shared(own, [peer for peer in running_processes() if peer not in (own, *known)])
    except NotShared:
        _withdraw(own)
        raise


def _withdraw(own: Peer) -> None:
    with contextlib.suppress(*BROKER_ERRORS, VectorError):
        web_client().delete(f"{PREFIX}{own.id}")
        for store in _stores().values():
            store.remove(_file(own.id))


def running_processes() -> list[Peer]:
    """Return the registered processes; the record of a dead one expires within a minute."""
    client = web_client()
    names = list(client.scan_iter(f"{PREFIX}*", count=1000))
    records = client.mget(names) if names else []
    return [Peer(**json.loads(record)) for record in records if record]


def check_shared(own: Peer, peers: list[Peer]) -> None:
    """Raise NotShared if `own` does not share everything with each of `peers`."""
    for peer in peers:
        other = f"the {peer.role} on {peer.host}"
        if peer.version != own.version:
            raise NotShared(
                f"{other} runs version {peer.version}, this is {own.version}; run the same version "
                "everywhere"
            )
        if peer.gallery_index != own.gallery_index:
            raise NotShared(
                f"{other} has another gallery index; set the same GALLERY_URL everywhere, or the "
                "same DATA_DIR on one machine"
            )
        for setting, store in _stores().items():
            if not _finds(store, _file(peer.id)):
                raise NotShared(
                    f"{setting} is not the folder of {other}; share it between the machines, or "
                    "set the same STORAGE_URL everywhere"
                )


def _stores() -> Mapping[str, Store]:
    return {"OUTPUT_DIR": output_folder(), "UPLOAD_DIR": upload_folder()}


def _file(process_id: str) -> str:
    return f"processes/{process_id}.txt"


def _gallery_index() -> str:
    # A database may have several names; a file serves the processes of one machine and DATA_DIR.
    if GallerySettings.current().gallery_url:
        return "database"
    return f"{BrokerSettings.current().data_dir.resolve()} on {socket.gethostname()}"


def _finds(store: Store, name: str) -> bool:
    deadline = time.monotonic() + LOOKUP_TIMEOUT_S
    while True:
        try:
            store.stat(name)
        except NotFound:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOKUP_PAUSE_S)
        else:
            return True


def _register(own: Peer) -> None:
    web_client().set(f"{PREFIX}{own.id}", json.dumps(own._asdict()), ex=EXPIRY_S)
