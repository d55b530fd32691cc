"""A separate PostgreSQL server on a private socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from libraries.gallery.postgres import SCHEMA, PostgresDatabase
from tests.conftest import system_program

DEBIAN = Path("/usr/lib/postgresql")
# It must not run as root; Debian's package creates a user for it.
SERVER_USER = "postgres"


def _programs() -> Path:
    found = sorted(DEBIAN.glob("*/bin/initdb"))
    return (found[-1] if found else Path(system_program("initdb", "postgresql"))).resolve().parent


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Yield the address of an empty temporary server."""
    programs, folder = _programs(), Path(tempfile.mkdtemp(prefix="va-pg-"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"

    def run(*command: str) -> None:
        subprocess.run(
            [str(programs / command[0]), *command[1:]],
            user=user,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=60,
        )

    run(
        "initdb",
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "--no-sync",
        "--encoding=UTF8",
        "--locale=C",
    )
    options = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
    run("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start")
    yield f"postgresql://postgres@/postgres?host={folder}"
    run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(server_url: str) -> str:
    """Return the address of a database without an index."""
    database = PostgresDatabase(server_url)
    with database.write() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {SCHEMA} CASCADE")
    database.close()
    return server_url
