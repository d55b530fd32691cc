"""A separate PostgreSQL server on a private socket, and a gallery in each kind of database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libraries.gallery import Drawing, drawing_id, gallery
from libraries.gallery.index import Gallery
from libraries.gallery.postgres import SCHEMA, PostgresDatabase
from libraries.settings import Settings, use_settings
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


def drawing(number: int, **more: Any) -> Drawing:
    name = f"artboards/{number:04d}.svg"
    known = {
        "id": drawing_id("ann", name), "owner": "ann", "name": name, "sha256": f"{number:064x}", "size": 1000,
        "made_at": 1_700_000_000.0 + number, "job_id": f"job{number}", "task": "workers.svg_tasks.generate_complex_svg",
        "title": f"spiral, number {number}", "words": "", "width": 210.0, "height": 297.0, "seed": number,
        "patterns": ["spiral"], "colors": ["#000000"], "tags": [], "kept": False,
    }  # fmt: skip
    return Drawing(**{**known, **more})


@pytest.fixture(params=["sqlite", "postgresql"])
def shown(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Gallery]:
    """Yield a gallery with a few drawings, in each kind of database."""
    if request.param == "postgresql":
        use_settings(settings.with_values(gallery_url=request.getfixturevalue("database_url")))
    with gallery().changing() as change:
        for number in range(5):
            change.put(drawing(number))
        change.put(
            drawing(
                5,
                title="Postcard",
                words="Grüße aus Čačak, Ann!",
                patterns=["birthday"],
                width=210.0,
                height=148.0,
            )
        )
        change.put(
            drawing(
                6,
                patterns=["flow_field", "contours"],
                colors=["#ff0000", "tomato"],
                tags=["wall", "big-one"],
                kept=True,
            )
        )
        change.put(replace(drawing(7), owner="bob", id=drawing_id("bob", "x.svg")))
    yield gallery()
    gallery()._database.close()
