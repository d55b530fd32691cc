"""The embedded broker: private, durable, and unique for a folder."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker, EmbeddedBrokerError
from libraries.broker.in_memory import is_running
from libraries.broker.paths import MAX_SOCKET_PATH_BYTES, broker_folder, socket_path
from libraries.settings import Settings
from tests.conftest import REPOSITORY, until


def broker_answers(settings: Settings) -> bool:
    return is_running(socket_path(settings.broker.data_dir))


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def option(client: Redis, name: str) -> str:
    return str(client.config_get(name)[name])


@pytest.fixture
def keeper_command() -> list[str]:
    return [sys.executable, "-m", "libraries.broker.embedded"]


@pytest.fixture
def keepers(
    environ: dict[str, str], keeper_command: list[str]
) -> Iterator[list[subprocess.Popen[str]]]:
    """Keepers of two launchers, started at the same time on one data folder."""
    started = [
        subprocess.Popen(
            keeper_command, env=environ, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    yield started
    for process in started:
        process.terminate()
        process.communicate()


def test_the_broker_is_private_durable_and_never_evicts(
    private_broker: EmbeddedBroker, settings: Settings
) -> None:
    client = web_client(settings)
    expected = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "no",
        "maxmemory-policy": "noeviction",
        "stream-node-max-bytes": "256",
    }
    assert {name: option(client, name) for name in expected} == expected
    path = socket_path(settings.broker.data_dir)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(broker_folder(settings.broker.data_dir).stat().st_mode) == 0o700


def test_what_was_written_survives_a_kill_of_the_server(
    private_broker: EmbeddedBroker, settings: Settings
) -> None:
    for number in range(1000):
        web_client(settings).set(f"key{number}", number)
    assert private_broker.pid
    os.kill(private_broker.pid, signal.SIGKILL)
    until(lambda: not private_broker.alive(), what="the end of the server")
    private_broker.start()
    assert web_client(settings).dbsize() == 1000


def test_a_stopped_broker_leaves_no_process_and_keeps_its_data(
    private_broker: EmbeddedBroker, settings: Settings
) -> None:
    web_client(settings).set("key", "value")
    pid = private_broker.pid
    assert pid
    private_broker.stop()
    assert not exists(pid)
    assert not broker_answers(settings)
    again = EmbeddedBroker(settings)
    assert again.keep()
    again.start()
    assert web_client(settings).get("key") == b"value"
    again.stop()


def test_the_server_of_a_killed_keeper_is_adopted_and_stopped_at_the_end(
    environ: dict[str, str], settings: Settings, keeper_command: list[str]
) -> None:
    keeper = subprocess.Popen(
        keeper_command, env=environ, cwd=REPOSITORY, stderr=subprocess.DEVNULL
    )
    until(lambda: broker_answers(settings), what="a broker")
    web_client(settings).set("key", "value")
    orphan = int(web_client(settings).info("server")["process_id"])
    keeper.kill()
    keeper.wait()
    assert exists(orphan)
    heir = EmbeddedBroker(settings)
    assert heir.keep()
    heir.start()
    assert heir.pid == orphan
    assert web_client(settings).get("key") == b"value"
    heir.stop()
    assert not exists(orphan)


def test_two_launchers_on_one_folder_share_one_broker(
    keepers: list[subprocess.Popen[str]], settings: Settings
) -> None:
    until(lambda: broker_answers(settings), what="a broker")
    first = int(web_client(settings).info("server")["process_id"])
    servers = subprocess.run(
        ["pgrep", "-f", str(socket_path(settings.broker.data_dir))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [int(pid) for pid in servers.stdout.split()] == [first]
    web_client(settings).set("key", "value")
    # The keeper stops; the other one restarts the server on the same files.
    (keeper,) = (
        one
        for one in keepers
        if Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text().split()
    )
    keeper.terminate()
    keeper.wait()
    until(lambda: broker_answers(settings), what="the other launcher's broker")
    assert int(web_client(settings).info("server")["process_id"]) != first
    assert web_client(settings).get("key") == b"value"


def test_a_dead_server_is_restarted_by_its_keeper(
    keepers: list[subprocess.Popen[str]], settings: Settings
) -> None:
    until(lambda: broker_answers(settings), what="a broker")
    first = int(web_client(settings).info("server")["process_id"])
    os.kill(first, signal.SIGKILL)
    until(
        lambda: (
            broker_answers(settings)
            and int(web_client(settings).info("server")["process_id"]) != first
        ),
        what="a new broker",
    )


def test_an_unresponsive_server_that_locks_the_folder_is_not_replaced(
    private_broker: EmbeddedBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.broker.embedded.START_TIMEOUT_S", 0.3)
    assert private_broker.pid
    os.kill(private_broker.pid, signal.SIGSTOP)
    try:
        other = EmbeddedBroker(settings)
        assert not other.keep()
        with pytest.raises(EmbeddedBrokerError, match=r"server\.pid"):
            other.start()
    finally:
        os.kill(private_broker.pid, signal.SIGCONT)


@pytest.mark.parametrize("depth", [1, 60, 200])
def test_a_data_folder_too_deep_for_a_socket_path_works(settings: Settings, depth: int) -> None:
    root = Path(tempfile.mkdtemp(prefix="va-"))
    deep = settings.with_values(data_dir=root.joinpath(*["d"] * depth) / "data")
    path = socket_path(deep.broker.data_dir)
    assert len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES
    server = EmbeddedBroker(deep)
    assert server.keep()
    server.start()
    assert web_client(deep).ping()
    server.stop()
    assert not path.exists()
    assert path.parent == broker_folder(deep.broker.data_dir) or not path.parent.exists()
    shutil.rmtree(root)


def test_a_folder_of_another_user_is_not_used_for_the_socket(
    settings: Settings, tmp_path: Path
) -> None:
    broker_folder(settings.broker.data_dir).parent.mkdir(parents=True)
    broker_folder(settings.broker.data_dir).symlink_to(tmp_path)
    with pytest.raises((FileExistsError, PermissionError)):
        EmbeddedBroker(settings).keep()


def test_a_keeper_of_an_unusable_data_folder_says_so_and_exits_2(
    environ: dict[str, str], keeper_command: list[str]
) -> None:
    environ["DATA_DIR"] = "/dev/null/data"
    ended = subprocess.run(
        keeper_command,
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("DATA_DIR /dev/null/data cannot be used: Not a directory.")


def test_with_an_external_server_the_embedded_broker_is_not_started(
    environ: dict[str, str], keeper_command: list[str]
) -> None:
    environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    ended = subprocess.run(
        keeper_command,
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 0
    assert "no embedded broker needed" in ended.stderr
    assert not Path(environ["DATA_DIR"]).exists()


def test_an_accepted_command_is_in_the_file_however_busy_the_disk_is(
    private_broker: EmbeddedBroker, home: Path
) -> None:
    """With `appendfsync everysec` the server replies before it writes, for up to two seconds."""
    stop = threading.Event()

    def keep_the_disk_busy() -> None:
        with (home / "noise").open("wb") as noise:
            while not stop.is_set():
                noise.seek(0)
                noise.write(os.urandom(1 << 20))
                noise.flush()
                os.fsync(noise.fileno())

    thread = threading.Thread(target=keep_the_disk_busy)
    thread.start()
    try:
        client = web_client()
        for number in range(300):
            client.set("accepted", f"value-{number}-of-this-test")
            (log,) = (home / "data").rglob("*.incr.aof")
            assert f"value-{number}-of-this-test".encode() in log.read_bytes()[-4096:]
    finally:
        stop.set()
        thread.join()


def test_the_keeper_syncs_the_growing_file(
    private_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        os,
        "fsync",
        lambda descriptor: synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink())),
    )
    private_broker.sync()
    assert [Path(path).suffixes for path in synced] == [[".aof", ".1", ".incr", ".aof"]]
