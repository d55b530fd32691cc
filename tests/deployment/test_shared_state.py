"""Processes with an external broker refuse to start without the files, index and version of the others."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from gunicorn.arbiter import Arbiter

from libraries import shared_state
from libraries.settings import read_settings, use_settings
from libraries.shared_state import NotShared, Peer, check_shared, registered, running_processes
from tests.conftest import REPOSITORY, until
from tests.deployment.conftest import OwnServer, running
from tests.forked import run_python
from tests.journeys.conftest import free_port
from tests.test_app_server import Server


@pytest.fixture
def shared(own_server: OwnServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the external server, and folders in `home`."""
    monkeypatch.setattr(shared_state, "LOOKUP_TIMEOUT_S", 0.0)
    monkeypatch.setattr(shared_state, "LOOKUP_PAUSE_S", 0.0)
    use(monkeypatch, home, REDIS_URL=own_server.url)
    return home


def use(monkeypatch: pytest.MonkeyPatch, home: Path, **more: str) -> None:
    folders = {"OUTPUT_DIR": home / "output", "UPLOAD_DIR": home / "uploads", "DATA_DIR": home}
    for name, value in ({name: str(path) for name, path in folders.items()} | more).items():
        monkeypatch.setenv(name, value)
    use_settings(read_settings(None))


def test_processes_that_share_everything_start(shared: Path) -> None:
    with registered("web"), registered("worker"):
        found = {(peer.role, peer.host) for peer in running_processes()}
        assert found == {("web", socket.gethostname()), ("worker", socket.gethostname())}
        assert len(list((shared / "output" / "processes").iterdir())) == 2
    assert running_processes() == []
    assert [path for path in (shared / "output").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("setting", "folder"), [("OUTPUT_DIR", "other-output"), ("UPLOAD_DIR", "other-uploads")]
)
def test_a_process_with_another_folder_is_refused(
    shared: Path, monkeypatch: pytest.MonkeyPatch, setting: str, folder: str
) -> None:
    with registered("web"):
        monkeypatch.setenv(setting, str(shared / folder))
        use_settings(read_settings(None))
        with pytest.raises(NotShared, match=f"{setting} is not the folder of the web"):
            registered("worker").__enter__()
        use(monkeypatch, shared)


def test_a_process_with_the_index_in_another_data_folder_is_refused(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registered("web"):
        monkeypatch.setenv("DATA_DIR", str(shared / "other-data"))
        use_settings(read_settings(None))
        with pytest.raises(NotShared, match="same DATA_DIR"):
            registered("worker").__enter__()
        use(monkeypatch, shared)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": "0.0.9"}, "same version"),
        ({"gallery_index": "database"}, "GALLERY_URL"),
        ({"gallery_index": "file on another-machine"}, "GALLERY_URL"),
    ],
)
@pytest.mark.usefixtures("shared")
def test_a_process_with_another_version_or_index_is_refused(
    change: dict[str, str], text: str
) -> None:
    with registered("web"):
        (peer,) = running_processes()
        check_shared(Peer(**peer._asdict()), [peer])
        with pytest.raises(NotShared, match=text):
            check_shared(Peer(**(peer._asdict() | change)), [peer])


def test_a_worker_says_in_one_line_why_it_does_not_start(shared: Path) -> None:
    environ = os.environ | {"OUTPUT_DIR": str(shared / "elsewhere")}
    with registered("web"):
        ended = run_python("-c", QUICK, environ=environ)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "OUTPUT_DIR is not the folder of the web" in ended.stderr


def test_a_process_that_starts_without_its_broker_registers_when_it_can_be_reached(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.shared_state._Presence.RETRY_S", 0.05)
    server = OwnServer(free_port())
    use(monkeypatch, home, REDIS_URL=server.url)
    with registered("web"), running(server, home):
        until(lambda: [peer.role for peer in running_processes()] == ["web"], what="registration")
        with registered("worker"):
            assert len(running_processes()) == 2


def test_a_process_that_started_without_its_broker_is_refused_when_it_can_be_reached(
    home: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = OwnServer(free_port())
    use(monkeypatch, home, REDIS_URL=server.url)
    worker = registered("worker")
    with running(server, home):
        worker.__enter__()
    folders = {"UPLOAD_DIR": str(home / "uploads"), "DATA_DIR": str(home)}
    other = folders | {"OUTPUT_DIR": str(home / "elsewhere"), "REDIS_URL": server.url}
    configuration = home / "quick.py"
    configuration.write_text(QUICK_WEB)
    web = Server(environ | other, home, configuration)
    try:
        assert web.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
        with running(server, home):
            assert web.process.wait(60) == Arbiter.APP_LOAD_ERROR
            assert "OUTPUT_DIR is not the folder of the worker" in web.log.read_text()
            assert [peer.role for peer in running_processes()] == ["worker"]
            worker.__exit__(None, None, None)
    finally:
        web.process.kill()
        web.process.wait()


# Without the wait for slow network file systems.
QUICK_WEB = f"""
from libraries import shared_state
shared_state.LOOKUP_TIMEOUT_S = 0.0
exec(compile(open("{REPOSITORY}/gunicorn.conf.py").read(), "gunicorn.conf.py", "exec"))
"""
QUICK = """
import sys
from libraries import shared_state
shared_state.LOOKUP_TIMEOUT_S = 0.0
sys.argv = ["workers", "--single"]
from workers.__main__ import main
sys.exit(main())
"""
